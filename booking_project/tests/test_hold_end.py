"""A hold of a second ends on time, on the real database; tests/test_hold_end.py sees the whole system do it."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from django.db import connection
from factories import ShowtimeFactory, seat_ids
from money import authorise

from bookings import endings, holds, inventory, sales, tasks
from bookings.domain import State
from bookings.errors import SeatUnavailable
from bookings.models import Booking, BookingTransition, SeatStatus, Showtime
from chassis.ids import uuid7
from chassis.testing import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
# A look every 20 ms, and a statement.
AN_INSTANT = timedelta(milliseconds=250)
SWEEPERS = 4


@pytest.fixture
def on_sale(transactional_db, settings) -> Showtime:
    settings.HOLD_SECONDS = 1
    return ShowtimeFactory()


def take(showtime: Showtime, seat: UUID) -> Booking | None:
    with suppress(SeatUnavailable):
        return holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[seat]).booking
    return None


def alone(work: Callable[[], T]) -> T:
    """In a thread, on a connection of its own, as another process would."""
    try:
        return work()
    finally:
        connection.close()


def test_the_next_customer_gets_the_seat_the_instant_the_hold_ends_and_not_before(on_sale):
    seat = seat_ids(on_sale)[0]
    first = take(on_sale, seat)
    assert take(on_sale, seat) is None
    second = wait_until(lambda: take(on_sale, seat), 5)
    assert timedelta(0) <= second.created_at - first.hold_expires_at < AN_INSTANT
    assert Booking.objects.get(id=first.id).status == State.PENDING  # no sweep was needed


def test_the_seat_is_shown_free_the_instant_the_hold_ends(on_sale, api):
    seat = seat_ids(on_sale)[0]
    held = take(on_sale, seat)
    assert inventory.seat_statuses(on_sale.id) == {seat: "held"}

    def shown() -> set[str]:
        seats = api.get(f"/showtimes/{on_sale.id}/seats").json()["seats"]
        return {each["status"] for each in seats if each["id"] == str(seat)}

    wait_until(lambda: shown() == {"available"}, 5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        assert timedelta(0) <= cursor.fetchone()[0] - held.hold_expires_at < AN_INSTANT


def test_while_many_sweep_and_others_take_the_seats_each_hold_ends_once(on_sale, emitted, settings):
    seats = seat_ids(on_sale)[:24]
    ended = [take(on_sale, seat).id for seat in seats]
    settings.HOLD_SECONDS = 300  # those who take them keep them, however slow the sweepers are
    wanted = dict.fromkeys(seats)
    sales.reload_sale(on_sale.id)

    def still_pending() -> bool:
        return Booking.objects.filter(id__in=ended, status=State.PENDING).exists()

    def sweep() -> int:
        swept = [0]

        def all_ended() -> bool:
            swept[0] += endings.expire_holds(limit=3)
            return not still_pending()

        wait_until(all_ended, 5)
        return swept[0]

    def buy(seat: UUID) -> None:
        wanted[seat] = wait_until(lambda: take(on_sale, seat), 5).id

    with ThreadPoolExecutor(SWEEPERS + 4) as pool:
        sweeping = [pool.submit(alone, sweep) for _ in range(SWEEPERS)]
        buying = [pool.submit(alone, lambda seat=seat: buy(seat)) for seat in seats]
        for each in buying:
            each.result()
        assert sum(each.result() for each in sweeping) == len(seats)

    told = Counter(event.subject for event in emitted("booking.expired"))
    assert told == Counter(str(booking_id) for booking_id in ended)
    lines = BookingTransition.objects.filter(to_status=State.EXPIRED).values_list("booking_id", flat=True)
    assert Counter(lines) == Counter(ended)
    owners = dict(SeatStatus.objects.filter(showtime_id=on_sale.id).values_list("seat_id", "booking_id"))
    assert owners == wanted


def test_money_that_meets_the_sweep_is_decided_once(on_sale, emitted):
    """Either it was in time for seats that are still free, or the hold had ended: never both."""
    held = [take(on_sale, seat).id for seat in seat_ids(on_sale)[:16]]
    Booking.objects.update(hold_expires_at=Booking.objects.first().created_at)
    SeatStatus.objects.update(held_until=Booking.objects.first().created_at)

    with ThreadPoolExecutor(SWEEPERS) as pool:
        work = [pool.submit(alone, lambda each=each: authorise(each)) for each in held]
        work += [pool.submit(alone, tasks.expire_holds) for _ in range(SWEEPERS)]
        for each in work:
            each.result()
    states = dict(Booking.objects.values_list("id", "status"))
    assert set(states.values()) <= {State.CONFIRMED, State.EXPIRED}
    told = Counter(event.subject for event in (*emitted("booking.confirmed"), *emitted("booking.expired")))
    assert told == Counter(str(booking_id) for booking_id in held)
    sold = set(SeatStatus.objects.filter(status=SeatStatus.Status.SOLD).values_list("booking_id", flat=True))
    assert sold == {booking_id for booking_id, state in states.items() if state == State.CONFIRMED}
