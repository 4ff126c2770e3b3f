"""The steps of the saga: what booking does when payment tells something.

Each function owns its transaction: lock, decide (domain.py), save, tell (outbox). How bookings end is in endings.py.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bookings import endings, events, inventory, reductions, tickets
from bookings.domain import PaymentStatus, State, Trigger, advance_payment, payment_failure, refund_takes
from bookings.history import Cause, advance
from bookings.metrics import REACHED, SAGA, TICKETS
from bookings.models import Booking, Showtime
from bookings.selectors import locked_booking, seats_left
from chassis.messaging.outbox import emit
from chassis.money import Money


def confirm_booking(*, booking_id: UUID, payment_id: UUID, card_last4: str = "", cause: Cause) -> State | None:
    """The money is reserved: sells the seats, or rejects the booking when it lost one; the state it is in then.

    card_last4: what staff may look the booking up by.

    A booking that ended already stays as it is: payment hears of that end and gives the money back.
    """
    with transaction.atomic():
        booking = locked_booking(booking_id)
        if booking is None:
            return None
        booking.payment_id, booking.card_last4 = payment_id, card_last4[-4:]
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), PaymentStatus.AUTHORIZED)
        if booking.status != State.PENDING:
            booking.save(update_fields=["payment_id", "card_last4", "payment_status"])
            return State(booking.status)
        seats = list(booking.seats.all())
        if inventory.sell_seats(booking.id) < len(seats):
            booking.save(update_fields=["payment_id", "card_last4", "payment_status"])
            endings.end([booking], Trigger.SEATS_LOST, cause=cause)
            return State.REJECTED
        line = advance(booking, Trigger.SEATS_SOLD, cause=cause, at=timezone.now())
        booking.save(update_fields=["status", "payment_id", "card_last4", "payment_status"])
        line.save(force_insert=True)
        REACHED.labels(booking.status).inc()
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
        booking = locked_booking(booking_id)
        if booking is None:
            return
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), status)
        changed = ["payment_status"]
        if status is PaymentStatus.CAPTURED and booking.status == State.CONFIRMED and not booking.ticket:
            _issue_ticket(booking)
            changed += ["ticket", "seat_tickets"]
        booking.save(update_fields=changed)


def _issue_ticket(booking: Booking) -> None:
    showtime = Showtime.objects.get(id=booking.showtime_id)
    seats = seats_left(booking)
    issued_at = timezone.now()
    codes = tickets.sign(booking=booking, showtime=showtime, seats=seats, issued_at=issued_at)
    tickets.keep(booking, codes, seats)
    emit(
        events.TicketIssued(
            booking_id=booking.id,
            reference=booking.reference,
            user_id=booking.user_id,
            ticket=booking.ticket,
            tickets=events.seat_tickets(booking, seats),
            seats=[events.TicketSeat(seat.seat_id, seat.row, seat.number, seat.category) for seat in seats],
            total=Money(booking.total_amount, booking.currency),
            showtime=events.in_brief(showtime),
            issued_at=issued_at,
        ),
        subject=booking.id,
    )
    TICKETS.labels(showtime.movie_title).inc(len(seats))
    SAGA.observe((issued_at - booking.created_at).total_seconds())


def record_refund(
    *, booking_id: UUID, status: PaymentStatus, refunded: int, kind: str, seats: Collection[UUID] = (), cause: Cause
) -> None:
    """Money went back. Its seats go with it, or all when it was all of it, unless it was goodwill; with the last seat
    the booking ends. Who is in by then stays in.

    refunded: what went back so far, in minor units. seats: whose money it was, none for an amount.
    """
    with transaction.atomic():
        booking = locked_booking(booking_id)
        if booking is None:
            return
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), status)
        booking.refunded_amount = max(booking.refunded_amount, refunded)
        if status is PaymentStatus.REFUNDED:
            booking.refunded_amount = booking.total_amount
        booking.save(update_fields=["payment_status", "refunded_amount"])
        if booking.status != State.CONFIRMED:
            return
        trigger, going = refund_takes(
            State(booking.status),
            status=status,
            kind=kind,
            named=seats,
            seats=[seat.seat_id for seat in seats_left(booking)],
            let_in=set(booking.check_ins.values_list("seat_id", flat=True)),
        )
        if trigger is Trigger.REFUNDED:
            endings.end([booking], trigger, cause=cause)
        elif trigger is not None:
            reductions.give_back(booking, going, cause=cause)


def fail_payment(*, booking_id: UUID, stage: str, final: bool, code: str, cause: Cause) -> None:
    """A declined card ends a booking it came with; otherwise the hold goes on and another card may be tried.

    A capture that failed for good takes the seats back.
    """
    with transaction.atomic():
        booking = locked_booking(booking_id)
        if booking is None:
            return
        told = PaymentStatus.FAILED if stage == "capture" else PaymentStatus.DECLINED
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), told)
        booking.save(update_fields=["payment_status"])
        trigger = payment_failure(State(booking.status), stage=stage, final=final)
        if trigger is not None:
            endings.end([booking], trigger, cause=Cause(cause.actor, cause.event_id, code))
