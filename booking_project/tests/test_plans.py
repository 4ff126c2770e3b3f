"""What runs by itself costs the same however much history there is, in pages of the database."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from bookings import closures, metrics, moves, tasks
from bookings.models import Booking, BookingTransition, PromoCode, SeatStatus, Showtime, ShowtimeMove
from bookings.terms import terms_of_sale
from chassis.ids import uuid7
from chassis.storage.models import InboxMessage, OutboxMessage
from chassis.testing_costs import assert_bounded, files, lists, reads, ticks
from chassis.testing_plans import Cost, analyze, buffers, costs, many_partitions, rows_read, scanned
from chassis.web.staff import local_user

PARTITIONED = ("booking_history", "outbox", "inbox")


@pytest.fixture
def history(db: None) -> None:
    """Thousands of bookings, most of showtimes that are over; some of these showtimes were cancelled."""
    call_command("load_large", theaters=2, movies=20, showtimes=4000, bookings=8000, users=500, verbosity=0)


def test_cancelled_showtimes_that_are_settled_are_not_looked_at_again(history):
    with costs() as made:
        assert tasks.cancel_bookings_of_cancelled_showtimes() == 0
    assert Showtime.objects.filter(status="cancelled").count() == 200
    assert rows_read(made, "showtimes") == 0


def test_the_bookings_of_a_cancelled_showtime_are_found_by_it(history):
    showtime = Booking.objects.filter(status="CONFIRMED").first().showtime
    Showtime.objects.filter(id=showtime.id).update(status="cancelled")
    with costs() as made:
        assert closures.cancel_bookings() == 8
    # What the bookings themselves cost is another matter: each is written, with its seats and its event.
    [found] = [cost for cost in made if "LATERAL" in cost.sql]
    assert "idx_bookings_showtime_status" in {node.get("Index Name") for node in found.nodes}
    assert found.buffers <= 60
    with costs() as made:
        assert closures.cancel_bookings() == 0
    assert rows_read(made, "showtimes") == rows_read(made, "bookings") == 0


def test_settling_costs_what_is_to_be_settled(history):
    showtime = Booking.objects.filter(status="CONFIRMED").first().showtime
    Showtime.objects.filter(id=showtime.id).update(status="cancelled")
    tasks.cancel_bookings_of_cancelled_showtimes()
    assert tasks.settle_cancellations() == 0
    Showtime.objects.filter(id=showtime.id).update(swept_at=timezone.now() - 2 * closures.SETTLED_AFTER)
    with costs() as made:
        assert tasks.settle_cancellations() == 1
    assert buffers(made) <= 60
    with costs() as made:
        assert tasks.settle_cancellations() == 0
    assert buffers(made) <= 20


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


def test_while_thousands_of_moves_are_open_a_look_costs_the_moves_that_it_looks_at(moves_swept, history):
    rename_all_films()
    with costs() as made:
        assert moves.tell_of_moves(limit=100) == 100
    assert Booking.objects.filter(told_revision=2).count() in range(50, 101)
    assert of_looking(made) <= 60 * 100
    assert rows_read([cost for cost in made if "LATERAL" in cost.sql], "bookings") <= 20 * 100


def test_telling_costs_a_few_statements_and_their_pages_however_many_are_told(moves_swept, history):
    rename_all_films()
    statements = []
    for limit in (20, 200):
        with costs() as made:
            assert moves.tell_of_moves(limit=limit) == limit
        statements.append(len(made))
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


def test_the_gauges_of_each_minute_read_a_day_of_showtimes_and_an_hour_of_bookings(history):
    everything = SeatStatus.objects.count()
    with costs() as made:
        metrics.measure()
    assert len(made) == 3
    for cost in made:
        assert "Seq Scan" not in {node["Node Type"] for node in cost.nodes}, cost
    to_come = Showtime.objects.filter(starts_at__range=(timezone.now(), timezone.now() + timedelta(days=1))).count()
    assert buffers(made) <= 8 * to_come < everything


def test_what_the_clock_starts_costs_what_there_is_to_do(history):
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(long_history):
    assert_bounded(lists(local_user("root", {"admin"})))


def test_what_customers_and_staff_read_costs_what_it_shows(long_history, sign_in):
    booking = Booking.objects.order_by("-id")[0]
    own = ["/bookings", f"/bookings/{booking.id}", f"/bookings/{booking.id}/history"]
    assert_bounded(reads(sign_in(user_id=booking.user_id), own), rows=1000)
    email = f"person{int(booking.reference[1:]) % 20_000}@example.com"
    promotion = f"/promotions/{PromoCode.objects.order_by('-id')[0].promotion_id}"
    promoted = ["/promotions", f"{promotion}/codes", f"{promotion}/uses"]
    assert_bounded(reads(sign_in(("support",)), promoted), rows=1000)
    assert_bounded(files(sign_in(("support",)), ["/promotions:export"]), rows=1000)
    found = [f"/bookings?{by}" for by in (f"reference={booking.reference}", f"email={email}")]
    seats = f"/showtimes/{booking.showtime_id}/seats"
    moved = [f"{seats}/in-screen/{booking.showtime.screen_id}", f"/showtimes/{booking.showtime_id}/tickets/revoked"]
    assert_bounded(reads(sign_in(("support",)), [*found, seats, *moved]), rows=1000)


def test_a_hold_and_its_sale_cost_the_same_however_long_history_is_kept(hold, deliver):
    def sale(place: int) -> int:
        with costs() as made:
            booking = hold(place)
            deliver(
                "payment.authorized",
                booking_id=str(booking.id),
                payment_id=str(uuid7()),
                user_id=str(booking.user_id),
            )
        assert {name for cost in made for name in scanned(cost) if name.startswith(PARTITIONED)} == set()
        return buffers(made)

    few = max(sale(0), sale(1))
    many_partitions(BookingTransition.partitions, OutboxMessage.partitions, InboxMessage.partitions)
    assert min(sale(2), sale(3)) <= few


def test_the_history_of_a_booking_is_looked_for_in_its_own_weeks(hold):
    booking = hold(0)
    many_partitions(BookingTransition.partitions)
    with costs() as made:
        assert len(booking.history.all()) == 1
    assert {name for cost in made for name in scanned(cost)} == {"booking_history_first"}
