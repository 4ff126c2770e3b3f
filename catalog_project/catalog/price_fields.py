"""Fields of forms in which prices are written as people write them: a row of them for each ticket type.

A showtime's default type costs what stands in its fields, and every other type the same, unless its row is its own.
"""

from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from django import forms

from catalog.domain import SeatCategory
from catalog.errors import InvalidFields
from chassis.money import Money, to_major, to_minor


def price_field(category: str) -> str:
    """Of the default ticket type."""
    return f"price_{category}"


PRICE_FIELDS = [price_field(category) for category in SeatCategory]


def cell(code: str, category: str) -> str:
    """Of the ticket type with this code."""
    return f"price_{code}_{category}"


def own_field(code: str) -> str:
    return f"own_{code}"


def fields_of(code: str) -> list[str]:
    """A row: whether the ticket type has prices of its own, and these."""
    return [own_field(code), *(cell(code, category) for category in SeatCategory)]


def money_field(label: str, *, signed: bool = False) -> forms.DecimalField:
    least = None if signed else 0
    return forms.DecimalField(label=label, required=False, min_value=least, max_digits=16, decimal_places=3)


def add_price_fields(fields: MutableMapping[str, forms.Field]) -> None:
    for category in SeatCategory:
        fields[price_field(category)] = money_field(category.value.capitalize())


def add_own_fields(fields: MutableMapping[str, forms.Field], codes: Collection[str]) -> None:
    """codes: of the ticket types beside the default one."""
    for code in codes:
        help_text = "Without, it costs what the default type does. With, a seat without a price is not sold to it."
        fields[own_field(code)] = forms.BooleanField(
            label=f"{code}: prices of its own".capitalize(), required=False, help_text=help_text
        )
        for category in SeatCategory:
            fields[cell(code, category)] = money_field(category.value.capitalize())


def amounts_of(cleaned: Mapping[str, Any], currency: str) -> dict[str, int]:
    """Minor units by category of those of the default type that were filled in. Raises InvalidFields."""
    return _amounts({category.value: price_field(category) for category in SeatCategory}, cleaned, currency)


def own_amounts_of(cleaned: Mapping[str, Any], currency: str, codes: Collection[str]) -> dict[str, dict[str, int]]:
    """The same of each ticket type with prices of its own, by its code. Raises InvalidFields."""
    return {
        code: _amounts({category.value: cell(code, category) for category in SeatCategory}, cleaned, currency)
        for code in codes
        if cleaned.get(own_field(code))
    }


def own_shown(by_type: Mapping[str, Mapping[str, int]], currency: str) -> dict[str, Any]:
    """The other way round, for a form's initial values."""
    shown: dict[str, Any] = {own_field(code): True for code in by_type}
    for code, row in by_type.items():
        shown |= {cell(code, category): to_major(Money(amount, currency)) for category, amount in row.items()}
    return shown


def _amounts(names: Mapping[str, str], cleaned: Mapping[str, Any], currency: str) -> dict[str, int]:
    """names: of the fields, by category."""
    amounts: dict[str, int] = {}
    for category, name in names.items():
        value = cleaned.get(name)
        if value is not None:
            try:
                amounts[category] = to_minor(value, currency)
            except ValueError as exc:
                raise InvalidFields(**{name: str(exc)}) from exc
    return amounts
