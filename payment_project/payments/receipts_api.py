"""The HTTP side of receipts: parse, call one selector, render."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.web.openapi import problems
from chassis.web.pages import CursorPage
from chassis.web.permissions import May, caller
from chassis.web.queries import takes
from chassis.web.theaters import theaters_of
from chassis.web.views import APIView, FileView
from payments import receipt_pages, schema, selectors
from payments.errors import PaymentNotFound, ReceiptNotFound
from payments.presentation import present_receipt, present_receipt_with_notes
from payments.serializers import ReceiptFilter


class PaymentReceiptView(APIView):
    @problems(PaymentNotFound, ReceiptNotFound)
    @extend_schema(
        operation_id="get_receipt",
        summary="Read a receipt",
        tags=["receipts"],
        description="Of one's own payment, or any for staff, with the credit notes of what went back.",
        responses=schema.ReceiptWithNotesSerializer,
    )
    def get(self, request: Request, payment_id: UUID) -> Response:
        return Response(present_receipt_with_notes(*selectors.receipt_of(caller(request), payment_id)))


class PaymentReceiptPageView(FileView):
    @problems(PaymentNotFound, ReceiptNotFound)
    @extend_schema(
        operation_id="get_receipt_page",
        summary="Read a receipt on paper",
        tags=["receipts"],
        description="The same as a page to be printed, in the language that `Accept-Language` likes best.",
        responses={(200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, request: Request, payment_id: UUID) -> HttpResponse:
        receipt, notes = selectors.receipt_of(caller(request), payment_id)
        return receipt_pages.page([receipt, *notes], accepted=request.headers.get("Accept-Language"))


class ReceiptListView(APIView):
    permission_classes = [May("view_receipt")]

    @takes(ReceiptFilter)
    @extend_schema(
        operation_id="list_receipts",
        summary="List receipts",
        tags=["receipts"],
        description="For staff: everybody's receipts and credit notes, the newest first.",
        responses=schema.RECEIPTS,
    )
    def get(self, request: Request) -> Response:
        wanted = {name: self.query.get(name) for name in ("theater_id", "number", "reference", "day", "time_zone")}
        pages = CursorPage()
        page = pages.paginate_queryset(selectors.receipts(theaters=theaters_of(request), **wanted), request, view=self)
        return pages.get_paginated_response([present_receipt(receipt) for receipt in page])
