"""How bookings end without a sale. Each function owns its transaction, but end(), which is a part of its caller's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from bookings import events, inventory, locks
from bookings.domain import WHOLE, Cancellation, State, Trigger, Why, cancellation, next_state, whole
from bookings.errors import BookingNotFound, CancellationClosed, ExchangeUnderWay, NotCancellable
from bookings.history import Cause, advance
from bookings.metrics import REACHED
from bookings.models import Booking, BookingSeat, BookingTransition, ShowtimeMove
from bookings.selectors import (
    in_exchange,
    kept_of,
    locked_booking,
    on_its_way,
    price_given_back,
    returned_of,
    seat_ids_left_of,
)
from bookings.terms import terms_of
from chassis.messaging.events import EventData
from chassis.messaging.outbox import emit_all
from chassis.money import Money
from chassis.states import IllegalTransition

ENDINGS: Mapping[State, type[events.BookingEnded]] = {
    State.REJECTED: events.BookingRejected,
    State.EXPIRED: events.BookingExpired,
    State.FAILED: events.BookingFailed,
}


# Whose reason is in their own words, or names another booking: others are told that it was them, and no more.
IN_THEIR_WORDS = frozenset({Trigger.CANCELLED_BY_CUSTOMER, Trigger.CANCELLED_BY_STAFF, Trigger.EXCHANGED})

# What stands against the end of a booking whose ticket was used, whoever asks for it.
LET_IN = "Somebody was let in with its ticket."


def cancel_booking(*, booking_id: UUID, user_id: UUID, reason: str = "") -> Cancellation:
    """Cancels a customer's own booking by the rules it was sold under; how staff cancel one is in desk.py.

    What comes back, and what does not, is returned. Raises BookingNotFound, NotCancellable, ExchangeUnderWay,
    CancellationClosed.
    """
    with transaction.atomic():
        return cancel(locked_own(booking_id, user_id), reason=reason)


def locked_own(booking_id: UUID, user_id: UUID) -> Booking:
    """A customer's own booking, which nobody else changes until the transaction ends. Raises BookingNotFound."""
    booking = locked_booking(booking_id)
    if booking is None or booking.user_id != user_id:
        raise BookingNotFound
    return booking


def cancel(booking: Booking, *, reason: str = "") -> Cancellation:
    """The same of a locked booking, a part of its caller's transaction.

    Raises NotCancellable, ExchangeUnderWay, CancellationClosed.
    """
    trigger = Trigger.CANCELLED_BY_CUSTOMER
    try:
        next_state(State(booking.status), trigger)
    except IllegalTransition:
        raise NotCancellable(f"The booking is {booking.status}.") from None
    refuse_while_exchanged(booking)
    outcome = cancellation_of(booking)
    if outcome.why is Why.CHECKED_IN:
        raise NotCancellable(LET_IN)
    if not outcome.allowed:
        raise CancellationClosed
    cause = Cause(actor=str(booking.user_id), reason=reason)
    end([booking], trigger, cause=cause, outcomes={booking.id: outcome})
    return outcome


def refuse_while_exchanged(booking: Booking) -> None:
    """Raises ExchangeUnderWay for a locked booking whose other one is sold, and whose money is being taken."""
    if in_exchange(booking):
        raise ExchangeUnderWay


def cancellation_of(booking: Booking) -> Cancellation:
    """What its customer would get back who cancelled it now, by the rules it was sold under."""
    seats = list(booking.seats.all())
    return cancellation(
        state=State(booking.status),
        total=booking.total_amount,
        refunded=booking.refunded_amount + on_its_way(seats),
        hold_expires_at=booking.hold_expires_at,
        given_back=price_given_back(seats),
        kept=kept_of(seats),
        checked_in=booking.check_ins.exists(),
        **rules_now(booking),
    )


def rules_now(booking: Booking) -> dict[str, Any]:
    """What its customer gives it back by, or seats of it: arguments of domain.cancellation() and taken_back()."""
    showtime, known = booking.showtime, max(booking.showtime_revision, booking.accepted_revision)
    return {
        "starts_at": showtime.starts_at,
        "now": timezone.now(),
        "rules": terms_of(booking, showtime).rules,
        "changed": ShowtimeMove.objects.filter(showtime=showtime, revision__gt=known).exists(),
    }


def whole_of(booking: Booking) -> Cancellation:
    """What of it would come back if staff cancelled it now."""
    return _whole(booking, Trigger.CANCELLED_BY_STAFF, booking.seats.all())


