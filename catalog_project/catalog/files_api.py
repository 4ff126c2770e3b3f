"""Films, showtimes and price lists as files, for staff: parse, call one function, render."""

from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import film_files, plan_files, schema, tariff_files
from catalog.errors import TheaterNotFound
from catalog.film_serializers import MovieInput
from catalog.models import Movie
from catalog.permissions import AtTheirTheater
from catalog.tariff_models import PriceList
from catalog.tariffs import COARSEST
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
from chassis.web.openapi import FURTHER_MEMBERS, KEY, problems
from chassis.web.permissions import May
from chassis.web.problems import OtherTheater
from chassis.web.queries import takes

ALL_OR_NONE = "For managers. All of the lines or none: `errors` says of each line what is wrong with which column."


class LineOfShowtime(serializers.Serializer[Any]):
    """A draft. Films by their names in addresses, screens and price lists by their names in the theater."""

    movie = serializers.CharField(max_length=80)
    screen = serializers.CharField(max_length=60)
    starts_at = serializers.CharField(
        max_length=19, help_text="As the clocks of the theater show it: 2026-10-25 19:30."
    )
    fold = serializers.IntegerField(required=False, min_value=0, max_value=1)
    format = serializers.CharField(max_length=10)
    language = serializers.CharField(max_length=15)
    price_list = serializers.CharField(required=False, max_length=60)
    currency = serializers.CharField(required=False, max_length=3)
    type_prices = serializers.DictField(required=False)

    def get_fields(self) -> dict[str, Any]:
        price: dict[str, Any] = {
            "required": False,
            "max_digits": 16,
            "decimal_places": 3,
            "help_text": "In major units.",
        }
        return {**super().get_fields(), **{name: serializers.DecimalField(**price) for name in plan_files.PRICES}}


@extend_schema_serializer(extensions={FURTHER_MEMBERS: schema.PRICE_OF_A_LINE})
class LineOfPriceList(serializers.Serializer[Any]):
    """With a member for each ticket type and category, `adult standard` say, in major units."""

    name = serializers.CharField(max_length=60)
    currency = serializers.CharField(max_length=3)
    round_to = serializers.IntegerField(required=False, min_value=1, max_value=COARSEST)
    rules = serializers.ListField(required=False, child=serializers.DictField(), max_length=100)
    fees = serializers.ListField(required=False, child=serializers.DictField(), max_length=100)
    early = serializers.ListField(required=False, child=serializers.DictField(), max_length=100)


