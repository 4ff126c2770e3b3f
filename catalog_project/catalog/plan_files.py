"""Showtimes of a theater as a file: drafts out of one, and one out of what is planned or on sale.

A file names films by their names in addresses, screens and price lists by their names in the theater, and times as the
clocks there show them: it can be carried to another theater. Prices are as people write them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from catalog import copying, planning
from catalog.clocks import local_time, midnight
from catalog.domain import ON_A_SCREEN
from catalog.errors import Fault as PlanFault
from catalog.errors import InvalidFields, PlanRefused, TheaterNotFound
from catalog.models import SHOWING, MovieSlug, Screen, Showtime, Theater
from catalog.plan_serializers import wanted_of
from catalog.serializers import ShowtimeInput
from catalog.tariff_models import PriceList
from catalog.tariffs import CATEGORIES
from catalog.theaters import refuse_elsewhere
from chassis.money import DECIMALS, to_major, to_minor
from chassis.storage.audit_log import Actor
from chassis.web.importing import Columns, Fault, Imported, as_json, fault, faults_of, read_lines, told
from chassis.web.tables import Table

MOST_SHOWTIMES = copying.MOST
MOST_DAYS = 62
_PRICE = "price_"
PRICES = [f"{_PRICE}{category}" for category in CATEGORIES]
SHOWTIMES = Columns(
    names=["movie", "screen", "starts_at", "fold", *SHOWING, "price_list", "currency", *PRICES, "type_prices"],
    required=["movie", "screen", "starts_at", "format", "language"],
    read={"type_prices": as_json},
)
_NAMES = {"movie_id": "movie", "screen_id": "screen", "local_starts_at": "starts_at", "price_list_id": "price_list"}
_OTHER_ROW = re.compile(r"\AWith row (\d+):")


def import_showtimes(*, theater_id: UUID, table: Table, actor: Actor, dry_run: bool) -> Imported:
    """Plans the showtimes of a table as drafts: all of them or none.

    Raises TheaterNotFound, TableUnreadable; ImportRefused, unless it is a dry run.
    """
    lines, faults = read_lines(table, SHOWTIMES)
    theater = theater_of(theater_id)
    refuse_elsewhere(actor, theater.id)
    names = _Names.of(theater, [values for _, values in lines])
    wanted, numbers = [], []
    for number, values in lines:
        try:
            wanted.append(wanted_of(ShowtimeInput.parse(names.item(values))))
            numbers.append(number)
        except (InvalidFields, ValidationError) as refused:
            faults += faults_of(number, refused, column=_column)
    try:
        plan = planning.plan_showtimes(wanted=wanted, dry_run=dry_run or bool(faults), actor=actor)
        errors = plan.errors("/items")
    except PlanRefused as refused:
        errors = [dict(error) for error in refused.errors or ()]
    faults += [_of_plan(error, numbers) for error in errors]
    return told(len(lines), faults, dry_run=dry_run)


def theater_of(theater_id: UUID) -> Theater:
    """Raises TheaterNotFound."""
    theater = Theater.objects.filter(id=theater_id).first()
    if theater is None:
        raise TheaterNotFound
    return theater


@dataclass(frozen=True, slots=True)
class _Names:
    """What lines call things, by their ids."""

    theater: Theater
    movies: Mapping[str, UUID]
    screens: Mapping[str, UUID]
    price_lists: Mapping[str, UUID]

    @classmethod
    def of(cls, theater: Theater, lines: list[dict[str, Any]]) -> "_Names":
        slugs = MovieSlug.objects.filter(slug__in={str(values.get("movie", "")) for values in lines})
        return cls(
            theater,
            dict(slugs.values_list("slug", "movie_id")),
            dict(Screen.objects.filter(theater=theater).values_list("name", "id")),
            dict(PriceList.objects.filter(theater=theater).values_list("name", "id")),
        )

    def item(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """As a batch of showtimes has it. Raises InvalidFields."""
        unknown = [name for name in values if name not in SHOWTIMES.names]
        faults = [PlanFault(name, "unknown", "There is no such column here.") for name in unknown]
        item = {name: values[name] for name in ("fold", *SHOWING) if name in values}
        for column, member, known, called in (
            ("movie", "movie_id", self.movies, "film has this name in addresses"),
            ("screen", "screen_id", self.screens, "screen of the theater has this name"),
            ("price_list", "price_list_id", self.price_lists, "price list of the theater has this name"),
        ):
            said = values.get(column)
            if said is not None and (found := known.get(str(said))):
                item[member] = found
            elif said is not None:
                faults.append(PlanFault(column, f"{column}_not_found", f"No {called}."))
        item |= {"local_starts_at": str(values["starts_at"]).replace(" ", "T", 1)} if "starts_at" in values else {}
        prices, wrong = self._prices(values)
        item |= {"prices": prices} if prices else {}
        item |= {"type_prices": values["type_prices"]} if values.get("type_prices") else {}
        if faults or wrong:
            raise InvalidFields(*faults, *wrong)
        return item

    def _prices(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[PlanFault]]:
        currency = str(values.get("currency", self.theater.currency))
        prices, wrong = {}, []
        for column in PRICES:
            if column in values:
                try:
                    prices[column.removeprefix(_PRICE)] = {
                        "amount": amount(values[column], currency),
                        "currency": currency,
                    }
                except ValueError as exc:
                    wrong.append(PlanFault(column, "invalid", str(exc)))
        return prices, wrong


def amount(said: Any, currency: str) -> int:
    """Minor units of what people write: 12.50. Raises ValueError."""
    if currency not in DECIMALS:
        raise ValueError("There is no such currency.")
    try:
        value = Decimal(str(said)[:20])
        if not value.is_finite() or len(str(said)) > 20 or abs(value.adjusted()) > 15:
            raise ValueError("This is no amount.")
        return to_minor(value, currency)
    except InvalidOperation as exc:
        raise ValueError("This is no amount.") from exc


def _column(path: Sequence[str]) -> str:
    """That a member of the API's showtime was read from: a price has one of its own for each category."""
    if path[0] == "prices" and len(path) > 1:
        return f"{_PRICE}{path[1]}"
    return _NAMES.get(path[0], path[0])


