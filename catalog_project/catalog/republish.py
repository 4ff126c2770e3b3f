"""What the catalog has told, told again as it is: for a consumer whose projection was lost, or is new.

With the revision that it has: who has it already, or anything newer, leaves it; who has nothing takes it. Nothing is
locked, for what changes meanwhile is told with a higher revision, whichever arrives first.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog.domain import ShowtimeStatus
from catalog.events import MovieUpdated, ScreenUpdated, ShowtimeCancelled, ShowtimeUpdated, TheaterUpdated
from catalog.models import Movie, Screen, Showtime, Theater
from chassis.messaging.outbox import Telling, emit_all

BATCH = 200


def _showtime(showtime: Showtime) -> Telling:
    if showtime.status == ShowtimeStatus.CANCELLED:
        return ShowtimeCancelled(showtime.id, showtime.revision, showtime.cancellation_reason), showtime.id
    return ShowtimeUpdated.of(showtime), showtime.id


def _showtimes() -> QuerySet[Showtime]:
    complete = Showtime.objects.select_related("movie", "theater", "screen").prefetch_related("prices")
    return complete.filter(starts_at__gt=timezone.now()).exclude(status=ShowtimeStatus.DRAFT)


# In the order in which one is made of the other.
KINDS: dict[str, tuple[Callable[[], QuerySet[Any]], Callable[[Any], Telling]]] = {
    "theaters": (Theater.objects.all, lambda row: (TheaterUpdated.of(row), row.id)),
    "movies": (
        lambda: Movie.objects.select_related("poster").prefetch_related("texts"),
        lambda row: (MovieUpdated.of(row), row.id),
    ),
    "screens": (lambda: Screen.objects.prefetch_related("seats"), lambda row: (ScreenUpdated.of(row), row.id)),
    "showtimes": (_showtimes, _showtime),
}


def republish(kind: str, *, batch: int = BATCH) -> Iterator[int]:
    """Tells all of a kind of KINDS, showtimes those to come; after each batch, a transaction, how many that were."""
    rows, telling = KINDS[kind]
    last: UUID | None = None
    while True:
        with transaction.atomic():
            found = list((rows() if last is None else rows().filter(id__gt=last)).order_by("id")[:batch])
            emit_all([telling(row) for row in found])
        if not found:
            return
        yield len(found)
        last = found[-1].id
