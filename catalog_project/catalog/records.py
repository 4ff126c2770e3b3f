"""What staff did to the catalog, written down with it; see chassis.storage.audit_log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.models import Movie, MovieText, Poster, Screen, Showtime, Theater
from catalog.tariff_models import PriceList, TicketType
from catalog.tariffs import early_in_words, fee_in_words, rule_in_words
from chassis.money import Money, format_money
from chassis.storage.audit_log import Actor, Record, changes, columns, record, record_all

Row = Movie | Theater | Screen | Showtime | TicketType | PriceList
# What follows from other changes, and says nothing by itself.
_DERIVED = {"revision", "screen_free_at", "created_at", "categories", "tariff"}
# Told in words instead.
_IN_WORDS = {"type_prices", "prices", "rules", "fees", "early"}


def state(row: Row) -> dict[str, Any]:
    """What a record tells of a row: its columns, a showtime's or a list's prices, a screen's seats by name.

    Of a film also what it is called in other languages, and which poster it has, by the first signs of its digest.
    """
    told = {name: value for name, value in columns(row).items() if name not in _DERIVED | _IN_WORDS}
    if isinstance(row, Showtime):
        told |= {f"price {price.category}": format_money(price.money) for price in row.prices.all()}
        told |= _prices(row.type_prices or {}, row.currency)
    if isinstance(row, PriceList):
        told |= _content(row)
    if isinstance(row, Movie):
        told |= _beside(row)
    if isinstance(row, Screen):
        told |= {f"seat {seat}": _place(seat) for seat in row.seats.all()}
    return told


def _prices(prices: Mapping[str, Mapping[str, int]], currency: str) -> dict[str, Any]:
    return {
        f"price {code} {category}": format_money(Money(amount, currency))
        for code, row in prices.items()
        for category, amount in row.items()
    }


def _content(price_list: PriceList) -> dict[str, Any]:
    currency, content = price_list.theater.currency, price_list.content
    return {
        **_prices(content.prices, currency),
        **{f"rule {n}": rule_in_words(rule, currency) for n, rule in enumerate(content.rules, 1)},
        **{f"fee {fee.code}": fee_in_words(fee, currency) for fee in content.fees},
        **{f"early {step.days_before}": early_in_words(step) for step in content.early},
    }


def _beside(movie: Movie) -> dict[str, Any]:
    texts = MovieText.objects.filter(movie=movie)
    told = {f"in {text.language}": f"{text.title} / {text.synopsis[:200]}" for text in texts}
    digest = Poster.objects.filter(movie=movie).values_list("digest", flat=True).first()
    return told if digest is None else told | {"poster": digest[:12]}


def _place(seat: Any) -> str:
    return f"{seat.category}{', accessible' if seat.accessible else ''} at {seat.x}, {seat.y}"


def record_added(actor: Actor | None, row: Row) -> None:
    """actor: None where no staff is at work but a programme that is loaded; nothing is written then, here and below."""
    if actor:
        record(actor, f"{_kind(row)}.added", (_kind(row), row.pk), after=state(row))


def record_changed(
    actor: Actor | None, row: Row, before: dict[str, Any], *, deed: str = "changed", reason: str = ""
) -> None:
    """before: state() of the row, before it was changed."""
    if actor:
        was, is_now = changes(before, state(row))
        record(actor, f"{_kind(row)}.{deed}", (_kind(row), row.pk), before=was, after=is_now, reason=reason)


def record_removed(actor: Actor | None, row: Row) -> None:
    """Before the row goes, while it has a key."""
    if actor:
        record(actor, f"{_kind(row)}.removed", (_kind(row), row.pk), before=state(row))


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to a row, in the past tense, and what differs of its state()."""

    done: str
    row: Row
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def record_deeds(actor: Actor | None, deeds: Iterable[Deed]) -> None:
    """Many at once, in one statement."""
    if actor:
        record_all(
            actor,
            [
                Record(f"{_kind(deed.row)}.{deed.done}", (_kind(deed.row), deed.row.pk), deed.before, deed.after)
                for deed in deeds
            ],
        )


def _kind(row: Row) -> str:
    return str(row._meta.model_name)
