"""What happens to bookings. Each function owns its transaction: lock, decide (domain.py), save, tell (outbox)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from bookings import events, inventory, locks, tickets
from bookings.domain import (
    CancellationRules,
    IllegalTransition,
    PaymentStatus,
    State,
    TooLate,
    Trigger,
    advance_payment,
    next_state,
    payment_failure,
    refund_amount,
)
from bookings.errors import (
    BookingNotFound,
    CancellationClosed,
    NotCancellable,
)
from bookings.metrics import SAGA, TICKETS
from bookings.models import Booking, BookingSeat, BookingTransition, Showtime, ShowtimeMove
from chassis.messaging.events import EventData
from chassis.messaging.outbox import emit, emit_all
from chassis.money import Money
from chassis.telemetry import metrics

log = logging.getLogger(__name__)

ENDED = metrics.counter("bookings_ended_total", "Bookings that reached a state", ["state"])

ENDINGS: Mapping[State, type[events.BookingEnded]] = {
    State.REJECTED: events.BookingRejected,
    State.EXPIRED: events.BookingExpired,
    State.CANCELLED: events.BookingCancelled,
    State.FAILED: events.BookingFailed,
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens: who acts (a user's id or a part of the system), on which event, for what reason."""

    actor: str
    event_id: UUID | None = None
    reason: str = ""


def confirm_booking(*, booking_id: UUID, payment_id: UUID, cause: Cause) -> State | None:
    """The money is reserved: sells the seats, or rejects the booking when it lost one; the state it is in then.

    A booking that ended already stays as it is: payment hears of that end and gives the money back.
    """
    with transaction.atomic():
        booking = _lock(booking_id)
        if booking is None:
            return None
        booking.payment_id = payment_id
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), PaymentStatus.AUTHORIZED)
        if booking.status != State.PENDING:
            booking.save(update_fields=["payment_id", "payment_status"])
            return State(booking.status)
        seats = list(booking.seats.all())
        if inventory.sell_seats(booking.id) < len(seats):
            booking.save(update_fields=["payment_id", "payment_status"])
            _end([booking], Trigger.SEATS_LOST, cause=cause)
            return State.REJECTED
        _advance(booking, Trigger.SEATS_SOLD, cause=cause, also=["payment_id", "payment_status"])
        emit(
            events.BookingConfirmed(
                booking_id=booking.id,
                reference=booking.reference,
                user_id=booking.user_id,
                showtime_id=booking.showtime_id,
                seat_ids=[seat.seat_id for seat in seats],
                payment_id=payment_id,
                total=Money(booking.total_amount, booking.currency),
            ),
            subject=booking.id,
        )
    return State.CONFIRMED


def record_payment(*, booking_id: UUID, status: PaymentStatus) -> None:
    """Keeps what payment told, the latest of it; a captured, confirmed booking gets its ticket, once."""
    with transaction.atomic():
        booking = _lock(booking_id)
        if booking is None:
            return
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), status)
        changed = ["payment_status"]
        if status is PaymentStatus.CAPTURED and booking.status == State.CONFIRMED and not booking.ticket:
            _issue_ticket(booking)
            changed.append("ticket")
        booking.save(update_fields=changed)


def _issue_ticket(booking: Booking) -> None:
    showtime = Showtime.objects.get(id=booking.showtime_id)
    seats = list(booking.seats.all())
    issued_at = timezone.now()
    booking.ticket = tickets.sign(booking=booking, showtime=showtime, seats=seats, issued_at=issued_at)
    emit(
        events.TicketIssued(
            booking_id=booking.id,
            reference=booking.reference,
            user_id=booking.user_id,
            ticket=booking.ticket,
            seats=[events.TicketSeat(seat.seat_id, seat.row, seat.number, seat.category) for seat in seats],
            total=Money(booking.total_amount, booking.currency),
            showtime=events.in_brief(showtime),
            issued_at=issued_at,
        ),
        subject=booking.id,
    )
    TICKETS.labels(showtime.movie_title).inc(len(seats))
    SAGA.observe((issued_at - booking.created_at).total_seconds())


def fail_payment(*, booking_id: UUID, stage: str, final: bool, code: str, cause: Cause) -> None:
    """A declined card ends a booking it came with; otherwise the hold goes on and another card may be tried.

    A capture that failed for good takes the seats back.
    """
    with transaction.atomic():
        booking = _lock(booking_id)
        if booking is None:
            return
        told = PaymentStatus.FAILED if stage == "capture" else PaymentStatus.DECLINED
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), told)
        booking.save(update_fields=["payment_status"])
        trigger = payment_failure(State(booking.status), stage=stage, final=final)
        if trigger is not None:
            _end([booking], trigger, cause=Cause(cause.actor, cause.event_id, code))


