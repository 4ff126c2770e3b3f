"""The base of endpoints that import a table, and of those that give one."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.storage.audit_log import Actor, record
from chassis.web import idempotency
from chassis.web.importing import TABLES, Imported, ImportedSerializer, ImportRefused, shown
from chassis.web.permissions import actor
from chassis.web.queries import Query
from chassis.web.spreadsheets import CONTENT_TYPES, CSV, JSON, XLSX, Rows, download
from chassis.web.tables import Table, TableUnreadable, empty
from chassis.web.views import APIView, FileView

IMPORT_PROBLEMS = (TableUnreadable, ImportRefused)
IMPORTED = {200: ImportedSerializer}
EXPORTED = {
    (200, "application/json"): {"type": "array", "maxItems": settings.EXPORTED_ROWS, "items": {"type": "object"}},
    (200, "text/csv"): OpenApiTypes.STR,
    (200, CONTENT_TYPES[XLSX]): OpenApiTypes.BINARY,
}


def table_of(line: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The request of an import, for its document. line: what a list of JSON holds."""
    return {"text/csv": OpenApiTypes.STR, CONTENT_TYPES[XLSX]: OpenApiTypes.BINARY, "application/json": line(many=True)}


class ImportQuery(Query):
    dry_run = serializers.BooleanField(default=False, help_text="Nothing is written; errors are part of the answer.")


class ExportQuery(Query):
    format = serializers.ChoiceField(choices=[CSV, XLSX, JSON], default=CSV, help_text="Of the file.")


class ImportView(APIView):
    """most_lines: of a file."""

    parser_classes = TABLES
    most_lines: ClassVar[int]

    def imported(self, request: Request, do: Callable[[Table, Actor, bool], Imported]) -> Response:
        """do: with the table, who brings it and whether it is a dry run, which no key makes the only one.

        Raises TableUnreadable of no body at all, which no parser gets to see.
        """
        if not request.data:
            raise empty()
        table = cast(Table, request.data)
        if self.query["dry_run"]:
            return Response(shown(do(table, actor(request), True)))
        return idempotency.once(request, lambda _: shown(do(table, actor(request), False)))


class ExportView(FileView):
    def exported(self, request: Request, name: str, columns: Sequence[str], rows: Rows) -> HttpResponseBase:
        """What is asked for, as a file; who took it along is on record."""
        kind = self.query["format"]
        asked = {parameter: value for parameter, value in request.query_params.items() if parameter != "format"}
        with transaction.atomic():
            record(actor(request), f"{name}.exported", (name, kind), after=asked)
        return download(name, kind, columns, rows)
