"""What the hot path costs, in statements; savepoints are of the tests' own transaction and are not counted.

The hold, the seat map and the list of bookings have theirs beside their other tests.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import endings
from bookings.models import Booking
from bookings.tasks import cancel_bookings_of_cancelled_showtimes, expire_holds
from chassis.ids import uuid7


@contextmanager
def statements(expected: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as captured:
        yield
    made = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(made) == expected, "\n".join(made)


@pytest.fixture
def about(hold) -> Callable[..., dict[str, str]]:
    """about(0, 1) → what payment's events say of a new booking of these seats."""

    def make(*places: int) -> dict[str, str]:
        booking = hold(*places)
        return {"booking_id": str(booking.id), "payment_id": str(uuid7()), "user_id": str(booking.user_id)}

    return make


def test_authorised_money(about, deliver):
    # inbox, lock, seats, sell, save, history, outbox
    for places in ((0,), (1, 2, 3)):
        told = about(*places)
        with statements(7):
            deliver("payment.authorized", **told)
        with statements(3):
            deliver("payment.authorized", **told)


def test_captured_money_and_the_ticket(about, deliver):
    told = about(0, 1)
    deliver("payment.authorized", **told)
    # inbox, lock, showtime, seats, outbox, save
    with statements(6):
        deliver("payment.completed", **told)
    with statements(3):
        deliver("payment.completed", **told)


def test_a_failed_payment(about, deliver):
    told = about(0, 1)
    # inbox, lock, save
    with statements(3):
        deliver("payment.failed", **told, stage="authorise", final=False)
    # and the end: seats freed, seats for the event, state, history, outbox
    with statements(8):
        deliver("payment.failed", **told, stage="authorise", final=True)


@pytest.mark.parametrize("event_type", ["payment.voided", "payment.refunded"])
def test_what_is_only_noted(about, deliver, event_type):
    told = about(0)
    with statements(3):
        deliver(event_type, **told)


def test_an_event_that_was_handled_before_is_one_statement(about, deliver):
    told, event_id = about(0), uuid7()
    deliver("payment.authorized", event_id=event_id, **told)
    with statements(1):
        deliver("payment.authorized", event_id=event_id, **told)


def test_a_tick_with_nothing_to_do_is_one_statement_for_each_sweep(hold):
    hold(0)
    for sweep in (expire_holds, cancel_bookings_of_cancelled_showtimes):
        with statements(1):
            assert sweep() == 0


def test_a_batch_of_holds_that_ended_costs_the_same_whatever_its_size(hold, let_hold_end):
    for places in ([0], [1, 2, 3, 4, 5]):
        for place in places:
            let_hold_end(hold(place))
        # lock, seats freed, seats for the events, state, history, outbox
        with statements(6):
            assert endings.expire_holds() == len(places)


def test_one_booking_is_read_with_two_statements_and_its_history_with_three(hold, sign_in):
    booking = hold(0, 1, 2)
    customer = sign_in(user_id=booking.user_id)
    with statements(2):
        assert len(customer.get(f"/bookings/{booking.id}").json()["seats"]) == 3
    with statements(3):
        assert customer.get(f"/bookings/{booking.id}/history").json()["results"]


def test_a_page_of_bookings_costs_the_same_whatever_its_length(hold, sign_in, settings):
    settings.MAX_OPEN_HOLDS = 9
    customer = sign_in()
    for place in range(6):
        hold(place, user_id=customer.user_id)
        with statements(2):
            assert len(customer.get("/bookings").json()["results"]) == place + 1


def test_a_cancellation(hold, about, deliver, sign_in):
    told = about(0, 1)
    deliver("payment.authorized", **told)
    customer = sign_in(user_id=told["user_id"])
    # whose it is, answered with two; lock, whether it is being exchanged, seats, showtime, who was let in, its moves;
    # the end with five as above, and with the seats that were given back before
    with statements(1 + 6 + 6 + 2):
        assert customer.delete(f"/bookings/{told['booking_id']}").json()["status"] == "CANCELLED"
    assert Booking.objects.get(id=told["booking_id"]).status == "CANCELLED"
