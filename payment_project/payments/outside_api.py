"""What goes back outside of the card gateway, over HTTP."""

from functools import partial

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.web.gateway import public_path
from chassis.web.idempotency import key_from
from chassis.web.openapi import problems
from chassis.web.permissions import May, actor
from chassis.web.views import APIView
from payments import checkout, schema
from payments.api import FORBIDDEN, IMPOSSIBLE, answer
from payments.clerks import Clerk
from payments.errors import (
    CardNumberRefused,
    CurrencyMismatch,
    NotRefusedByGateway,
    PaymentNotFound,
    RefundAwaitsApproval,
    SeatsUnknown,
    UnknownSeat,
)
from payments.outside import Outside
from payments.refund_rules import Way
from payments.refunds import Wanted
from payments.schema import IDEMPOTENCY_KEY, RefundSerializer
from payments.seats import RefundKind
from payments.serializers import OutsideRequest


class GivenOutsideView(APIView):
    permission_classes = [May("give_outside_payment")]

    @problems(
        CardNumberRefused,
        PaymentNotFound,
        CurrencyMismatch,
        NotRefusedByGateway,
        RefundAwaitsApproval,
        UnknownSeat,
        SeatsUnknown,
        *FORBIDDEN,
        *IMPOSSIBLE,
    )
    @extend_schema(
        operation_id="record_refund_outside",
        summary="Record a refund outside of the card gateway",
        tags=["refunds"],
        request=OutsideRequest,
        responses={201: RefundSerializer, 202: RefundSerializer},
        parameters=[IDEMPOTENCY_KEY],
        examples=schema.GIVE_OUTSIDE,
    )
    def post(self, request: Request) -> Response:
        """Writes down that captured money goes back in cash, by a transfer of the house, or by hand at the provider.

        Only of a payment of which the card gateway has refused a refund. For the booking and its customer it is a
        refund like any other. 202 means that somebody else has to approve it before it is given.
        """
        key = key_from(request, required=True)
        wanted = OutsideRequest.parse(request.data)
        return checkout.give_outside(
            payment_id=wanted["payment_id"],
            wanted=Wanted(
                clerk=Clerk(actor(request)),
                amount=wanted.get("amount"),
                seats=wanted.get("seats", ()),
                kind=RefundKind(wanted["kind"]) if "kind" in wanted else None,
                reason=wanted["reason"],
                outside=Outside(Way(wanted["way"]), wanted["reference"]),
            ),
            key=key,
            render=partial(answer, path=public_path(request).removesuffix("/outside")),
        )
