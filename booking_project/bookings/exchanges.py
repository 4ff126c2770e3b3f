"""A booking that is exchanged for another showtime of its film: the new seats first, the old ones free at the end.

The new booking is a hold like any other, that names the old one and pays with what that is worth; until its money was
taken the old one is as good as before (docs/adr/0102-an-exchange-ends-with-the-capture.md).
"""

from collections.abc import Sequence

from bookings import endings
from bookings.domain import Cancellation, State, Trigger, Why
from bookings.errors import CancellationClosed, NotExchangeable
from bookings.exchange_rules import Exchange, still_exchangeable
from bookings.history import Cause
from bookings.models import Booking
from bookings.selectors import exchanged_for
from bookings.terms import terms_of
from chassis.messaging.events import Event, at_hand


def agreed(booking: Booking, *, by_staff: bool = False) -> Exchange:
    """On what it is exchanged now: for its customer as a cancellation would be, by staff for all that it is worth.

    Raises NotExchangeable, CancellationClosed.
    """
    if booking.status != State.CONFIRMED or not booking.ticket:
        raise NotExchangeable("Only what is paid is exchanged.")
    outcome = endings.whole_of(booking) if by_staff else endings.cancellation_of(booking)
    if outcome.why is Why.CHECKED_IN or booking.check_ins.exists():
        raise NotExchangeable(endings.LET_IN)
    if not outcome.allowed:
        raise CancellationClosed
    return Exchange(
        booking_id=booking.id,
        reference=booking.reference,
        showtime_id=booking.showtime_id,
        movie_id=terms_of(booking, booking.showtime).movie_id,
        currency=booking.currency,
        worth=outcome.refund,
        retained=outcome.retained,
    )


def is_lost(booking: Booking, old: Booking | None, *, carried: int) -> bool:
    """Whether what was agreed on when the seats of a locked booking were held is not there any more.

    old: what is exchanged for it, locked as well. carried: what that one's payment pays of it, minor units, which it
    tells with the money.
    """
    if old is None or carried != booking.carried:
        return True
    return not still_exchangeable(
        State(old.status),
        left=endings.whole_of(old).refund,
        checked_in=old.check_ins.exists(),
        worth=booking.exchange_worth,
        retained=booking.exchange_retained,
    )


def complete(bookings: Sequence[Booking], *, causes: Sequence[Event]) -> None:
    """The money of locked, confirmed bookings was taken: what is exchanged for them ends, a part of its caller's
    transaction. One that ended another way meanwhile stays as it is.

    causes: of each booking the event that told of it.
    """
    olds = exchanged_for(bookings)
    for booking, event in zip(bookings, causes, strict=True):
        old = olds.get(booking.id)
        if old is None or old.status != State.CONFIRMED:
            continue
        outcome = Cancellation(
            booking.exchange_worth, booking.exchange_retained, Why.EXCHANGED, carried=booking.carried
        )
        cause = Cause("payment", event.id, reason=booking.reference)
        with at_hand(event):
            endings.end([old], Trigger.EXCHANGED, cause=cause, outcomes={old.id: outcome})
