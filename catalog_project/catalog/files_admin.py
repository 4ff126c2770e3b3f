"""Where managers import films, showtimes and price lists from files."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from catalog import film_files, plan_files, tariff_files
from catalog.models import Theater
from chassis.storage.audit_log import Actor
from chassis.web.import_admin import ImportAdmin
from chassis.web.importing import Columns, Imported
from chassis.web.tables import Table
from chassis.web.theaters import may_at, theaters_of


class FilmsFromFiles(ImportAdmin):
    imports, imports_called, most_lines = "movies", "films", film_files.MOST_FILMS

    def columns(self, place: None) -> Columns:
        return film_files.FILMS

    def carry_out(self, place: None, table: Table, *, actor: Actor, dry_run: bool) -> Imported:
        return film_files.import_films(table, actor=actor, dry_run=dry_run)


class _IntoTheater(ImportAdmin):
    def places(self, request: HttpRequest) -> Iterable[Any]:
        theaters = theaters_of(request)
        found = Theater.objects.order_by("city", "name")
        return found if theaters is None else found.filter(id__in=theaters)

    def place(self, request: HttpRequest, key: str) -> Theater | None:
        try:
            theater_id = UUID(key)
        except ValueError:
            return None
        return Theater.objects.filter(id=theater_id).first() if may_at(request, theater_id) else None


class ShowtimesFromFiles(_IntoTheater):
    imports, most_lines = "showtimes", plan_files.MOST_SHOWTIMES

    def columns(self, place: Theater) -> Columns:
        return plan_files.SHOWTIMES

    def carry_out(self, place: Theater, table: Table, *, actor: Actor, dry_run: bool) -> Imported:
        return plan_files.import_showtimes(theater_id=place.id, table=table, actor=actor, dry_run=dry_run)


class PriceListsFromFiles(_IntoTheater):
    imports, most_lines = "price_lists", tariff_files.MOST_PRICE_LISTS

    def columns(self, place: Theater) -> Columns:
        return tariff_files.columns_of(place)

    def carry_out(self, place: Theater, table: Table, *, actor: Actor, dry_run: bool) -> Imported:
        return tariff_files.import_price_lists(theater_id=place.id, table=table, actor=actor, dry_run=dry_run)
