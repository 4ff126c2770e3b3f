"""The HTTP side: parse, call one service or selector, render."""

import json
import re
from functools import partial
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chassis.money import LARGEST_PAYMENT, Money
from chassis.web.exceptions import CONTENT_TYPE, problem_response
from chassis.web.idempotency import key_from, replay
from chassis.web.openapi import CURSOR, problems
from chassis.web.pages import CursorPage
from chassis.web.parsing import StrictSerializer, StrictUUIDField
from chassis.web.permissions import IsSignedIn, May, caller
from chassis.web.problems import BadRequestFields
from payments import checkout, methods, schema, selectors, webhooks
from payments.domain import Status
from payments.errors import (
    AlreadyPaid,
    AttemptWithdrawn,
    BookingEnded,
    BookingNotFound,
    BookingUnavailable,
    CardDeclined,
    CardNumberRefused,
    CurrencyMismatch,
    GatewayUnavailable,
    HoldExpired,
    InvalidSignature,
    MethodNotFound,
    NotRefundable,
    PaymentInProgress,
    PaymentNotFound,
    RefundNotFound,
    RefundRefused,
    RefundTooLarge,
    TooManyMethods,
    UnknownMethod,
)
from payments.heard import FRESH_TOKEN, MethodGiven
from payments.models import Payment, Refund
from payments.presentation import present_method, present_payment, present_refund
from payments.schema import IDEMPOTENCY_KEY, MethodSerializer, PaymentSerializer, RefundSerializer

# ISO/IEC 7812-1: 12 to 19 digits, written with or without gaps.
_CARD_NUMBER = re.compile(r"(?:\d[ .-]?){11,18}\d")


class TokenField(serializers.RegexField):
    """A fresh token, as the payment form gives it. Raises CardNumberRefused for what looks like a card number.

    What a saved card is known by at the gateway is nothing that anybody may send: it is named by its id.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(FRESH_TOKEN, trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str | int) and _CARD_NUMBER.search(str(data)):
            raise CardNumberRefused
        if not isinstance(data, str):
            self.fail("invalid")
        token: str = super().to_internal_value(data)
        return token


class MethodRequest(StrictSerializer):
    """Either a token of the payment gateway or the id of a saved method; never a card number."""

    token = TokenField(required=False)
    id = StrictUUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> MethodGiven:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either `token` or `id`.")
        return MethodGiven(**attrs)


class PaymentRequest(StrictSerializer):
    booking_id = StrictUUIDField()
    payment_method = MethodRequest()


class StrictIntegerField(serializers.IntegerField):
    """An integer as a JSON number; DRF's own would take a text or 5.0 for one."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        value: int = super().to_internal_value(data)
        return value


class StrictTextField(serializers.CharField):
    """A text; DRF's own would take a number for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class MoneyRequest(StrictSerializer):
    amount = StrictIntegerField(min_value=1, max_value=LARGEST_PAYMENT)
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z")


@extend_schema_field({"oneOf": [schema.AMOUNT, schema.MONEY_TO_REFUND]})
class AmountField(serializers.Field[Any, Any, Any, Any]):
    """Minor units, with their currency or without."""

    def to_internal_value(self, data: Any) -> int | Money:
        if isinstance(data, dict):
            return Money(**MoneyRequest.parse(data))
        amount: int = StrictIntegerField(min_value=1, max_value=LARGEST_PAYMENT).run_validation(data)
        return amount


class RefundRequest(StrictSerializer):
    payment_id = StrictUUIDField()
    amount = AmountField(required=False, help_text="Minor units; all that is left when not given.")
    reason = StrictTextField(max_length=200)

    def validate_reason(self, reason: str) -> str:
        if _CARD_NUMBER.search(reason):
            raise CardNumberRefused
        return reason


class SaveMethodRequest(StrictSerializer):
    token = TokenField()


class PaymentFilter(StrictSerializer):
    booking_id = StrictUUIDField(required=False)
    status = serializers.ChoiceField(choices=[status.value for status in Status], required=False)
    user_id = StrictUUIDField(required=False, help_text="Staff only: whose payments.")
    cursor = serializers.CharField(required=False)
    page_size = serializers.CharField(required=False)


class PaymentListView(APIView):
    @problems(BadRequestFields)
    @extend_schema(
        operation_id="list_payments",
        summary="List payments",
        tags=["payments"],
        description="One's own, the newest first; staff may read those of a user.",
        parameters=[PaymentFilter],
        responses=schema.PAYMENTS,
    )
    def get(self, request: Request) -> Response:
        wanted = PaymentFilter.parse(request.query_params.dict())
        chosen = {name: wanted.get(name) for name in ("booking_id", "status")}
        found = selectors.payments_of(caller(request), owner=wanted.get("user_id"), **chosen)
        pages = CursorPage()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response([present_payment(payment) for payment in page])

    @problems(
        CardDeclined,
        CardNumberRefused,
        UnknownMethod,
        BookingNotFound,
        PaymentNotFound,
        BookingEnded,
        HoldExpired,
        AlreadyPaid,
        PaymentInProgress,
        AttemptWithdrawn,
        GatewayUnavailable,
        BookingUnavailable,
    )
    @extend_schema(
        operation_id="pay_booking",
        summary="Pay a booking",
        tags=["payments"],
        request=PaymentRequest,
        responses={201: PaymentSerializer, 202: PaymentSerializer},
        parameters=[IDEMPOTENCY_KEY],
        examples=schema.PAY,
    )
    def post(self, request: Request) -> Response:
        """Authorises the payment of a booking. 202 means that the card's bank has not answered yet."""
        key = key_from(request, required=True)
        wanted = PaymentRequest.parse(request.data)
        return checkout.pay(
            user=caller(request),
            booking_id=wanted["booking_id"],
            method=wanted["payment_method"],
            key=key,
            render=partial(_answer, path=request.path),
        )


