"""The seats of a row as the boxes of a form. A hall has hundreds: a template would take longer than all else."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from shop import words
from shop.templatetags.shop import money

BOX = (
    '<label class="seat {category} {status} x{x}"><input type="checkbox" name="seat" value="{id}"{state} data-x="{x}"'
    ' data-y="{y}" data-name="{row}{number}" data-category="{category}" data-status="{status}" data-label="{label}"'
    ' aria-label="{spoken}"><span aria-hidden="true">{number}</span></label>\n'
)


def boxes(seats: Iterable[Mapping[str, Any]], chosen: Collection[str]) -> SafeString:
    """chosen: the ids of the seats that are."""
    sentence = escape(_("Row %(row)s, seat %(number)s, %(category)s, %(price)s"))
    categories: dict[str, str] = {}
    statuses: dict[str, str] = {}
    prices: dict[tuple[int, str], str] = {}
    drawn = []
    for seat in seats:
        category, status, price = seat["category"], seat["status"], seat["price"]
        if category not in categories:
            categories[category] = escape(words.category(category))
        if status not in statuses:
            statuses[status] = "" if status == "available" else f", {escape(words.seat_status(status))}"
        paid = price["amount"], price["currency"]
        if paid not in prices:
            prices[paid] = escape(money(price))
        row, number = escape(seat["row"]), seat["number"]
        label = sentence % {"row": row, "number": number, "category": categories[category], "price": prices[paid]}
        state = " disabled" if status != "available" else " checked" if seat["id"] in chosen else ""
        drawn.append(
            BOX.format(
                category=escape(category),
                status=escape(status),
                id=escape(seat["id"]),
                x=int(seat["x"]),
                y=int(seat["y"]),
                row=row,
                number=int(number),
                state=state,
                label=label,
                spoken=label + statuses[status],
            )
        )
    return mark_safe("".join(drawn))  # noqa: S308  (each part is escaped, or a number)
