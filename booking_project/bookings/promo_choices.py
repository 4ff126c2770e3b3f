"""What a promotion may be for, by what people call it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from bookings.models import Screen, Showtime
from chassis.theaters import Theaters, works_at

# The films to choose from are those of so many showtimes to come.
SHOWTIMES_AHEAD = 5000


def theaters_offered(limit: Theaters) -> list[tuple[UUID, str]]:
    newest = Showtime.objects.filter(theater_id=OuterRef("theater_id")).order_by("-starts_at")
    found = Screen.objects.order_by().values("theater_id").distinct()
    named = found.annotate(called=Subquery(newest.values("theater_name")[:1])).values_list("theater_id", "called")
    theirs = ((id_, called or str(id_)) for id_, called in named if works_at(limit, id_))
    return sorted(theirs, key=lambda theater: theater[1])


def movies_offered() -> list[tuple[UUID, str]]:
    coming = Showtime.objects.filter(starts_at__gt=timezone.now() - timedelta(days=1)).order_by("starts_at")
    return sorted(set(coming.values_list("movie_id", "movie_title")[:SHOWTIMES_AHEAD]), key=lambda movie: movie[1])


def with_known(choices: list[tuple[UUID, str]], named: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Those that the promotion names stay to be seen, though nothing of them is shown any more."""
    offered = {id_ for id_, _ in choices}
    return choices + [(id_, str(id_)) for id_ in named if id_ not in offered]
