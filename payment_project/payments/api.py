"""The HTTP side: parse, call one service or selector, render."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.web.exceptions import CONTENT_TYPE, problem_response
from chassis.web.gateway import address_of, public_path
from chassis.web.idempotency import key_from, replay
from chassis.web.openapi import problems
from chassis.web.pages import CursorPage
from chassis.web.permissions import IsSignedIn, May, actor, caller
from chassis.web.queries import AnyQuery, PageQuery, takes
from chassis.web.second_factor import SecondFactorNeeded
from chassis.web.theaters import theaters_of
from chassis.web.views import APIView, created
from payments import checkout, methods, refunds, schema, selectors, webhooks
from payments.clerks import Clerk
from payments.errors import (
    AddressChanged,
    AddressChangedByAsker,
    AlreadyPaid,
    AttemptWithdrawn,
    BookingEnded,
    BookingNotFound,
    BookingUnavailable,
    CardDeclined,
    CardNumberRefused,
    CheckedIn,
    CurrencyMismatch,
    ExchangeNotCovered,
    GatewayUnavailable,
    GiftCardBlocked,
    GiftCardCurrency,
    GiftCardEmpty,
    GiftCardExpired,
    GiftCardInvalid,
    GiftCardNotEnough,
    HoldExpired,
    InvalidSignature,
    MethodNotFound,
    NotAwaitingApproval,
    NothingPaid,
    NotRefundable,
    OwnPurchase,
    PartCannotCancel,
    PaymentInProgress,
    PaymentNotFound,
    RefundAwaitsApproval,
    RefundNotFound,
    RefundRefused,
    RefundTooLarge,
    SeatRefunded,
    SeatsUnknown,
    SecondPersonNeeded,
    TooManyGiftCardCodes,
    TooManyMethods,
    UnknownMethod,
    UnknownSeat,
)
from payments.gift_card_guesses import guessing
from payments.models import Payment, Refund
from payments.presentation import present_method, present_payment, present_refund
from payments.refunds import Wanted
from payments.schema import IDEMPOTENCY_KEY, MethodSerializer, PaymentSerializer, RefundSerializer
from payments.seats import RefundKind
from payments.serializers import (
    PaymentFilter,
    PaymentRequest,
    RefundFilter,
    RefundRequest,
    RefusalRequest,
    SaveMethodRequest,
)

GIFT_CARD_REFUSED = (
    *(GiftCardInvalid, GiftCardBlocked, GiftCardExpired, GiftCardCurrency, GiftCardEmpty, GiftCardNotEnough),
)


class PaymentListView(APIView):
    @takes(PaymentFilter)
    @extend_schema(
        operation_id="list_payments",
        summary="List payments",
        tags=["payments"],
        description="One's own, the newest first; staff may read those of a user.",
        responses=schema.PAYMENTS,
    )
    def get(self, request: Request) -> Response:
        wanted = self.query
        chosen = {name: wanted.get(name) for name in ("booking_id", "reference", "status")}
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
        TooManyGiftCardCodes,
        *GIFT_CARD_REFUSED,
        ExchangeNotCovered,
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
        """Authorises the payment of a booking. 202 means that the card's bank has not answered yet.

        A gift card pays what is on it, up to all of the payment; a payment method pays the rest. What the gift card
        pays is reserved at once, and free again when the card is declined: then give both anew.
        """
        key = key_from(request, required=True)
        wanted = PaymentRequest.parse(request.data)
        user, code = caller(request), wanted.get("gift_card", {}).get("code")
        with guessing(code, user_id=user.id, address=address_of(request)):
            return checkout.pay(
                user=user,
                booking_id=wanted["booking_id"],
                method=wanted.get("payment_method"),
                key=key,
                render=partial(answer, path=public_path(request)),
                gift_code=code,
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
    @takes(PageQuery)
    @extend_schema(
        operation_id="list_payment_methods",
        summary="List my saved cards",
        tags=["payment methods"],
        description="The newest first.",
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
        shown = present_method(method)
        return created(request, shown, f"{request.path}/{method.id}") if new else Response(shown)


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


FORBIDDEN = (SecondFactorNeeded, OwnPurchase, AddressChanged)
IMPOSSIBLE = (PaymentInProgress, NotRefundable, NothingPaid, PartCannotCancel, RefundTooLarge, SeatRefunded, CheckedIn)


class RefundListView(APIView):
    permission_classes = [May("refund_payment")]

    def get_permissions(self) -> Sequence[Any]:
        return [May("view_refund")()] if self.request.method in SAFE_METHODS else super().get_permissions()

    @takes(RefundFilter)
    @extend_schema(
        operation_id="list_refunds",
        summary="List refunds",
        tags=["refunds"],
        description="For staff: everybody's, the newest first; those that wait for an approval with "
        "`status=awaiting_approval`.",
        responses=schema.REFUNDS,
    )
    def get(self, request: Request) -> Response:
        pages = CursorPage()
        page = pages.paginate_queryset(
            selectors.refunds(theaters=theaters_of(request), **self.query), request, view=self
        )
        user = caller(request)
        shown = [present_refund(refund, to_staff=not selectors.is_own(user, refund)) for refund in page]
        return pages.get_paginated_response(shown)

    @problems(
        CardNumberRefused,
        PaymentNotFound,
        CurrencyMismatch,
        RefundAwaitsApproval,
        RefundRefused,
        UnknownSeat,
        SeatsUnknown,
        *FORBIDDEN,
        *IMPOSSIBLE,
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
        """Gives captured money back: all that is left, an amount, or what some seats were sold at.

        Seats go back on sale and their tickets do not count any more, and all of it ends the booking, unless it is
        goodwill, after which tickets stay good. What somebody was let in with is given back as goodwill alone.

        202 means that the gateway has not answered yet, or, with the status `awaiting_approval`, that it is more than
        one person may give back: somebody else has to approve it. Nobody refunds their own purchase.
        """
        key = key_from(request, required=True)
        wanted = RefundRequest.parse(request.data)
        return checkout.refund(
            payment_id=wanted["payment_id"],
            wanted=Wanted(
                clerk=_clerk(request),
                amount=wanted.get("amount"),
                seats=wanted.get("seats", ()),
                kind=RefundKind(wanted["kind"]) if "kind" in wanted else None,
                reason=wanted["reason"],
            ),
            key=key,
            render=partial(answer, path=public_path(request)),
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
        user = caller(request)
        refund = selectors.refund_of(user, refund_id)
        to_staff = user.may("view_refund") and not selectors.is_own(user, refund)
        return Response(present_refund(refund, to_staff=to_staff))


class RefundApprovalView(APIView):
    permission_classes = [May("refund_payment")]

    @problems(
        RefundNotFound,
        PaymentNotFound,
        NotAwaitingApproval,
        SecondPersonNeeded,
        AddressChangedByAsker,
        *FORBIDDEN,
        *IMPOSSIBLE,
    )
    @extend_schema(
        operation_id="approve_refund",
        summary="Approve a refund",
        tags=["refunds"],
        request=None,
        responses=RefundSerializer,
    )
    def post(self, request: Request, refund_id: UUID) -> Response:
        """Approves what somebody else asked for: the gateway is asked, and the refund is answered as it stands then."""
        return Response(present_refund(checkout.approve(refund_id=refund_id, clerk=_clerk(request)), to_staff=True))


class RefundRefusalView(APIView):
    permission_classes = [May("refund_payment")]

    @problems(RefundNotFound, PaymentNotFound, NotAwaitingApproval, CardNumberRefused, *FORBIDDEN)
    @extend_schema(
        operation_id="refuse_refund",
        summary="Refuse a refund",
        tags=["refunds"],
        request=RefusalRequest,
        responses=RefundSerializer,
        examples=schema.REFUSE,
    )
    def post(self, request: Request, refund_id: UUID) -> Response:
        """Ends a refund that waits for an approval; who asked for it may take it back in the same way."""
        wanted = RefusalRequest.parse(request.data)
        refund = refunds.refuse_refund(refund_id=refund_id, clerk=_clerk(request), note=wanted["note"])
        return Response(present_refund(refund, to_staff=True))


class WebhookView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @takes(AnyQuery)
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


def answer(result: checkout.Result, *, path: str) -> Response:
    """What came of a request to pay or to refund; path: where it was sent."""
    match result:
        case checkout.Repeated(claim):
            return replay(claim)
        case checkout.Done(made):
            return Response(_present(made), status=201, headers={"Location": f"{path}/{made.id}"})
        case checkout.Awaiting(made):
            return Response(_present(made), status=202, headers={"Location": f"{path}/{made.id}"})
        case checkout.Waiting(made):
            return Response(_present(made), status=202, headers={"Retry-After": str(checkout.ASK_AGAIN)})
        case problem:
            body: dict[str, Any] = json.loads(problem_response(problem, instance=path).content)
            return Response(body, status=problem.status, content_type=CONTENT_TYPE)


def _clerk(request: Request) -> Clerk:
    return Clerk(actor(request))


def _present(made: Payment | Refund) -> dict[str, Any]:
    return present_payment(made) if isinstance(made, Payment) else present_refund(made, to_staff=True)
