"""What staff do with somebody else's booking: each deed with its record, in a transaction of its own."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from bookings import endings, exchange_holds, exchanges, holds
from bookings.domain import Cancellation, State, Trigger, next_state
from bookings.errors import AddressChanged, BookingNotFound, NotCancellable, OwnPurchase, SecondPersonNeeded
from bookings.exchange_rules import Exchange
from bookings.history import Cause
from bookings.models import Booking
from bookings.quotes import Quote
from bookings.selectors import locked_booking
from bookings.theaters import bookings_at, refuse_booking, refuse_showtime
from chassis.four_eyes import Objection, alone_up_to
from chassis.money import Money, format_money
from chassis.states import IllegalTransition
from chassis.storage.address_changes import objection_to
from chassis.storage.audit_log import Actor, record
from chassis.web import second_factor

_REFUSED = {Objection.OWN: OwnPurchase, Objection.ADDRESS_CHANGED: AddressChanged}


def cancel_for_customer(*, booking_id: UUID, actor: Actor, reason: str, message: str = "") -> Cancellation:
    """Cancels in the name of the house, whatever the theater's rules: all that was paid goes back.

    reason: a note among staff. message: what the customer is told of it.
    What comes back is returned. What was used is not taken back: money may be given as goodwill, by payment.
    Raises BookingNotFound, SecondFactorNeeded, OwnPurchase, AddressChanged, NotCancellable, ExchangeUnderWay,
    SecondPersonNeeded.
    """
    with transaction.atomic():
        booking = locked_booking(booking_id)
        if booking is None:
            raise BookingNotFound
        refuse_booking(actor.theaters, booking)
        second_factor.require(actor)
        refuse_to_decide_alone(actor, owner_id=booking.user_id)
        before = booking.status
        try:
            next_state(State(before), Trigger.CANCELLED_BY_STAFF)
        except IllegalTransition:
            raise NotCancellable(f"The booking is {before}.") from None
        endings.refuse_while_exchanged(booking)
        if booking.check_ins.exists():
            raise NotCancellable(endings.LET_IN)
        _refuse_too_much(booking)
        cause = Cause(actor=str(actor.id), reason=reason, message=message)
        outcomes = endings.end([booking], Trigger.CANCELLED_BY_STAFF, cause=cause)
        record(
            actor,
            "booking.cancelled",
            ("booking", booking.id),
            before={"status": before},
            after={"status": booking.status, "message": message},
            reason=reason,
        )
    return outcomes[booking.id]


def exchange_for_customer(
    *, booking_id: UUID, actor: Actor, reason: str, wanted: Mapping[str, Any], **holding: Any
) -> holds.Held | holds.Replayed:
    """Holds seats in exchange for somebody's booking, whatever the theater's rules, for all that it is worth.

    Its customer pays the rest. The others as of exchange_holds.exchange_booking(). Raises BookingNotFound, OwnPurchase,
    OtherTheater, AddressChanged, SecondPersonNeeded, NotExchangeable, ExchangeOpen, and what holds.hold_seats() raises.
    """
    owner_id = bookings_at(actor.theaters).values_list("user_id", flat=True).filter(id=booking_id).first()
    if owner_id is None:
        raise BookingNotFound
    refuse_showtime(actor.theaters, wanted["showtime_id"])

    def agree() -> Exchange:
        booking = Booking.objects.select_related("showtime").get(id=booking_id)
        second_factor.require(actor)
        refuse_to_decide_alone(actor, owner_id=booking.user_id)
        exchange = exchanges.agreed(booking, by_staff=True)
        _refuse_too_much(booking)
        worth = format_money(Money(exchange.worth, exchange.currency))
        after = {"exchange": "seats held for it", "worth": worth}
        record(actor, "booking.exchange_begun", ("booking", booking.id), after=after, reason=reason)
        return exchange

    return exchange_holds.hold(agree, user_id=owner_id, wanted=wanted, verified=True, **holding)


def quote_exchange(*, booking_id: UUID, wanted: Mapping[str, Any], by_staff: bool) -> tuple[Quote, Exchange]:
    """What exchange_for_customer() would come to now. by_staff: whether they may sell what is not sold online.

    Raises BookingNotFound, NotExchangeable, and what quotes.quote_seats() raises.
    """
    booking = Booking.objects.select_related("showtime").filter(id=booking_id).first()
    if booking is None:
        raise BookingNotFound
    exchange = exchanges.agreed(booking, by_staff=True)
    return exchange_holds.quote(exchange, user_id=booking.user_id, wanted=wanted, by_staff=by_staff), exchange


def _refuse_too_much(booking: Booking) -> None:
    """Raises SecondPersonNeeded. What is not paid yet does not leave the house; what went back before counts."""
    limit = alone_up_to(settings.REFUND_ALONE_UP_TO, booking.currency)
    if booking.status == State.CONFIRMED and booking.total_amount > (limit or 0):
        raise SecondPersonNeeded


def refuse_to_decide_alone(actor: Actor, *, owner_id: UUID) -> None:
    """Raises OwnPurchase, AddressChanged."""
    said = objection_to(actor.account_id, owner_id=owner_id)
    if said is not None:
        raise _REFUSED[said]
