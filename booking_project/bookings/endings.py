"""How bookings end without a sale. Each function owns its transaction, but end(), which is a part of its caller's."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from bookings import events, inventory, locks
from bookings.domain import WHOLE, Cancellation, State, Trigger, cancellation, next_state, whole
from bookings.errors import BookingNotFound, CancellationClosed, NotCancellable
from bookings.history import Cause, advance
from bookings.metrics import REACHED
from bookings.models import Booking, BookingSeat, BookingTransition, Showtime, ShowtimeMove
from bookings.selectors import locked_booking
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


def cancel_booking(*, booking_id: UUID, user_id: UUID, is_staff: bool = False, reason: str = "") -> Cancellation:
    """Cancels a customer's booking by the rules it was sold under, or, with a reason, anybody's for the staff.

    What comes back, and what does not, is returned. Raises BookingNotFound, NotCancellable, CancellationClosed.
    """
    with transaction.atomic():
        booking = locked_booking(booking_id)
        if booking is None or not (is_staff or booking.user_id == user_id):
            raise BookingNotFound
        by_staff = is_staff and booking.user_id != user_id
        trigger = Trigger.CANCELLED_BY_STAFF if by_staff else Trigger.CANCELLED_BY_CUSTOMER
        try:
            next_state(State(booking.status), trigger)
        except IllegalTransition:
            raise NotCancellable(f"The booking is {booking.status}.") from None
        outcome = _whole(booking, trigger) if by_staff else cancellation_of(booking)
        if not outcome.allowed:
            raise CancellationClosed
        cause = Cause(actor=str(user_id), reason=reason)
        end([booking], trigger, cause=cause, outcomes={booking.id: outcome})
    return outcome


def cancellation_of(booking: Booking) -> Cancellation:
    """What its customer would get back who cancelled it now, by the rules it was sold under."""
    showtime = booking.showtime
    changed = ShowtimeMove.objects.filter(showtime=showtime, revision__gt=booking.showtime_revision).exists()
    return cancellation(
        state=State(booking.status),
        total=booking.total_amount,
        refunded=booking.refunded_amount,
        hold_expires_at=booking.hold_expires_at,
        starts_at=showtime.starts_at,
        now=timezone.now(),
        rules=terms_of(booking, showtime).rules,
        changed=changed,
    )


def _whole(booking: Booking, trigger: Trigger) -> Cancellation:
    state = State(booking.status)
    return whole(state=state, total=booking.total_amount, refunded=booking.refunded_amount, trigger=trigger)


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


def cancel_bookings_of_cancelled_showtimes(*, limit: int = 200) -> int:
    """Ends open bookings of showtimes that catalog cancelled, at most `limit`; how many. The money goes back whole."""
    with transaction.atomic():
        due = list(
            Booking.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(status__in=[State.PENDING, State.CONFIRMED], showtime__status=Showtime.Status.CANCELLED)
            .select_related("showtime")
            .order_by("id")[:limit]
        )
        messages = {booking.id: booking.showtime.cancellation_message for booking in due}
        cause = Cause("catalog", reason="showtime_cancelled")
        end(due, Trigger.SHOWTIME_CANCELLED, cause=cause, messages=messages)
    return len(due)


def end(
    bookings: Sequence[Booking],
    trigger: Trigger,
    *,
    cause: Cause,
    outcomes: Mapping[UUID, Cancellation] | None = None,
    messages: Mapping[UUID, str] | None = None,
) -> None:
    """Ends locked bookings of one state: their seats are freed, their history and everybody else told, in bulk.

    outcomes: of a cancellation, what comes back; without it everything does. messages: what staff say of it to the
    customer. Raises IllegalTransition.
    """
    if not bookings:
        return
    ids = [booking.id for booking in bookings]
    inventory.free_seats(ids)
    seats: dict[UUID, list[UUID]] = {booking_id: [] for booking_id in ids}
    for booking_id, seat_id in (
        BookingSeat.objects.filter(booking__in=ids).order_by("id").values_list("booking_id", "seat_id")
    ):
        seats[booking_id].append(seat_id)
    now = timezone.now()
    told: list[tuple[EventData, UUID | str]] = []
    history = []
    for booking in bookings:
        outcome = (outcomes or {}).get(booking.id) or (_whole(booking, trigger) if trigger in WHOLE else None)
        history.append(advance(booking, trigger, cause=cause, at=now))
        message = (messages or {}).get(booking.id, "")
        told.append((_ended(booking, seats[booking.id], cause, outcome, message), booking.id))
        REACHED.labels(booking.status).inc()
    Booking.objects.filter(id__in=ids).update(status=bookings[0].status)
    BookingTransition.objects.bulk_create(history)
    emit_all(told)
    transaction.on_commit(lambda: _release_locks(bookings, seats))


def _ended(
    booking: Booking, seat_ids: list[UUID], cause: Cause, outcome: Cancellation | None, message: str
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
        "reason": cause.reason,
    }
    if outcome is None:
        return ENDINGS[State(booking.status)](**common)
    return events.BookingCancelled(
        **common,
        retained=Money(retained, booking.currency),
        refunded=Money(booking.refunded_amount, booking.currency),
        why=outcome.why,
        message=message,
    )


def _release_locks(bookings: Sequence[Booking], seats: Mapping[UUID, list[UUID]]) -> None:
    for booking in bookings:
        owner = locks.Owner(booking.user_id, booking.id)
        locks.release(booking.showtime_id, seats[booking.id], owner=owner)
