"""What costs nothing: no card, no money, and yet not everything for whoever comes first."""

from datetime import timedelta

import pytest
from django.utils import timezone
from factories import TARIFF, ShowtimeFactory, seat_ids
from money import authorise, capture

from bookings import endings, holds
from bookings.domain import PaymentStatus, State, Why
from bookings.errors import AddressNotVerified, TooManyHolds
from bookings.models import Booking
from chassis.ids import first_uuid7_at, uuid7

FREE = {**TARIFF, "fees": [], "prices": {"adult": {"standard": 0, "premium": 50000}, "child": {"standard": 0}}}


@pytest.fixture
def showtime(db):
    return ShowtimeFactory(tariff=FREE)


@pytest.fixture
def sold(hold):
    """A booking of two seats that cost nothing, with its tickets."""
    booking = hold(0, 1)
    authorise(booking.id, card_last4="")
    capture(booking.id)
    booking.refresh_from_db()
    return booking


def test_what_costs_nothing_is_confirmed_as_everything_is(sold, emitted):
    assert (sold.status, sold.payment_status, sold.total_amount) == (State.CONFIRMED, "captured", 0)
    assert len(sold.seat_tickets) == 2
    (told,) = emitted("ticket.issued")
    assert told.data["total"] == {"amount": 0, "currency": "VND"}


def test_a_card_that_nothing_is_charged_to_is_not_told_of(hold, emitted):
    booking = hold(0, payment_method={"token": "tok_visa"})
    assert not booking.with_card
    assert emitted("booking.created")[0].data["payment_method"] is None


def test_it_is_cancelled_for_nothing(sold, sign_in, emitted):
    customer = sign_in(user_id=sold.user_id)
    nothing = {"amount": 0, "currency": "VND"}
    shown = customer.get(f"/bookings/{sold.id}/cancellation").json()
    assert (shown["allowed"], shown["refund"], shown["retained"]) == (True, nothing, nothing)
    made = customer.delete(f"/bookings/{sold.id}").json()
    assert (made["status"], made["cancellation"]["why"]) == ("CANCELLED", Why.IN_TIME)
    (told,) = emitted("booking.cancelled")
    assert (told.data["refund"], told.data["retained"]) == (nothing, nothing)


def test_a_late_cancellation_keeps_a_fee_of_nothing(sold, showtime):
    terms = {**sold.terms, "rules": {"cutoff_minutes": 60 * 24 * 30, "fee_percent": 50}}
    Booking.objects.filter(id=sold.id).update(terms=terms)
    outcome = endings.cancel_booking(booking_id=sold.id, user_id=sold.user_id)
    assert (outcome.refund, outcome.retained, outcome.why) == (0, 0, Why.LATE)


def test_staff_cancel_it_whatever_they_may_give_back_alone(sold, sign_in, settings):
    settings.REFUND_ALONE_UP_TO = {}
    support = sign_in(roles=("support",))
    answer = support.delete(f"/bookings/{sold.id}", {"reason": "asked by telephone"})
    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")


def test_the_end_of_its_payment_takes_nothing_from_it(sold, deliver):
    endings.cancel_booking(booking_id=sold.id, user_id=sold.user_id)
    deliver("payment.voided", booking_id=str(sold.id), payment_id=str(uuid7()), user_id=str(sold.user_id))
    sold.refresh_from_db()
    assert (sold.status, sold.payment_status, sold.refunded_amount) == (State.CANCELLED, PaymentStatus.VOIDED, 0)


def test_a_free_seat_beside_one_that_is_paid_is_given_back_with_nothing(showtime, deliver):
    ids = seat_ids(showtime)
    held = holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[ids[0], ids[-1]], verified=True)
    assert held.booking.total_amount == 50000
    authorise(held.booking.id)
    capture(held.booking.id)
    money = {"amount": 0, "currency": "VND"}
    deliver(
        "payment.refunded",
        booking_id=str(held.booking.id),
        status="captured",
        kind="cancel",
        refunded_amount=money,
        seats=[{"id": str(ids[0]), "row": "A", "number": 1, "price": money}],
    )
    booking = Booking.objects.get(id=held.booking.id)
    assert booking.status == State.CONFIRMED
    assert [seat.seat_id for seat in booking.seats.filter(given_back_at=None)] == [ids[-1]]
    assert endings.cancellation_of(booking).refund == 50000


def take(showtime, user_id, *places, **wanted):
    ids = seat_ids(showtime)
    booking = holds.hold_seats(
        user_id=user_id, showtime_id=showtime.id, seat_ids=[ids[place] for place in places], **wanted
    ).booking
    authorise(booking.id, card_last4="")
    capture(booking.id)
    return booking


def test_nobody_takes_a_hall_that_costs_nothing(showtime, settings):
    settings.MAX_OPEN_HOLDS = 2
    customer = uuid7()
    for place in range(2):
        take(showtime, customer, place, verified=True)
    with pytest.raises(TooManyHolds):
        take(showtime, customer, 2, verified=True)
    assert take(showtime, uuid7(), 2, verified=True)


def test_who_has_not_proven_an_address_gets_a_few_free_seats_whatever_card_they_name(showtime, settings):
    settings.MAX_SEATS_UNVERIFIED = 3
    customer = uuid7()
    card = {"token": "tok_visa"}
    take(showtime, customer, 0, 1, payment_method=card)
    with pytest.raises(AddressNotVerified):
        take(showtime, customer, 2, 3, payment_method=card)
    assert take(showtime, customer, 2, payment_method=card)


def test_what_was_free_a_while_ago_does_not_count(showtime, settings):
    settings.MAX_OPEN_HOLDS = 1
    customer, then = uuid7(), timezone.now() - timedelta(hours=1)
    Booking.objects.create(
        id=first_uuid7_at(then),
        reference="OLD",
        user_id=customer,
        showtime=showtime,
        status=State.CONFIRMED,
        total_amount=0,
        currency="VND",
        hold_expires_at=then,
        created_at=then,
    )
    assert take(showtime, customer, 1, verified=True)
    with pytest.raises(TooManyHolds):
        take(showtime, customer, 2, verified=True)
