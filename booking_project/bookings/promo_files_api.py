"""Promotions and vouchers as files, for staff: parse, call one function, render."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import promo_files, promo_schema
from bookings.promo_errors import CodeTaken, PromotionNotFound, PromotionStopped, TooManyCodes
from bookings.promotions_api import PromotionSerializer
from bookings.theaters import promotions_at
from chassis.theaters import Theaters
from chassis.web.import_views import (
    EXPORTED,
    IMPORT_PROBLEMS,
    IMPORTED,
    ExportQuery,
    ExportView,
    ImportQuery,
    ImportView,
    table_of,
)
from chassis.web.openapi import KEY, problems
from chassis.web.permissions import May
from chassis.web.queries import takes
from chassis.web.theaters import theaters_of

COLUMNS = PromotionSerializer.Meta.fields


class ImportedVouchers(ImportView):
    permission_classes = [May("add_promocode")]
    most_lines: ClassVar = promo_files.MOST_VOUCHERS

    @problems(PromotionNotFound, PromotionStopped, TooManyCodes, CodeTaken, *IMPORT_PROBLEMS)
    @takes(ImportQuery)
    @extend_schema(
        operation_id="import_vouchers",
        summary="Import vouchers",
        description="Codes that were printed elsewhere, good for one booking each: all of the lines or none.",
        tags=["promotions"],
        parameters=[KEY],
        request=table_of(promo_files.LineOfVoucher),
        examples=promo_schema.VOUCHER_FILE,
        responses=IMPORTED,
    )
    def post(self, request: Request, promotion_id: UUID) -> Response:
        return self.imported(
            request,
            lambda table, actor, dry_run: promo_files.import_vouchers(
                promotion_id=promotion_id, table=table, actor=actor, dry_run=dry_run
            ),
        )


class ExportedPromotions(ExportView):
    permission_classes = [May("view_promotion")]

    @takes(ExportQuery)
    @extend_schema(
        operation_id="export_promotions",
        summary="Export promotions",
        description="For staff, the newest first. Codes are not in it: of a voucher nobody can read more than its end.",
        tags=["promotions"],
        responses=EXPORTED,
    )
    def get(self, request: Request) -> HttpResponseBase:
        return self.exported(request, "promotions", COLUMNS, _rows(theaters_of(request)))


def _rows(theaters: Theaters) -> Iterator[list[Any]]:
    newest = promotions_at(theaters).order_by("-id")[: settings.EXPORTED_ROWS]
    for promotion in newest.iterator(chunk_size=500):
        shown = PromotionSerializer(promotion).data
        yield [shown[name] for name in COLUMNS]
