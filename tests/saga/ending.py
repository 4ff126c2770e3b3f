"""What must be true of one booking and its payment once nothing of them is under way."""

from typing import Any

from one_saga import PRICE, Saga, State, Trigger, booking_domain, payment_domain, payment_seats


def assert_ended_well(saga: Saga, inventory: Any) -> None:
    """inventory: by seat, the saga that has it."""
    payment = saga.payment
    assert saga.state is not State.PENDING
    assert booking_domain.rebuild(saga.history) is saga.state
    assert saga.payable_until == saga.held_until <= 1
    assert (payment.under_way, payment.held, payment.attention) == (None, 0, "")
    # What another booking holds that is exchanged for this one, or was, is here and does not count here.
    kept = payment.captured - payment.refunded - payment.lent
    assert payment.to_return == 0
    assert saga.gift_ledger["reserved"] == 0
    assert -saga.gift_ledger["balance"] == saga.gift_ledger["redeemed"] <= kept + payment.lent + payment.exchanged
    if saga.state is State.CONFIRMED:
        assert (payment.captured, payment.lent) == (saga.total, 0)
        assert kept == saga.total - saga.given_back - saga.returned
        assert not payment_seats.to_give_back(payment.seats, payment.left)
        assert saga.cancelled <= PRICE * len(saga.given_back_seats | saga.let_in)
        assert {seat.id for seat in payment.seats if seat.given_back} <= saga.given_back_seats
        assert saga.tickets == 1
        assert saga.has
        assert all(inventory[seat] is saga for seat in saga.has)
    else:
        # What staff gave counts towards what the saga owes, and what they give of a fee comes on top.
        assert payment.refunded - saga.given_back <= saga.refund
        owed = payment.refunded + payment.lent if saga.given_back else saga.refund
        assert payment.due_back <= 0
        assert kept == (saga.total - owed if payment.captured else 0)
        # Of seats that were given back nothing is kept, whether or not booking knew of them when it ended.
        gone = sum(seat.owed for seat in payment.seats if seat.given_back)
        assert kept <= payment.retained <= saga.total - gone
        whole = sum(seat.price for seat in payment.seats if seat.charged)
        left = sum(seat.price for seat in payment.seats if seat.charged and not seat.given_back)
        assert whole == 0 or kept <= payment.fee_told * left // whole + payment_seats.kept(payment.seats)
        assert payment.booking is payment_domain.Booking.ENDED
    # Of what pays another booking nobody is told that it went back.
    for status in ("captured", "partially_refunded", "refunded") if saga.history[-1] is not Trigger.EXCHANGED else ():
        assert (saga.known == status) == (payment.status == status)
