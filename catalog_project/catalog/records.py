"""What staff did to the catalog, written down with it; see chassis.storage.audit_log."""

from typing import Any

from catalog.models import Movie, MovieText, Poster, Screen, Showtime, Theater
from chassis.money import format_money
from chassis.storage.audit_log import Actor, changes, columns, record

Row = Movie | Theater | Screen | Showtime
# What follows from other changes, and says nothing by itself.
_DERIVED = {"revision", "screen_free_at", "created_at", "categories"}


def state(row: Row) -> dict[str, Any]:
    """What a record tells of a row: its columns, a showtime's prices, a screen's seats by name.

    Of a film also what it is called in other languages, and which poster it has, by the first signs of its digest.
    """
    told = {name: value for name, value in columns(row).items() if name not in _DERIVED}
    if isinstance(row, Showtime):
        told |= {f"price {price.category}": format_money(price.money) for price in row.prices.all()}
    if isinstance(row, Movie):
        told |= _beside(row)
    if isinstance(row, Screen):
        told |= {f"seat {seat}": _place(seat) for seat in row.seats.all()}
    return told


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


def _kind(row: Row) -> str:
    return str(row._meta.model_name)
