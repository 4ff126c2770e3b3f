"""How bookings end without a sale. Each function owns its transaction, but end(), which is a part of its caller's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from bookings import events, inventory, locks
from bookings.domain import CancellationRules, State, TooLate, Trigger, next_state, refund_amount
from bookings.errors import BookingNotFound, CancellationClosed, NotCancellable
from bookings.history import Cause, advance
from bookings.metrics import REACHED
from bookings.models import Booking, BookingSeat, BookingTransition, Showtime, ShowtimeMove
from bookings.selectors import locked_booking
from chassis.messaging.events import EventData
from chassis.messaging.outbox import emit_all
from chassis.money import Money
from chassis.states import IllegalTransition

ENDINGS: Mapping[State, type[events.BookingEnded]] = {
    State.REJECTED: events.BookingRejected,
    State.EXPIRED: events.BookingExpired,
    State.CANCELLED: events.BookingCancelled,
    State.FAILED: events.BookingFailed,
}


# Whose reason is in their own words: others are told that it was them, and no more.
IN_THEIR_WORDS = frozenset({Trigger.CANCELLED_BY_CUSTOMER, Trigger.CANCELLED_BY_STAFF})


def cancel_booking(*, booking_id: UUID, user_id: UUID, reason: str = "") -> Booking:
    """Cancels a customer's own booking by the theater's rules; how staff cancel one is in desk.py.

    Raises BookingNotFound, NotCancellable, CancellationClosed.
    """
    trigger = Trigger.CANCELLED_BY_CUSTOMER
    with transaction.atomic():
        booking = locked_booking(booking_id)
        if booking is None or booking.user_id != user_id:
            raise BookingNotFound
        showtime = Showtime.objects.get(id=booking.showtime_id)
        if booking.check_ins.exists():
            raise NotCancellable("Somebody was let in with its ticket.")
        try:
            next_state(State(booking.status), trigger)
            refund = _refund(booking, showtime)
        except IllegalTransition:
            raise NotCancellable(f"The booking is {booking.status}.") from None
        except TooLate:
            raise CancellationClosed from None
        cause = Cause(actor=str(user_id), reason=reason)
        end([booking], trigger, cause=cause, refunds={booking.id: refund})
    return booking


def _refund(booking: Booking, showtime: Showtime) -> int:
    if booking.status == State.PENDING:
        return booking.total_amount
    rules = showtime.rules
    moved = ShowtimeMove.objects.filter(showtime=showtime, revision__gt=booking.showtime_revision).exists()
    return refund_amount(
        total=booking.total_amount,
        starts_at=showtime.starts_at,
        now=timezone.now(),
        rules=CancellationRules(
            cutoff_minutes=rules.get("cancellation_cutoff_minutes") or 0,
            fee_percent=rules.get("cancellation_fee_percent"),
        ),
        moved=moved,
    )


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
            .order_by("id")[:limit]
        )
        end(due, Trigger.SHOWTIME_CANCELLED, cause=Cause("catalog", reason="showtime_cancelled"))
    return len(due)


def end(
    bookings: Sequence[Booking],
    trigger: Trigger,
    *,
    cause: Cause,
    refunds: Mapping[UUID, int] | None = None,
) -> None:
    """Ends locked bookings of one state: their seats are freed, their history and everybody else told, in bulk.

    refunds: what comes back, in minor units, where it is not the total. Raises IllegalTransition.
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
        history.append(advance(booking, trigger, cause=cause, at=now))
        told.append((_ended(booking, seats[booking.id], trigger, cause, (refunds or {}).get(booking.id)), booking.id))
        REACHED.labels(booking.status).inc()
    Booking.objects.filter(id__in=ids).update(status=bookings[0].status)
    BookingTransition.objects.bulk_create(history)
    emit_all(told)
    transaction.on_commit(lambda: _release_locks(bookings, seats))


def _ended(
    booking: Booking, seat_ids: list[UUID], trigger: Trigger, cause: Cause, refund: int | None
) -> events.BookingEnded:
    ended = ENDINGS[State(booking.status)](
        booking_id=booking.id,
        reference=booking.reference,
        user_id=booking.user_id,
        showtime_id=booking.showtime_id,
        seat_ids=seat_ids,
        total=Money(booking.total_amount, booking.currency),
        refund=Money(booking.total_amount if refund is None else refund, booking.currency),
        reason=trigger.value if trigger in IN_THEIR_WORDS else cause.reason,
    )
    return replace(ended, message=cause.message) if isinstance(ended, events.BookingCancelled) else ended


def _release_locks(bookings: Sequence[Booking], seats: Mapping[UUID, list[UUID]]) -> None:
    for booking in bookings:
        owner = locks.Owner(booking.user_id, booking.id)
        locks.release(booking.showtime_id, seats[booking.id], owner=owner)
