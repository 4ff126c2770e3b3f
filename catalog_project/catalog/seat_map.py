"""A hall as a small picture."""

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.domain import SeatCategory
from catalog.layouts import Place, extent

PITCH = 18
SEAT = 14
MARGIN = 24
COLOURS = {
    SeatCategory.STANDARD: "#5b7db1",
    SeatCategory.PREMIUM: "#b8860b",
    SeatCategory.COUPLE: "#b0506f",
    SeatCategory.ACCESSIBLE: "#2e8b57",
    SeatCategory.COMPANION: "#8fbc8f",
}


def draw(places: Sequence[Place]) -> SafeString:
    """An SVG of the seats from above, the screen at the top, coloured by category, each named on hovering."""
    rows, columns = extent(places)
    width, height = columns * PITCH + 2 * MARGIN, rows * PITCH + 2 * MARGIN
    return format_html(
        '<svg role="img" aria-label="Seat map" xmlns="http://www.w3.org/2000/svg" width="{}" height="{}"'
        ' viewBox="0 0 {} {}" font-family="sans-serif" font-size="10" fill="#888">'
        '<path d="M{} 14 Q{} 2 {} 14" stroke="#888" stroke-width="3" fill="none"/>{}{}</svg>{}',
        width,
        height,
        width,
        height,
        MARGIN,
        width // 2,
        width - MARGIN,
        _labels(places),
        _seats(places),
        _legend(places),
    )


def _seats(places: Iterable[Place]) -> SafeString:
    return format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" rx="3" fill="{}"><title>{} · {}</title></rect>',
        (
            (
                MARGIN + (place.x - 1) * PITCH,
                MARGIN + (place.y - 1) * PITCH,
                SEAT,
                SEAT,
                COLOURS[SeatCategory(place.category)],
                place.name,
                place.category,
            )
            for place in places
        ),
    )


def _labels(places: Iterable[Place]) -> SafeString:
    rows = {place.y: place.row for place in places}
    return format_html_join(
        "",
        '<text x="4" y="{}">{}</text>',
        ((MARGIN + (y - 1) * PITCH + SEAT - 3, row) for y, row in sorted(rows.items())),
    )


def _legend(places: Sequence[Place]) -> SafeString:
    counts = {category: sum(place.category == category for place in places) for category in COLOURS}
    entries = format_html_join(
        " ",
        '<span style="white-space:nowrap"><span style="color:{}">■</span> {} {}</span>',
        ((COLOURS[category], count, category.value) for category, count in counts.items() if count),
    )
    return format_html("<p>{}</p>", entries)
