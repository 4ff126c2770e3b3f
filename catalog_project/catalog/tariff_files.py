"""Price lists of a theater as a file: a line for each, with a column for each ticket type and seat category.

Prices are as people write them; rules, fees and early discounts are JSON, as the API has them.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from catalog import price_lists
from catalog.errors import Fault, InvalidFields
from catalog.models import Theater
from catalog.plan_files import amount, theater_of
from catalog.tariff_models import PriceList
from catalog.tariff_serializers import PriceListInput
from catalog.tariffs import CATEGORIES, MOST_LISTS
from catalog.theaters import refuse_elsewhere
from chassis.money import Money, to_major
from chassis.storage.audit_log import Actor
from chassis.web.importing import Columns, Imported, all_or_none, as_json, read_lines
from chassis.web.tables import Table

MOST_PRICE_LISTS = MOST_LISTS
_AS_JSON = ("rules", "fees", "early")


def columns_of(theater: Theater) -> Columns:
    grid = _grid(theater)
    return Columns(
        names=["name", "currency", "round_to", *grid, *_AS_JSON],
        required=["name", "currency"],
        read=dict.fromkeys(_AS_JSON, as_json),
    )


def _grid(theater: Theater) -> dict[str, tuple[str, str]]:
    """The columns of prices, each with its ticket type and category."""
    codes = theater.ticket_types.values_list("code", flat=True)
    return {f"{code} {category}": (code, category) for code in codes for category in CATEGORIES}


def import_price_lists(*, theater_id: UUID, table: Table, actor: Actor, dry_run: bool) -> Imported:
    """Adds the price lists of a table: all of them or none.

    Raises TheaterNotFound, TableUnreadable; ImportRefused, unless it is a dry run.
    """
    theater = theater_of(theater_id)
    refuse_elsewhere(actor, theater.id)
    grid = _grid(theater)
    lines, faults = read_lines(table, columns_of(theater))

    def add(values: dict[str, Any]) -> None:
        fields = PriceListInput.parse(_with_prices(values, grid))
        price_lists.add_price_list(theater_id=theater_id, actor=actor, **fields)

    return all_or_none(lines, faults, add, dry_run=dry_run, column=_column)


def _column(path: Sequence[str]) -> str:
    return " ".join(path[1:3]) if path[0] == "prices" and len(path) > 2 else path[0]


def _with_prices(values: Mapping[str, Any], grid: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """As the API has a price list. Raises InvalidFields."""
    prices: dict[str, dict[str, int]] = {}
    wrong = []
    for column, (code, category) in grid.items():
        if values.get(column) is not None:
            try:
                prices.setdefault(code, {})[category] = amount(values[column], str(values.get("currency", "")))
            except ValueError as exc:
                wrong.append(Fault(column, "invalid", str(exc)))
    if wrong:
        raise InvalidFields(*wrong)
    return {name: value for name, value in values.items() if name not in grid} | {"prices": prices}


def price_list_rows(theater: Theater, lists: QuerySet[PriceList], kind: str) -> Iterator[list[Any]]:
    grid, columns = _grid(theater), columns_of(theater)
    for each in lists:
        told = {column: _major(each, *cell) for column, cell in grid.items()}
        values = {
            "name": each.name,
            "currency": theater.currency,
            "round_to": each.round_to,
            **told,
            **{name: getattr(each, name) for name in _AS_JSON},
        }
        yield columns.row(values, kind)


def _major(price_list: PriceList, code: str, category: str) -> Decimal | None:
    minor = price_list.prices.get(code, {}).get(category)
    return None if minor is None else to_major(Money(minor, price_list.theater.currency))
