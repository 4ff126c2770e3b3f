"""POST notifications/email and notifications/sms for staff, GET notifications/history for everybody."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.validators import RegexValidator, validate_email
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.web.idempotency import HEADER, once
from chassis.web.openapi import page_of, problems
from chassis.web.pages import CursorPage
from chassis.web.parsing import StrictSerializer, StrictUUIDField
from chassis.web.permissions import May, actor, caller
from chassis.web.problems import NotFound, PermissionDenied
from chassis.web.queries import PageQuery, takes
from chassis.web.views import APIView
from notifications import schema, selectors, services
from notifications.domain import Channel, Status
from notifications.errors import BookingHasEnded, NotResendable, OutOfDate, UnknownContact
from notifications.kinds import KINDS
from notifications.models import Notification

SUBJECT_LIMIT = 200
EMAIL_TEXT_LIMIT = 10_000
SMS_TEXT_LIMIT = 480
PHONE_NUMBER = re.compile(r"\A\+[1-9][0-9]{6,14}\Z")  # E.164
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")

IDEMPOTENCY_HEADER = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description="Sends once, however often asked."
)


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    class Meta:
        model = Notification
        fields = [
            "id",
            "template",
            "channel",
            "status",
            "user_id",
            "booking_id",
            "recipient",
            "subject",
            "language",
            "created_at",
            "sent_at",
        ]
        read_only_fields = fields


class TextField(serializers.CharField):
    """DRF would take a number for its digits."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class MessageSerializer(StrictSerializer):
    """To exactly one of an address (`to`) and a user (`user_id`), whose own address is then used."""

    user_id = StrictUUIDField(required=False)

    def validate_text(self, value: str) -> str:
        if CONTROL.search(value.replace("\r\n", "\n")):
            raise serializers.ValidationError("Control characters are not allowed.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("to" in attrs) == ("user_id" in attrs):
            raise serializers.ValidationError("Give either to or user_id.")
        return attrs


class EmailSerializer(MessageSerializer):
    to = TextField(required=False, max_length=254, validators=[validate_email])
    subject = TextField(max_length=SUBJECT_LIMIT)
    text = TextField(max_length=EMAIL_TEXT_LIMIT)

    def validate_subject(self, value: str) -> str:
        if CONTROL.search(value) or "\n" in value or "\t" in value:
            raise serializers.ValidationError("A subject is one line.")
        return value


class SmsSerializer(MessageSerializer):
    to = TextField(
        required=False,
        validators=[RegexValidator(PHONE_NUMBER, "A phone number is like +84901234567 (E.164).")],
    )
    text = TextField(max_length=SMS_TEXT_LIMIT)


class HistoryQuery(PageQuery):
    user_id = serializers.UUIDField(required=False, help_text="For staff: whose. Default: one's own.")
    email = serializers.CharField(
        max_length=254, required=False, help_text="For staff: of the accounts with this address."
    )
    booking_id = serializers.UUIDField(required=False)
    reference = serializers.CharField(
        max_length=32, required=False, help_text="Of that booking alone; for staff whoever's it is."
    )
    channel = serializers.ChoiceField([channel.value for channel in Channel], required=False)
    template = serializers.ChoiceField(list(KINDS), required=False)
    status = serializers.ChoiceField([state.value for state in Status], required=False)


def _once(request: Request, send: Callable[[UUID], Notification]) -> Response:
    """send: gets the id of the message that it may make."""
    accepted = status.HTTP_202_ACCEPTED
    return once(request, lambda notification_id: NotificationSerializer(send(notification_id)).data, status=accepted)


class _SendView(APIView):
    permission_classes = [May("add_notification")]
    channel: Channel
    serializer: type[MessageSerializer]

    def post(self, request: Request) -> Response:
        message = self.serializer.parse(request.data)
        return _once(
            request,
            lambda notification_id: services.request_message(
                channel=self.channel,
                actor=actor(request),
                context={name: message[name] for name in ("subject", "text") if name in message},
                to=message.get("to", ""),
                user_id=message.get("user_id"),
                notification_id=notification_id,
            ),
        )


class SendEmail(_SendView):
    channel = Channel.EMAIL
    serializer = EmailSerializer

    @problems(UnknownContact)
    @extend_schema(
        operation_id="send_email",
        summary="Send an e-mail",
        description="For staff: to an address, or to the address of a user.",
        parameters=[IDEMPOTENCY_HEADER],
        request=EmailSerializer,
        responses={202: NotificationSerializer},
        examples=schema.EMAIL,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class SendSms(_SendView):
    channel = Channel.SMS
    serializer = SmsSerializer

    @problems(UnknownContact)
    @extend_schema(
        operation_id="send_sms",
        summary="Send a text message",
        description="For staff: to a phone number, or to that of a user.",
        parameters=[IDEMPOTENCY_HEADER],
        request=SmsSerializer,
        responses={202: NotificationSerializer},
        examples=schema.SMS,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class SendAgain(APIView):
    permission_classes = [May("resend_notification")]

    @problems(NotFound, NotResendable, BookingHasEnded, OutOfDate)
    @extend_schema(
        operation_id="send_notification_again",
        summary="Send a message again",
        description=(
            "For staff. What failed or was held back is tried again; of what was sent a copy goes out. Not what is on"
            " its way or carried a link, nor what is not so any more: a ticket of a booking that has ended, say."
        ),
        request=None,
        responses={202: NotificationSerializer},
        parameters=[IDEMPOTENCY_HEADER],
    )
    def post(self, request: Request, notification_id: UUID) -> Response:
        return _once(
            request,
            lambda copy_id: services.send_again(notification_id=notification_id, actor=actor(request), copy_id=copy_id),
        )


class History(APIView):
    @takes(HistoryQuery)
    @problems(PermissionDenied)
    @extend_schema(
        operation_id="list_notifications",
        summary="List messages",
        responses=page_of(NotificationSerializer),
    )
    def get(self, request: Request) -> Response:
        """One's own messages, the newest first; staff may read those of a user, an address or a booking."""
        reader = caller(request)
        filters = dict(self.query)
        to_staff = reader.may("view_notification")
        others = "email" in filters or filters.get("user_id", reader.id) != reader.id
        if others and not to_staff:
            raise PermissionDenied("These are somebody else's messages.")
        if not (to_staff and filters.keys() & {"email", "reference"}):
            filters.setdefault("user_id", reader.id)
        page = CursorPage(ordering="-id")
        found = selectors.history(to_staff=to_staff, reader=reader, **filters)
        rows = page.paginate_queryset(found, request, view=self)
        return page.get_paginated_response(NotificationSerializer(rows, many=True).data)
