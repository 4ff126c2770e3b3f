"""What was told is told again as it is, so that a consumer who has nothing can begin anew."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from factories import MovieFactory, ScreenFactory, ShowtimeFactory, next_week

from catalog import republish, scheduling
from catalog.models import Showtime

pytestmark = pytest.mark.django_db


def test_everything_is_told_with_the_revision_that_it_has(emitted: Any, capsys: Any) -> None:
    screen = ScreenFactory()
    coming = [ShowtimeFactory(screen=screen, starts_at=next_week(hour)) for hour in (9, 13, 17)]
    ShowtimeFactory(screen=screen, starts_at=next_week(days=-1))
    ShowtimeFactory(screen=screen, starts_at=next_week(21), status="draft")
    scheduling.cancel_showtime(showtime_id=coming[2].id, reason="Repairs")
    Showtime.objects.filter(id=coming[1].id).update(revision=7)
    before = len(emitted())
    call_command("republish", batch=2)
    told = emitted()[before:]
    showtimes = {event.data["showtime_id"]: event for event in told if event.type.startswith("showtime.")}
    assert {id_: (event.type, event.data["revision"]) for id_, event in showtimes.items()} == {
        str(coming[0].id): ("showtime.updated", 1),
        str(coming[1].id): ("showtime.updated", 7),
        str(coming[2].id): ("showtime.cancelled", 2),
    }
    assert showtimes[str(coming[2].id)].data["reason"] == "Repairs"
    kinds = [event.type for event in told]
    assert [kinds.count(kind) for kind in ("theater.updated", "movie.updated", "screen.updated")] == [1, 5, 1]
    assert "showtimes: 3 told" in capsys.readouterr().out


def test_batches_are_bounded_and_leave_nothing_out(emitted: Any) -> None:
    movies = {str(MovieFactory().id) for _ in range(5)}
    assert list(republish.republish("movies", batch=2)) == [2, 2, 1]
    assert {event.subject for event in emitted("movie.updated")} == movies


def test_a_screen_is_told_with_its_seats(emitted: Any) -> None:
    screen = ScreenFactory()
    call_command("republish", "screens")
    (event,) = emitted()
    assert (event.type, event.data["revision"], len(event.data["seats"])) == ("screen.updated", 1, screen.seats.count())


@pytest.mark.parametrize(("kinds", "batch"), [(["cinemas"], 200), (["movies"], 0), (["movies"], 10_000)])
def test_what_cannot_be_told_is_refused(kinds: list[str], batch: int, emitted: Any) -> None:
    MovieFactory()
    with pytest.raises(CommandError):
        call_command("republish", *kinds, batch=batch)
    assert not emitted()