class DaysQuery(ExportQuery):
    first = serializers.DateField(required=False, help_text="Default: today, by the theater's clocks.")
    last = serializers.DateField(required=False, help_text=f"At most {plan_files.MOST_DAYS} days after the first.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first: date = attrs.setdefault("first", timezone.now().date())
        if not 1900 <= first.year <= 2200:
            raise serializers.ValidationError({"first": ["A day from 1900 to 2200."]})
        furthest = first + timedelta(days=plan_files.MOST_DAYS)
        if not first <= attrs.setdefault("last", furthest) <= furthest:
            raise serializers.ValidationError({"last": [f"From the first day to {plan_files.MOST_DAYS} days later."]})
        return attrs


class ImportedMovies(ImportView):
    permission_classes = [May("add_movie")]
    most_lines: ClassVar = film_files.MOST_FILMS

    @problems(*IMPORT_PROBLEMS)
    @takes(ImportQuery)
    @extend_schema(
        operation_id="import_movies",
        summary="Import movies",
        tags=["movies"],
        description=ALL_OR_NONE,
        parameters=[KEY],
        request=table_of(MovieInput),
        examples=schema.MOVIE_FILE,
        responses=IMPORTED,
    )
    def post(self, request: Request) -> Response:
        return self.imported(
            request, lambda table, actor, dry_run: film_files.import_films(table, actor=actor, dry_run=dry_run)
        )


class ExportedMovies(ExportView):
    permission_classes = [May("view_movie")]

    @takes(ExportQuery)
    @extend_schema(
        operation_id="export_movies",
        summary="Export movies",
        tags=["movies"],
        description="For staff, in the order in which they were added; as they are imported again.",
        responses=EXPORTED,
    )
    def get(self, request: Request) -> HttpResponseBase:
        films = Movie.objects.order_by("id")[: settings.EXPORTED_ROWS]
        rows = film_files.film_rows(films, self.query["format"])
        return self.exported(request, "movies", film_files.FILMS.names, rows)


class ImportedShowtimes(ImportView):
    permission_classes = [May("add_showtime"), AtTheirTheater]
    most_lines: ClassVar = plan_files.MOST_SHOWTIMES

    @problems(OtherTheater, TheaterNotFound, *IMPORT_PROBLEMS)
    @takes(ImportQuery)
    @extend_schema(
        operation_id="import_showtimes",
        summary="Import showtimes",
        tags=["showtimes"],
        description=f"{ALL_OR_NONE} They are drafts.",
        parameters=[KEY],
        request=table_of(LineOfShowtime),
        examples=schema.SHOWTIME_FILE,
        responses=IMPORTED,
    )
    def post(self, request: Request, theater_id: UUID) -> Response:
        return self.imported(
            request,
            lambda table, actor, dry_run: plan_files.import_showtimes(
                theater_id=theater_id, table=table, actor=actor, dry_run=dry_run
            ),
        )


class ExportedShowtimes(ExportView):
    permission_classes = [May("add_showtime"), AtTheirTheater]

    @problems(OtherTheater, TheaterNotFound)
    @takes(DaysQuery)
    @extend_schema(
        operation_id="export_showtimes",
        summary="Export showtimes",
        tags=["showtimes"],
        description="For who plans: drafts too, in the order in which they start; as they are imported again.",
        responses=EXPORTED,
    )
    def get(self, request: Request, theater_id: UUID) -> HttpResponseBase:
        theater = plan_files.theater_of(theater_id)
        found = plan_files.showtimes_from(theater, first=self.query["first"], last=self.query["last"])
        rows = plan_files.showtime_rows(theater, found[: settings.EXPORTED_ROWS], self.query["format"])
        return self.exported(request, "showtimes", plan_files.SHOWTIMES.names, rows)


class ImportedPriceLists(ImportView):
    permission_classes = [May("add_pricelist"), AtTheirTheater]
    most_lines: ClassVar = tariff_files.MOST_PRICE_LISTS

    @problems(OtherTheater, TheaterNotFound, *IMPORT_PROBLEMS)
    @takes(ImportQuery)
    @extend_schema(
        operation_id="import_price_lists",
        summary="Import price lists",
        tags=["price lists"],
        description=ALL_OR_NONE,
        parameters=[KEY],
        request=table_of(LineOfPriceList),
        examples=schema.PRICE_LIST_FILE,
        responses=IMPORTED,
    )
    def post(self, request: Request, theater_id: UUID) -> Response:
        return self.imported(
            request,
            lambda table, actor, dry_run: tariff_files.import_price_lists(
                theater_id=theater_id, table=table, actor=actor, dry_run=dry_run
            ),
        )


class ExportedPriceLists(ExportView):
    permission_classes = [May("view_pricelist"), AtTheirTheater]

    @problems(OtherTheater, TheaterNotFound)
    @takes(ExportQuery)
    @extend_schema(
        operation_id="export_price_lists",
        summary="Export price lists",
        tags=["price lists"],
        description="For staff, by name; as they are imported again.",
        responses=EXPORTED,
    )
    def get(self, request: Request, theater_id: UUID) -> HttpResponseBase:
        theater = plan_files.theater_of(theater_id)
        found = PriceList.objects.filter(theater=theater).select_related("theater").order_by("name")
        rows = tariff_files.price_list_rows(theater, found, self.query["format"])
        return self.exported(request, "price-lists", tariff_files.columns_of(theater).names, rows)