class PaymentView(APIView):
    @problems(PaymentNotFound)
    @extend_schema(
        operation_id="get_payment",
        summary="Read a payment",
        tags=["payments"],
        description="One's own, or any for staff.",
        responses=PaymentSerializer,
    )
    def get(self, request: Request, payment_id: UUID) -> Response:
        return Response(present_payment(selectors.payment_of(caller(request), payment_id)))


class MethodListView(APIView):
    @extend_schema(
        operation_id="list_payment_methods",
        summary="List my saved cards",
        tags=["payment methods"],
        description="The newest first.",
        parameters=CURSOR,
        responses=schema.METHODS,
    )
    def get(self, request: Request) -> Response:
        pages = CursorPage()
        page = pages.paginate_queryset(selectors.methods_of(caller(request)), request, view=self)
        return pages.get_paginated_response([present_method(method) for method in page])

    @problems(CardDeclined, CardNumberRefused, TooManyMethods, GatewayUnavailable)
    @extend_schema(
        operation_id="save_payment_method",
        summary="Save a card",
        tags=["payment methods"],
        request=SaveMethodRequest,
        responses={200: MethodSerializer, 201: MethodSerializer},
        examples=schema.SAVE_METHOD,
    )
    def post(self, request: Request) -> Response:
        """Saves a card by the token that the payment form gave; the same token again is the same method."""
        wanted = SaveMethodRequest.parse(request.data)
        method, new = methods.save_method(user_id=caller(request).id, token=wanted["token"])
        return Response(present_method(method), status=201 if new else 200)


class MethodView(APIView):
    @problems(MethodNotFound)
    @extend_schema(
        operation_id="get_payment_method",
        summary="Read a saved card",
        tags=["payment methods"],
        description="One's own.",
        responses=MethodSerializer,
    )
    def get(self, request: Request, method_id: UUID) -> Response:
        return Response(present_method(selectors.method_of(caller(request), method_id)))

    @problems(MethodNotFound)
    @extend_schema(
        operation_id="forget_payment_method",
        summary="Forget a saved card",
        tags=["payment methods"],
        responses={204: None},
    )
    def delete(self, request: Request, method_id: UUID) -> Response:
        """Forgets a saved card. What was asked of the gateway with it goes on."""
        selectors.method_of(caller(request), method_id).delete()
        return Response(status=204)


class RefundListView(APIView):
    permission_classes = [May("refund_payment")]

    @problems(
        CardNumberRefused,
        PaymentNotFound,
        CurrencyMismatch,
        PaymentInProgress,
        NotRefundable,
        RefundTooLarge,
        RefundRefused,
    )
    @extend_schema(
        operation_id="refund_payment",
        summary="Refund a payment",
        tags=["refunds"],
        request=RefundRequest,
        responses={201: RefundSerializer, 202: RefundSerializer},
        parameters=[IDEMPOTENCY_KEY],
        examples=schema.REFUND,
    )
    def post(self, request: Request) -> Response:
        """Gives captured money back, in whole or in part. 202 means that the gateway has not answered yet."""
        key = key_from(request, required=True)
        wanted = RefundRequest.parse(request.data)
        return checkout.refund(
            user=caller(request),
            payment_id=wanted["payment_id"],
            amount=wanted.get("amount"),
            reason=wanted["reason"],
            key=key,
            render=partial(_answer, path=request.path),
        )


class RefundView(APIView):
    permission_classes = [IsSignedIn]

    @problems(RefundNotFound)
    @extend_schema(
        operation_id="get_refund",
        summary="Read a refund",
        tags=["refunds"],
        description="Of one's own payment, or any for staff.",
        responses=RefundSerializer,
    )
    def get(self, request: Request, refund_id: UUID) -> Response:
        return Response(present_refund(selectors.refund_of(caller(request), refund_id)))


class WebhookView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @problems(InvalidSignature)
    @extend_schema(
        operation_id="receive_webhook",
        summary="Hear from the payment gateway",
        tags=["webhooks"],
        request=None,
        responses={202: schema.WebhookSerializer},
        auth=[],
    )
    def post(self, request: Request, provider: str) -> Response:
        """A hint of the payment gateway that it has an answer. Signed; see standardwebhooks.com."""
        new = webhooks.receive(provider=provider, headers=request.headers, body=request.body)
        return Response({"status": "accepted" if new else "seen before"}, status=202)


def _answer(result: checkout.Result, *, path: str) -> Response:
    """What came of a request to pay or to refund; path: where it was sent."""
    match result:
        case checkout.Repeated(claim):
            return replay(claim)
        case checkout.Done(made):
            return Response(_present(made), status=201, headers={"Location": f"{path}/{made.id}"})
        case checkout.Waiting(made):
            return Response(_present(made), status=202, headers={"Retry-After": str(checkout.ASK_AGAIN)})
        case problem:
            body: dict[str, Any] = json.loads(problem_response(problem, instance=path).content)
            return Response(body, status=problem.status, content_type=CONTENT_TYPE)


def _present(made: Payment | Refund) -> dict[str, Any]:
    return present_payment(made) if isinstance(made, Payment) else present_refund(made)
