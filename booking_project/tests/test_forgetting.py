"""Seats of a showtime that is over are counted no more, and everything that asks for them has its answer."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from factories import seat_ids

from bookings import forgetting, tasks
from bookings.models import SeatStatus, Showtime
from chassis.ids import uuid7
from chassis.testing_plans import buffers, costs, rows_read


@pytest.fixture
def over(showtime):
    """over() → the showtime has been over for as long as its seats are kept."""

    def end(by: timedelta = timedelta(hours=settings.SEATS_KEEP_HOURS, minutes=1)) -> None:
        ended = timezone.now() - by
        Showtime.objects.filter(id=showtime.id).update(starts_at=ended - timedelta(hours=2), ends_at=ended)

    return end


def statuses(showtime, client) -> dict[str, str]:
    seats = client.get(f"/showtimes/{showtime.id}/seats").json()["seats"]
    return {seat["id"]: seat["status"] for seat in seats}


def test_seats_go_a_day_after_the_film_and_not_before(paid, over):
    over(timedelta(hours=settings.SEATS_KEEP_HOURS - 1))
    assert tasks.forget_seats() == 0
    assert SeatStatus.objects.count() == 2
    over()
    assert tasks.forget_seats() == 1
    assert not SeatStatus.objects.exists()
    assert tasks.forget_seats() == 0


def test_a_hold_that_has_not_ended_yet_keeps_them(hold, over, let_hold_end):
    let_hold_end(hold(0))
    over()
    assert tasks.forget_seats() == 0
    assert tasks.expire_holds() == 1
    assert tasks.forget_seats() == 1


def test_the_seat_map_says_what_it_said(paid, hold, over, showtime, sign_in, deliver):
    kept_off = SeatStatus.objects.create(showtime_id=showtime.id, seat_id=seat_ids(showtime)[7], status="blocked")
    client = sign_in()
    before = statuses(showtime, client)
    assert sorted(status for status in before.values() if status != "available") == ["blocked", "sold", "sold"]
    over()
    tasks.forget_seats()
    assert list(SeatStatus.objects.values_list("seat_id", flat=True)) == [kept_off.seat_id]
    assert statuses(showtime, client) == before


def test_a_refund_after_the_film_ends_its_booking(paid, over, deliver):
    over()
    tasks.forget_seats()
    deliver(
        "payment.refunded",
        booking_id=str(paid.id),
        status="refunded",
        kind="cancel",
        refunded_amount={"amount": paid.total_amount, "currency": paid.currency},
        seats=[],
    )
    paid.refresh_from_db()
    assert paid.status == "CANCELLED"


def test_a_showtime_that_is_later_after_all_has_its_seats_again(paid, over, move, showtime):
    """The news of the move came when it was believed to be over."""
    over()
    tasks.forget_seats()
    move(timedelta(days=5))
    assert list(SeatStatus.objects.order_by("seat_id").values_list("seat_id", "status", "booking_id")) == [
        (seat_id, "sold", paid.id) for seat_id in sorted(seat_ids(showtime)[:2])
    ]
    showtime.refresh_from_db()
    assert showtime.seats_forgotten_at is None


@pytest.mark.django_db
def test_batches_follow_each_other_and_cost_what_they_forget():
    """Of thousands of showtimes, most of them over."""
    call_command("load_large", theaters=2, movies=20, showtimes=4000, bookings=8000, users=500, verbosity=0)
    before = timezone.now() - timedelta(hours=settings.SEATS_KEEP_HOURS)
    ended = Showtime.objects.filter(ends_at__lt=before)
    over = ended.count()
    with costs() as made:
        assert tasks.forget_seats() == over > 20 * forgetting.SHOWTIMES
    assert not SeatStatus.objects.filter(
        showtime_id__in=Showtime.objects.filter(ends_at__lt=before).values("id")
    ).exists()
    batches = over // forgetting.SHOWTIMES + 1
    assert len(made) <= 6 * batches
    seats = rows_read(made, "seat_status")
    assert seats > over
    assert max(cost.buffers for cost in made) <= 20 * seats / batches
    for cost in made:
        ways = {(node["Node Type"], node.get("Relation Name")) for node in cost.nodes}
        assert not ways & {("Seq Scan", table) for table in ("showtimes", "seat_status", "bookings")}, cost
    with costs() as made:
        assert tasks.forget_seats() == 0
    assert buffers(made) <= 100  # what this transaction has changed is still in the index


@pytest.mark.django_db(transaction=True)
def test_a_seat_is_sold_where_it_was_held(hold, deliver):
    """Most of them, though all pages are full of others: no index is written to."""
    bookings = [hold(place) for place in range(40)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'seat_status'")
        assert "fillfactor=70" in cursor.fetchone()[0]
    for booking in bookings:
        deliver(
            "payment.authorized",
            booking_id=str(booking.id),
            payment_id=str(uuid7()),
            user_id=str(booking.user_id),
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'seat_status'")
        updated, beside = cursor.fetchone()
    assert updated >= 40
    assert beside >= 0.9 * updated
