"""What the desk shows of messages: a booking's and a customer's, what each says, and what one would say."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe
from rest_framework import serializers

from chassis.money import DECIMALS, LARGEST_PAYMENT, Money
from chassis.web.desk import Step, may, panel, zone_of
from chassis.web.in_words import in_words
from chassis.web.parsing import MomentField
from chassis.web.theaters import may_at, theaters_of
from notifications import first_wordings, previews
from notifications.domain import FALLBACK_LANGUAGE, Channel, Status
from notifications.kinds import KINDS, carries_secret
from notifications.kinds.kind import Kind
from notifications.mail_frames import shown_mail
from notifications.models import BookingSummary, Contact, DeliveryLog, Notification, NotificationTemplate
from notifications.theaters import told_at
from notifications.wording import Rendered, Wording, render
from notifications.wording_rules import BadWording

SHOWN = 30
# Of an amount in minor units: as many as any payment has.
MOST_DIGITS = len(str(LARGEST_PAYMENT))


def failed() -> QuerySet[Notification]:
    return Notification.objects.filter(status=Status.FAILED)


@require_safe
def booking_messages_panel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    return _messages(request, _theirs(request).filter(booking_id=booking_id))


@require_safe
def customer_messages_panel(request: HttpRequest, user_id: UUID) -> HttpResponse:
    return _messages(request, _theirs(request).filter(user_id=user_id))


def _theirs(request: HttpRequest) -> QuerySet[Notification]:
    theaters = theaters_of(request)
    return Notification.objects.all() if theaters is None else Notification.objects.filter(told_at(theaters))


def _messages(request: HttpRequest, found: QuerySet[Notification]) -> HttpResponse:
    newest = list(found.order_by("-id")[: SHOWN + 1])
    zone = zone_of(request)
    rows = [
        (each, f"{(each.sent_at or each.created_at).astimezone(zone):%d %b %Y %H:%M %Z}") for each in newest[:SHOWN]
    ]
    return panel(
        request,
        "notifications/messages.html",
        "Messages",
        rows=rows,
        more=len(newest) > SHOWN,
        may_resend=may(request, "resend_notification"),
    )


@require_safe
def booking_steps_panel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Each message about a booking, when it went out or why it did not."""
    zone = zone_of(request)
    messages = _theirs(request).filter(booking_id=booking_id).order_by("id")[:100]
    steps = [Step(each.sent_at or each.created_at, _told(each), in_words(each.reason), zone) for each in messages]
    return panel(
        request,
        "chassis/steps.html",
        "What the customer was told",
        steps=sorted(steps, key=lambda step: step.at),
    )


def _told(message: Notification) -> str:
    what = message.get_template_display().lower()
    if message.status == Status.SENT:
        return f"told by {_by(message)}: {what}"
    return f"not told by {_by(message)}: {what}, {message.get_status_display()}"


def _by(message: Notification) -> str:
    return "SMS" if message.channel == Channel.SMS else "mail"


@require_safe
def message_panel(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """What a message says, in today's wording, and what became of each try."""
    message = get_object_or_404(_theirs(request), id=notification_id)
    said = "It carries a link that signs in, so nobody but its reader sees it."
    if not carries_secret(message.template) and message.template in KINDS:
        about = previews.about(message)
        said = _as_read(KINDS[message.template], Channel(message.channel), message.context, *about)
    tries = list(DeliveryLog.objects.filter(notification=message).order_by("id")[:SHOWN])
    return panel(request, "notifications/message.html", str(message), message=message, said=said, tries=tries)


@require_safe
def preview_panel(request: HttpRequest, code: str) -> HttpResponse:
    """The mail that would tell of something, before it is done: `?booking=`, `?user=` and whatever its wording names.

    An amount is in minor units of `currency`; yes is 1; a moment is as RFC 3339 writes it. What is not said is not in
    the mail, and neither is a link that signs in.
    """
    kind = KINDS.get(code)
    if kind is None or kind.tells is None:
        raise Http404
    booking = _known(BookingSummary, "booking_id", request.GET.get("booking"))
    if booking is not None and not may_at(request, booking.theater_id):
        booking = None
    reader = _known(Contact, "user_id", request.GET.get("user"))
    said = _as_read(kind, Channel.EMAIL, _said(kind, request.GET), booking, reader)
    return panel(request, "notifications/preview.html", "What the customer will read", said=said)


def _known(model: Any, key: str, text: str | None) -> Any:
    try:
        return model.objects.filter(**{key: UUID(text)}).first() if text else None
    except ValueError:
        return None


def _said(kind: Kind, given: QueryDict) -> dict[str, Any]:
    assert kind.tells is not None
    said: dict[str, Any] = {}
    currency = given.get("currency", "")
    for name, type_ in kind.tells.types().items():
        text = given.get(name, "")[:500]
        if not text or name in previews.UNSHOWN:
            continue
        if type_ is str:
            said[name] = text
        elif type_ is bool:
            said[name] = text == "1"
        elif type_ is datetime and (moment := _moment_of(text)):
            said[name] = moment.isoformat()
        elif type_ in (Money, Money | None) and text.isdecimal() and len(text) <= MOST_DIGITS and currency in DECIMALS:
            said[name] = {"amount": int(text), "currency": currency}
    return said


def _moment_of(text: str) -> datetime | None:
    try:
        moment: datetime = MomentField().run_validation(text)
    except serializers.ValidationError:
        return None
    return moment


def _as_read(
    kind: Kind, channel: Channel, context: Mapping[str, Any], booking: BookingSummary | None, reader: Contact | None
) -> str:
    """As HTML that is safe to show: the mail in the words of staff, in its reader's language."""
    language = reader.language if reader else FALLBACK_LANGUAGE
    values = previews.as_read(kind, context, booking, reader, language)
    shown = _rendered(kind, _wordings(kind, channel, language), values)
    return shown_mail(shown.subject, shown.text, shown.html)


def _wordings(kind: Kind, channel: Channel, language: str) -> Sequence[Wording]:
    """That of staff, and the one that goes out where theirs cannot."""
    found = NotificationTemplate.objects.filter(
        code=kind.code, channel=channel, language__in={language, FALLBACK_LANGUAGE}
    )
    worded = sorted(found, key=lambda each: each.language != language)
    return [*(each.source for each in worded[:1]), *filter(None, [first_wordings.of(kind.code, channel, language)])]


def _rendered(kind: Kind, wordings: Sequence[Wording], values: Mapping[str, Any]) -> Rendered:
    domain = previews.mail_domain()
    for wording in wordings:
        try:
            return render(wording, values, mail_domain=domain, about_account=kind.about_account)
        except BadWording:
            continue
    return Rendered(subject="", text="There is no wording for this message.", html="")
