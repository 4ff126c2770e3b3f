"""When showtimes end, and their screens are free again, once their film or their theater has changed."""

from datetime import timedelta

import pytest
from factories import ShowtimeFactory

from catalog import services
from catalog.errors import ShowtimesOverlap
from catalog.models import Showtime, Theater, UntoldChange

pytestmark = pytest.mark.django_db


def test_a_longer_cleaning_leaves_the_ends_and_frees_the_screens_later(showtime: Showtime) -> None:
    services.change_theater(theater_id=showtime.theater_id, cleaning_minutes=40)
    moved = Showtime.objects.get()
    assert (moved.ends_at, moved.screen_free_at) == (showtime.ends_at, showtime.ends_at + timedelta(minutes=40))


def test_a_longer_cleaning_that_does_not_fit_changes_nothing(showtime: Showtime) -> None:
    ShowtimeFactory(screen=showtime.screen, starts_at=showtime.screen_free_at)
    with pytest.raises(ShowtimesOverlap):
        services.change_theater(theater_id=showtime.theater_id, cleaning_minutes=16)
    assert Theater.objects.get(id=showtime.theater_id).cleaning_minutes == 15
    assert not UntoldChange.objects.exists()


def test_films_back_to_back_grow_and_shrink_together(showtime: Showtime) -> None:
    after = ShowtimeFactory(
        movie=showtime.movie, screen=showtime.screen, starts_at=showtime.screen_free_at + timedelta(minutes=10)
    )
    for minutes in (128, 60):
        services.change_movie(movie_id=showtime.movie_id, duration_minutes=minutes)
        ends = [row.ends_at - row.starts_at for row in Showtime.objects.filter(id__in=[showtime.id, after.id])]
        assert ends == [timedelta(minutes=minutes)] * 2
