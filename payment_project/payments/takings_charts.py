"""Bars of what was taken each day, as a picture that the page itself draws: numbers for an SVG, no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chassis.money import Money, format_money

# Of the picture, in its own units; a bar has one of width, and a gap beside it.
HEIGHT, STEP = 100, 10
GAP = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """x, y, width, height: where it is drawn. said: its day and amount, for people."""

    day: date
    said: str
    x: int
    y: float
    width: int
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Of one currency. zero: where nothing is, from above."""

    currency: str
    width: int
    height: int
    zero: float
    highest: str
    bars: Sequence[Bar]


def chart(currency: str, days: Sequence[date], amounts: Mapping[date, int]) -> Chart:
    """A bar for each of the days, also for one without any; below the line on which more went back than came in."""
    shown = [amounts.get(day, 0) for day in days]
    top, bottom = max(0, *shown), min(0, *shown)
    scale = HEIGHT / ((top - bottom) or 1)
    zero = top * scale
    bars = [
        Bar(
            day,
            format_money(Money(amount, currency)),
            x=number * STEP,
            y=round(zero - max(amount, 0) * scale, 2),
            width=STEP - GAP,
            height=round(abs(amount) * scale, 2),
        )
        for number, (day, amount) in enumerate(zip(days, shown, strict=True))
    ]
    highest = format_money(Money(top, currency))
    return Chart(currency, len(days) * STEP, HEIGHT, round(zero, 2), highest, bars)