def _of_plan(error: Mapping[str, str], numbers: list[int]) -> Fault:
    """An error of a plan, whose rows are the lines that could be read."""
    _, _, row, *path = error["pointer"].split("/")
    named = _OTHER_ROW.sub(lambda other: f"With line {numbers[int(other[1]) - 1]}:", error["detail"])
    return fault(numbers[int(row)], _column(path), error["code"], named)


def showtimes_from(theater: Theater, *, first: date, last: date) -> QuerySet[Showtime]:
    """What is planned or on sale in these days by the clocks of the theater, in the order in which it starts."""
    zone = ZoneInfo(theater.time_zone)
    found = Showtime.objects.filter(theater=theater, status__in=list(ON_A_SCREEN))
    found = found.filter(starts_at__gte=midnight(first, zone), starts_at__lt=midnight(last + timedelta(days=1), zone))
    return found.select_related("movie", "screen", "price_list").prefetch_related("prices").order_by("starts_at", "id")


def showtime_rows(theater: Theater, showtimes: QuerySet[Showtime], kind: str) -> Iterator[list[Any]]:
    zone = ZoneInfo(theater.time_zone)
    for showtime in showtimes.iterator(chunk_size=500):
        shown = local_time(showtime.starts_at, zone)
        own = {} if showtime.price_list else {price.category: price for price in showtime.prices.all()}
        types = {
            code: {name: {"amount": minor, "currency": showtime.currency} for name, minor in row.items()}
            for code, row in (showtime.type_prices or {}).items()
        }
        values = {
            "movie": showtime.movie.slug,
            "screen": showtime.screen.name,
            "starts_at": shown.wall.isoformat(" ", "auto" if shown.wall.second else "minutes"),
            "fold": shown.fold,
            **{name: getattr(showtime, name) for name in SHOWING},
            "price_list": showtime.price_list.name if showtime.price_list else None,
            "currency": showtime.currency,
            **{f"{_PRICE}{name}": to_major(own[name].money) if name in own else None for name in CATEGORIES},
            "type_prices": types or None,
        }
        yield SHOWTIMES.row(values, kind)