def cancel_booking(*, booking_id: UUID, user_id: UUID, is_staff: bool = False, reason: str = "") -> Booking:
    """Cancels a customer's booking by the theater's rules, or, with a reason, anybody's in the name of the staff.

    Raises BookingNotFound, NotCancellable, CancellationClosed.
    """
    with transaction.atomic():
        booking = _lock(booking_id)
        if booking is None or not (is_staff or booking.user_id == user_id):
            raise BookingNotFound
        by_staff = is_staff and booking.user_id != user_id
        trigger = Trigger.CANCELLED_BY_STAFF if by_staff else Trigger.CANCELLED_BY_CUSTOMER
        showtime = Showtime.objects.get(id=booking.showtime_id)
        try:
            next_state(State(booking.status), trigger)
            refund = _refund(booking, showtime, waived=by_staff)
        except IllegalTransition:
            raise NotCancellable(f"The booking is {booking.status}.") from None
        except TooLate:
            raise CancellationClosed from None
        cause = Cause(actor=str(user_id), reason=reason)
        _end([booking], trigger, cause=cause, refunds={booking.id: refund})
    return booking


def _refund(booking: Booking, showtime: Showtime, *, waived: bool) -> int:
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
        waived=waived,
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
        _end(due, Trigger.HOLD_ENDED, cause=Cause("clock", reason="hold_ended"))
    return len(due)


def cancel_bookings_of_cancelled_showtimes(*, limit: int = 200) -> int:
    """Ends open bookings of showtimes that catalog cancelled, at most `limit`; how many. The money goes back whole."""
    with transaction.atomic():
        due = list(
            Booking.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(status__in=[State.PENDING, State.CONFIRMED], showtime__status=Showtime.Status.CANCELLED)
            .order_by("id")[:limit]
        )
        _end(due, Trigger.SHOWTIME_CANCELLED, cause=Cause("catalog", reason="showtime_cancelled"))
    return len(due)


def _end(
    bookings: Sequence[Booking],
    trigger: Trigger,
    *,
    cause: Cause,
    refunds: Mapping[UUID, int] | None = None,
) -> None:
    """Ends locked bookings: their seats are freed, their history and everybody else told, in bulk."""
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
        before = State(booking.status)
        booking.status = next_state(before, trigger)
        history.append(_transition(booking, before, trigger, cause, now))
        told.append((_ended(booking, seats[booking.id], cause, (refunds or {}).get(booking.id)), booking.id))
        ENDED.labels(booking.status).inc()
    Booking.objects.filter(id__in=ids).update(status=bookings[0].status)
    BookingTransition.objects.bulk_create(history)
    emit_all(told)
    transaction.on_commit(lambda: _release_locks(bookings, seats))


def _ended(booking: Booking, seat_ids: list[UUID], cause: Cause, refund: int | None) -> events.BookingEnded:
    return ENDINGS[State(booking.status)](
        booking_id=booking.id,
        reference=booking.reference,
        user_id=booking.user_id,
        showtime_id=booking.showtime_id,
        seat_ids=seat_ids,
        total=Money(booking.total_amount, booking.currency),
        refund=Money(booking.total_amount if refund is None else refund, booking.currency),
        reason=cause.reason,
    )


def _release_locks(bookings: Sequence[Booking], seats: Mapping[UUID, list[UUID]]) -> None:
    for booking in bookings:
        locks.release(booking.showtime_id, seats[booking.id], owner=booking.id)


def _advance(booking: Booking, trigger: Trigger, *, cause: Cause, also: list[str]) -> None:
    before = State(booking.status)
    booking.status = next_state(before, trigger)
    booking.save(update_fields=["status", *also])
    _transition(booking, before, trigger, cause, timezone.now()).save(force_insert=True)
    ENDED.labels(booking.status).inc()


def _transition(booking: Booking, before: State, trigger: Trigger, cause: Cause, at: datetime) -> BookingTransition:
    return BookingTransition(
        booking_id=booking.id,
        from_status=before,
        to_status=booking.status,
        trigger=trigger,
        cause=str(cause.event_id or ""),
        actor=cause.actor,
        reason=cause.reason[:300],
        at=at,
    )


def _lock(booking_id: UUID) -> Booking | None:
    return Booking.objects.select_for_update().filter(id=booking_id).first()
