"""A sale with nothing wrong in it, and one violation of each kind planted in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from audit.facts import (
    Authorisation,
    Booking,
    Claim,
    DeadLetter,
    Event,
    Facts,
    Operation,
    PaidSeat,
    Payment,
    Refund,
    Seat,
)
from audit.invariants import audit

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BOOKING, OTHER, SHOWTIME, SEAT, PAYMENT, EVENT = (UUID(int=number) for number in range(1, 7))
TOTAL = 140_000


@pytest.fixture
def facts():
    """One confirmed booking of one seat, paid, its messages sent."""
    return Facts(
        now=NOW,
        bookings={BOOKING: Booking(BOOKING, "AAAA", "CONFIRMED", TOTAL, "VND", NOW - timedelta(hours=1))},
        claims=[Claim(BOOKING, SHOWTIME, SEAT, price=TOTAL)],
        seats=[Seat(SHOWTIME, SEAT, "sold", BOOKING, None)],
        payments=[Payment(PAYMENT, BOOKING, "captured", "VND", TOTAL, 0, TOTAL, 0, 0)],
        operations=[
            Operation(PAYMENT, "authorise", "succeeded", TOTAL),
            Operation(PAYMENT, "capture", "succeeded", TOTAL),
        ],
        ledger={PAYMENT: {"customer": -TOTAL, "authorised": 0, "cash": TOTAL}},
        authorisations=[Authorisation("auth_1", str(PAYMENT), TOTAL, TOTAL, 0, 0)],
        events={"booking": [Event(EVENT, "booking.created", "booking_events", published=True)], "payment": []},
        handled={"booking": set(), "payment": {EVENT}, "notify": {EVENT}},
        bindings={
            ("booking_events", "booking.created", "payment"),
            ("booking_events", "booking.created", "notify"),
        },
        mails={(BOOKING, "receipt"): 1, (BOOKING, "ticket"): 1},
    )


def violated(facts):
    return {finding.number for finding in audit(facts) if finding.violations}


def test_seats_of_a_showtime_that_is_over_may_be_forgotten_and_not_sold_twice(facts):
    facts.seats.clear()
    assert violated(facts) == {1}
    facts.forgotten.add(SHOWTIME)
    assert violated(facts) == set()
    other = UUID(int=99)
    facts.bookings[other] = replace(facts.bookings[BOOKING], id=other, reference="BBBB", status="CONFIRMED")
    facts.claims.append(Claim(other, SHOWTIME, SEAT, price=TOTAL))
    assert 1 in violated(facts)


def booking(facts, **changes):
    facts.bookings[BOOKING] = replace(facts.bookings[BOOKING], **changes)


def payment(facts, **changes):
    facts.payments[0] = replace(facts.payments[0], **changes)


def test_a_clean_sale_violates_nothing(facts):
    findings = audit(facts)
    assert [finding.number for finding in findings] == [1, 2, 3, 4, 5, 6, 7]
    assert all(finding.examined for finding in findings)
    assert violated(facts) == set()


def test_a_seat_of_two_confirmed_bookings_is_found(facts):
    facts.bookings[OTHER] = replace(facts.bookings[BOOKING], id=OTHER, reference="BBBB")
    facts.claims.append(Claim(OTHER, SHOWTIME, SEAT))
    assert 1 in violated(facts)


def test_a_seat_held_and_sold_at_once_is_found(facts):
    facts.bookings[OTHER] = Booking(OTHER, "BBBB", "PENDING", TOTAL, "VND", NOW + timedelta(minutes=5))
    facts.claims.append(Claim(OTHER, SHOWTIME, SEAT))
    assert violated(facts) == {1}


def test_a_hold_that_ended_may_have_been_taken_over(facts):
    facts.bookings[OTHER] = Booking(OTHER, "BBBB", "PENDING", TOTAL, "VND", NOW - timedelta(seconds=1))
    facts.claims.append(Claim(OTHER, SHOWTIME, SEAT))
    assert violated(facts) == set()


@pytest.mark.parametrize("status", ["CANCELLED", "EXPIRED", "REJECTED", "FAILED"])
def test_a_seat_sold_to_a_booking_that_ended_is_found(facts, status):
    booking(facts, status=status)
    assert 1 in violated(facts)


def test_a_confirmed_booking_whose_seat_is_free_is_found(facts):
    facts.seats.clear()
    assert violated(facts) == {1}


def test_a_confirmed_booking_without_its_money_is_found(facts):
    facts.payments.clear()
    facts.operations.clear()
    facts.authorisations.clear()
    assert violated(facts) == {2}


def test_another_amount_than_the_total_is_found(facts):
    booking(facts, total=TOTAL + 1)
    assert violated(facts) == {2}


def refund_everything(facts, kind="cancel", **changes):
    payment(facts, status="refunded", refunded=TOTAL, **changes)
    facts.refunds.append(Refund(PAYMENT, kind, TOTAL))
    facts.operations.append(Operation(PAYMENT, "refund", "succeeded", TOTAL))
    facts.ledger[PAYMENT] = {"customer": 0, "authorised": 0, "cash": 0}
    facts.authorisations[0] = replace(facts.authorisations[0], refunded=TOTAL)


def test_a_confirmed_booking_whose_money_went_back_is_found(facts):
    refund_everything(facts)
    assert violated(facts) == {2}


def test_money_may_go_back_as_goodwill_while_the_ticket_stays(facts):
    refund_everything(facts, kind="goodwill")
    assert violated(facts) == set()


SECOND = UUID(int=7)
HALF = TOTAL // 2


def went_back_as(kind):
    """Of two seats the money of the second."""
    return (PaidSeat(SEAT, HALF, None, False), PaidSeat(SECOND, HALF, kind, False))


@pytest.fixture
def reduced(facts):
    """Of two seats one was given back with its money."""
    facts.claims = [
        Claim(BOOKING, SHOWTIME, SEAT, price=HALF),
        Claim(BOOKING, SHOWTIME, SECOND, price=HALF, given_back=True),
    ]
    payment(facts, status="partially_refunded", refunded=HALF, seats=went_back_as("cancel"))
    facts.refunds = [Refund(PAYMENT, "cancel", HALF, {SECOND: HALF})]
    facts.operations.append(Operation(PAYMENT, "refund", "succeeded", HALF))
    facts.ledger[PAYMENT] = {"customer": -HALF, "authorised": 0, "cash": HALF}
    facts.authorisations[0] = replace(facts.authorisations[0], refunded=HALF)
    return facts


def claim(facts, place, **changes):
    facts.claims[place] = replace(facts.claims[place], **changes)


def test_seats_may_go_back_with_their_money(reduced):
    assert violated(reduced) == set()


def test_a_seat_that_is_kept_though_its_money_went_back_is_found(reduced):
    claim(reduced, 1, given_back=False)
    reduced.seats.append(Seat(SHOWTIME, SECOND, "sold", BOOKING, None))
    assert violated(reduced) == {2}


def test_who_was_let_in_before_the_refund_came_keeps_the_seat(reduced):
    claim(reduced, 1, given_back=False, let_in=True)
    reduced.seats.append(Seat(SHOWTIME, SECOND, "sold", BOOKING, None))
    assert violated(reduced) == {2}
    # And payment has to know that it was goodwill.
    reduced.refunds = [Refund(PAYMENT, "goodwill", HALF, {SECOND: HALF})]
    payment(reduced, seats=went_back_as("goodwill"))
    assert violated(reduced) == set()


def test_a_seat_that_was_given_back_and_is_still_sold_to_its_booking_is_found(reduced):
    reduced.seats.append(Seat(SHOWTIME, SECOND, "sold", BOOKING, None))
    assert violated(reduced) == {1}


def test_a_seat_given_back_to_which_somebody_was_let_in_is_found(reduced):
    claim(reduced, 1, let_in=True)
    assert violated(reduced) == {1}


def test_a_seat_given_back_whose_money_is_still_here_is_found(reduced):
    claim(reduced, 0, given_back=True)
    claim(reduced, 1, given_back=True)
    reduced.seats.clear()
    assert violated(reduced) == {2}


def test_a_seat_whose_money_went_back_twice_is_found(reduced):
    payment(reduced, refunded=TOTAL, status="refunded")
    reduced.refunds.append(Refund(PAYMENT, "goodwill", HALF, {SECOND: HALF}))
    reduced.operations.append(Operation(PAYMENT, "refund", "succeeded", HALF))
    reduced.ledger[PAYMENT] = {"customer": 0, "authorised": 0, "cash": 0}
    reduced.authorisations[0] = replace(reduced.authorisations[0], refunded=TOTAL)
    assert violated(reduced) == {3}


def test_another_amount_than_what_the_seats_were_sold_at_is_found(reduced):
    reduced.refunds[0] = replace(reduced.refunds[0], seats={SECOND: HALF + 1})
    assert violated(reduced) == {3}


def test_money_kept_for_a_cancelled_booking_is_found(facts):
    booking(facts, status="CANCELLED")
    facts.seats.clear()
    assert violated(facts) == {3}


def test_a_cancellation_fee_may_be_kept(facts):
    booking(facts, status="CANCELLED")
    facts.seats.clear()
    payment(facts, refunded=TOTAL - 1000, retained=1000)
    facts.operations.append(Operation(PAYMENT, "refund", "succeeded", TOTAL - 1000))
    facts.ledger[PAYMENT] = {"customer": -1000, "authorised": 0, "cash": 1000}
    facts.authorisations[0] = replace(facts.authorisations[0], refunded=TOTAL - 1000)
    assert violated(facts) == set()


def test_a_fee_of_a_seat_that_was_given_back_is_found(facts):
    booking(facts, status="CANCELLED")
    facts.seats.clear()
    half = TOTAL // 2
    seats = (PaidSeat(SEAT, TOTAL - half, None, True), PaidSeat(SECOND, half, "cancel", True))
    facts.operations.append(Operation(PAYMENT, "refund", "succeeded", TOTAL - 1000))
    facts.ledger[PAYMENT] = {"customer": -1000, "authorised": 0, "cash": 1000}
    facts.authorisations[0] = replace(facts.authorisations[0], refunded=TOTAL - 1000)
    for told, violations in ((2000, set()), (1000, {3})):
        payment(facts, refunded=TOTAL - 1000, retained=1000, fee_told=told, seats=seats)
        assert violated(facts) == violations


def test_money_captured_for_a_mere_hold_is_found(facts):
    booking(facts, status="PENDING", hold_expires_at=NOW + timedelta(minutes=1))
    facts.seats[0] = replace(facts.seats[0], status="held", held_until=NOW + timedelta(minutes=1))
    assert violated(facts) == {3}


def test_an_authorisation_left_open_for_an_expired_booking_is_found(facts):
    booking(facts, status="EXPIRED")
    facts.seats.clear()
    payment(facts, status="authorized", held=TOTAL, captured=0)
    facts.operations.pop()
    facts.ledger[PAYMENT] = {"customer": -TOTAL, "authorised": TOTAL}
    facts.authorisations[0] = replace(facts.authorisations[0], captured=0)
    assert violated(facts) == {3}


def test_a_second_charge_at_the_gateway_is_found(facts):
    facts.authorisations.append(replace(facts.authorisations[0], id="auth_2"))
    assert violated(facts) == {3, 7}


def test_a_second_refund_is_found(facts):
    facts.operations += [Operation(PAYMENT, "refund", "succeeded", 10)] * 2
    payment(facts, refunded=10)
    assert 3 in violated(facts)


def test_a_hold_that_outlived_its_end_by_a_minute_is_found(facts):
    facts.bookings[OTHER] = Booking(OTHER, "BBBB", "PENDING", TOTAL, "VND", NOW - timedelta(seconds=61))
    assert violated(facts) == {4}
    facts.bookings[OTHER] = replace(facts.bookings[OTHER], hold_expires_at=NOW - timedelta(seconds=59))
    assert violated(facts) == set()


def test_an_event_that_was_not_published_is_found(facts):
    facts.events["booking"] = [replace(facts.events["booking"][0], published=False)]
    assert violated(facts) == {5}


def test_an_event_that_a_consumer_lost_is_found(facts):
    facts.handled["notify"].clear()
    (finding,) = (finding for finding in audit(facts) if finding.violations)
    assert finding.violations == (f"notify has not handled booking.created {EVENT} of booking",)


def test_a_named_dead_letter_accounts_for_its_event_at_its_consumer_only(facts):
    facts.handled["notify"].clear()
    facts.dead_letters.append(DeadLetter("notify.dead", "booking.created", str(EVENT)))
    assert violated(facts) == set()
    facts.handled["payment"].clear()
    assert violated(facts) == {5}


@pytest.mark.parametrize("message", ["receipt", "ticket"])
@pytest.mark.parametrize("sent", [0, 2])
def test_a_message_missing_or_sent_twice_is_found(facts, message, sent):
    facts.mails[BOOKING, message] = sent
    assert violated(facts) == {6}


def test_a_ledger_that_does_not_add_up_is_found(facts):
    facts.ledger[PAYMENT]["customer"] += 1
    assert violated(facts) == {7}


def test_a_ledger_that_is_not_the_gateways_is_found(facts):
    facts.ledger[PAYMENT] = {"customer": -1, "cash": 1}
    assert violated(facts) == {7}


def test_money_taken_for_no_payment_of_ours_is_found(facts):
    facts.authorisations.append(Authorisation("auth_2", "somebody else", 5, 0, 5, 0))
    assert violated(facts) == {7}
