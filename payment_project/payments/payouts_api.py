"""What the counter hands over by hand, over HTTP."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.web.openapi import problems
from chassis.web.pages import CursorPage
from chassis.web.permissions import May, actor
from chassis.web.queries import takes
from chassis.web.theaters import theaters_of
from chassis.web.views import APIView
from payments import payouts, schema, selectors
from payments.api import FORBIDDEN
from payments.clerks import Clerk
from payments.errors import CardNumberRefused, PaidOutBefore, PaymentNotFound, PayOutNotFound
from payments.presentation import present_pay_out
from payments.serializers import PaidOutRequest, PayOutFilter


class PayOutListView(APIView):
    permission_classes = [May("view_payout")]

    @takes(PayOutFilter)
    @extend_schema(
        operation_id="list_pay_outs",
        summary="List what the counter hands over",
        tags=["refunds"],
        description="For staff: what was paid at the counter and goes back there, the newest first.",
        responses=schema.PAY_OUTS,
    )
    def get(self, request: Request) -> Response:
        wanted = {name: self.query.get(name) for name in ("theater_id", "reference")}
        found = selectors.pay_outs(theaters=theaters_of(request), owed=self.query["owed"], **wanted)
        pages = CursorPage()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response([present_pay_out(row) for row in page])


class PayOutView(APIView):
    permission_classes = [May("view_payout")]

    @problems(PayOutNotFound)
    @extend_schema(
        operation_id="get_pay_out",
        summary="Read what the counter hands over",
        tags=["refunds"],
        responses=schema.PayOutSerializer,
    )
    def get(self, request: Request, payout_id: UUID) -> Response:
        return Response(present_pay_out(selectors.pay_out(payout_id, theaters=theaters_of(request))))


class PaidOutView(APIView):
    permission_classes = [May("change_payout")]

    @problems(PayOutNotFound, PaymentNotFound, PaidOutBefore, CardNumberRefused, *FORBIDDEN)
    @extend_schema(
        operation_id="pay_out",
        summary="Say that the counter has handed money over",
        tags=["refunds"],
        request=PaidOutRequest,
        responses=schema.PayOutSerializer,
        examples=schema.PAY_OUT,
    )
    def post(self, request: Request, payout_id: UUID) -> Response:
        """Writes down that the caller handed it over, once and for good. Nobody hands it to themselves."""
        wanted = PaidOutRequest.parse(request.data)
        row = payouts.pay_out(payout_id=payout_id, clerk=Clerk(actor(request)), till=wanted.get("till", ""))
        return Response(present_pay_out(row))
