"""Looking for those who are to be told of a move costs the moves that are looked at, in pages of the database."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.db.models.functions import Now

from bookings import moves, tasks
from bookings.models import Booking, Showtime, ShowtimeMove
from bookings.terms import terms_of_sale
from chassis.testing_database import large_world
from chassis.testing_plans import Cost, analyze, buffers, costs, rows_read


@pytest.fixture
def history(db: None) -> None:
    """For each test anew: what one has taken back lies about in the way of the next."""
    large_world(theaters=2, movies=20, showtimes=4000, bookings=8000, users=500)


@pytest.fixture
def moves_swept(django_db_setup, django_db_blocker) -> Iterator[None]:
    """What a test takes back does not lie about in the way of those after it; asked for before the database is."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("VACUUM showtime_moves")


def rename_all_films(**more: Any) -> None:
    """That is thousands of moves, of which nobody was told. more: of each move."""
    scheduled = Showtime.objects.filter(status="scheduled")
    was = {"movie_title": "As it was called before"}
    ShowtimeMove.objects.bulk_create(
        ShowtimeMove(
            showtime=showtime,
            revision=2,
            starts_at=showtime.starts_at,
            screen_name=showtime.screen_name,
            terms={**msgspec.to_builtins(terms_of_sale(showtime)), **was},
            **{"moved_at": Now(), **more},
        )
        for showtime in scheduled
    )
    analyze("showtime_moves")
    assert scheduled.update(revision=2) > 3000


def of_looking(made: list[Cost]) -> int:
    """Buffers; what is told costs what that is, each booking being written with its history and its event."""
    looks = ("FROM showtime_moves WHERE", "UPDATE showtime_moves", "LATERAL")
    return buffers([cost for cost in made if any(look in cost.sql for look in looks)])


def test_while_thousands_of_moves_are_open_a_look_costs_the_moves_that_it_looks_at_and_tells(moves_swept, history):
    rename_all_films()
    statements = []
    for limit in (20, 200):
        with costs() as made:
            assert moves.tell_of_moves(limit=limit) == limit
        statements.append(len(made))
    assert of_looking(made) <= 60 * 200
    assert rows_read([cost for cost in made if "LATERAL" in cost.sql], "bookings") <= 20 * 200
    # However many are told, it is the same few statements.
    assert statements[0] == statements[1]
    told = Booking.objects.filter(told_revision=2).count() - 20
    assert told >= 150
    [written] = [cost for cost in made if 'UPDATE "bookings"' in cost.sql]
    assert written.buffers <= 25 * told, written
    assert buffers(made) <= 60 * told, "\n".join(map(str, made))


def test_moves_that_all_are_told_of_cost_nothing_until_their_last_look(moves_swept, history):
    rename_all_films(due_at=Now() + moves.SETTLED_AFTER)
    with costs() as made:
        assert tasks.tell_of_moves() == 0
    assert buffers(made) <= 10


def test_the_last_look_costs_the_moves_that_it_looks_at(moves_swept, history):
    Booking.objects.update(told_revision=2)
    rename_all_films(moved_at=Now() - moves.SETTLED_AFTER)
    analyze("bookings")
    with costs() as made:
        assert moves.tell_of_moves(limit=100) == 100
    assert buffers(made) <= 60 * 100
    assert ShowtimeMove.objects.exclude(settled_at=None).count() == 100