def _whole(booking: Booking, trigger: Trigger, gone: Iterable[BookingSeat]) -> Cancellation:
    refunded = booking.refunded_amount + on_its_way(gone)
    return whole(state=State(booking.status), total=booking.total_amount, refunded=refunded, trigger=trigger)


def expire_holds(*, limit: int = 200) -> int:
    """Ends PENDING bookings whose hold ran out, at most `limit`, the oldest first; how many.

    Rows another worker is at are skipped, so nothing is swept twice.
    """
    with transaction.atomic():
        due = list(
            Booking.objects.select_for_update(skip_locked=True)
            .filter(status=State.PENDING, hold_expires_at__lte=Now())
            .order_by("hold_expires_at")[:limit]
        )
        end(due, Trigger.HOLD_ENDED, cause=Cause("clock", reason="hold_ended"))
    return len(due)


def end(
    bookings: Sequence[Booking],
    trigger: Trigger,
    *,
    cause: Cause,
    outcomes: Mapping[UUID, Cancellation] | None = None,
    messages: Mapping[UUID, str] | None = None,
) -> Mapping[UUID, Cancellation]:
    """Ends locked bookings of one state: their seats are freed, their history and everybody else told, in bulk.

    outcomes: of each booking, what comes of its cancellation; without it everything comes back. messages: what staff
    say of it to each customer, where it is not the cause's. The outcomes of cancellations are returned.
    Raises IllegalTransition.
    """
    ids = [booking.id for booking in bookings]
    were_sold = [booking.id for booking in bookings if booking.status == State.CONFIRMED]
    gone = returned_of(were_sold) if were_sold else {}
    if outcomes is None:
        whole_ones = bookings if trigger in WHOLE else ()
        outcomes = {booking.id: _whole(booking, trigger, gone.get(booking.id, ())) for booking in whole_ones}
    if not bookings:
        return outcomes
    inventory.free_seats(ids)
    seats = seat_ids_left_of(ids)
    now = timezone.now()
    told: list[tuple[EventData, UUID | str]] = []
    history = []
    for booking in bookings:
        its = replace(cause, message=messages[booking.id]) if messages else cause
        was = State(booking.status)
        history.append(advance(booking, trigger, cause=its, at=now))
        event = _ended(booking, seats[booking.id], trigger, its, outcomes.get(booking.id), was)
        if isinstance(event, events.BookingCancelled):
            event = _with_gone(event, gone.get(booking.id, ()))
        told.append((event, booking.id))
    reached = bookings[0].status
    Booking.objects.filter(id__in=ids).update(status=reached)
    BookingTransition.objects.bulk_create(history)
    emit_all(told)
    transaction.on_commit(lambda: REACHED.labels(reached).inc(len(ids)))
    transaction.on_commit(lambda: _release_locks(bookings, seats))
    return outcomes


def _ended(
    booking: Booking, seat_ids: list[UUID], trigger: Trigger, cause: Cause, outcome: Cancellation | None, was: State
) -> events.BookingEnded:
    retained = outcome.retained if outcome is not None else 0
    common: dict[str, Any] = {
        "booking_id": booking.id,
        "reference": booking.reference,
        "user_id": booking.user_id,
        "showtime_id": booking.showtime_id,
        "seat_ids": seat_ids,
        "total": Money(booking.total_amount, booking.currency),
        "refund": Money(booking.total_amount - retained, booking.currency),
        "reason": trigger.value if trigger in IN_THEIR_WORDS else cause.reason,
    }
    if outcome is None:
        return ENDINGS[State(booking.status)](**common)
    return events.BookingCancelled(
        **common,
        retained=Money(retained, booking.currency),
        refunded=Money(booking.refunded_amount, booking.currency),
        why=outcome.why,
        message=cause.message,
        confirmed=was is State.CONFIRMED,
        exchanged_for=cause.reason if trigger is Trigger.EXCHANGED else "",
        carried=Money(outcome.carried, booking.currency) if outcome.carried else None,
    )


def _with_gone(event: events.BookingCancelled, gone: Sequence[BookingSeat]) -> events.BookingCancelled:
    """gone: the seats that it had no more when it ended, with what goes back of each."""
    if not gone:
        return event
    currency = event.total.currency
    due = [events.seat_due(seat, seat.refund_amount or 0, currency) for seat in gone]
    return replace(event, refunded=Money(event.refunded.amount + on_its_way(gone), currency), due=due)


def _release_locks(bookings: Sequence[Booking], seats: Mapping[UUID, list[UUID]]) -> None:
    for booking in bookings:
        owner = locks.Owner(booking.user_id, booking.id)
        locks.release(booking.showtime_id, seats[booking.id], owner=owner)
