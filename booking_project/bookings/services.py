"""The steps of the saga: what booking does when payment tells something.

Each function locks, decides (domain.py), saves and tells (outbox). Those of one booking own their transaction; those
of many, of payments that were told of together, are a part of the inbox's. How bookings end is in endings.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bookings import endings, events, exchanges, heard, inventory, reductions, seat_news, tickets
from bookings.domain import PaymentStatus, State, Trigger, advance_payment, payment_failure, refund_takes
from bookings.history import Cause, advance
from bookings.metrics import REACHED, SAGA, TICKETS
from bookings.models import Booking, BookingSeat, Showtime
from bookings.selectors import (
    exchanged_for,
    locked_booking,
    locked_bookings,
    seat_ids_left_of,
    seats_left,
    seats_left_of,
    showtimes_of,
)
from chassis.messaging.events import Event, EventData, at_hand
from chassis.messaging.outbox import emit_all
from chassis.money import Money
from chassis.storage import rows


def confirm_all(payments: Sequence[heard.PaymentAuthorized], *, causes: Sequence[Event]) -> None:
    """The money of bookings is reserved: sells their seats, or rejects those that lost one, or what they are exchanged
    for.

    causes: of each payment the event that told of it. A booking that ended already stays as it is: payment hears of
    that end and gives the money back.
    """
    bookings = locked_bookings(payment.booking_id for payment in payments)
    olds = exchanged_for(bookings.values())
    buying: dict[UUID, _Purchase] = {}
    in_vain: dict[UUID, _Purchase] = {}
    for payment, event in zip(payments, causes, strict=True):
        booking = bookings.get(payment.booking_id)
        if booking is None:
            continue
        booking.payment_id, booking.card_last4 = payment.payment_id, payment.card_last4[-4:]
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), PaymentStatus.AUTHORIZED)
        if booking.status == State.PENDING:
            carried = payment.carried.amount if payment.carried is not None else 0
            exchanged = booking.exchange_of is not None
            is_lost = exchanged and exchanges.is_lost(booking, olds.get(booking.id), carried=carried)
            purchases = in_vain if is_lost else buying
            purchases.setdefault(booking.id, _Purchase(booking, payment.payment_id, event))
    lost = _sell(buying) if buying else []
    rows.update(list(bookings.values()), fields=["status", "payment_id", "card_last4", "payment_status"])
    for purchase in lost:
        with at_hand(purchase.event):
            endings.end([purchase.booking], Trigger.SEATS_LOST, cause=Cause("payment", purchase.event.id))
    for purchase in in_vain.values():
        trigger = Trigger.EXCHANGE_LOST
        with at_hand(purchase.event):
            endings.end([purchase.booking], trigger, cause=Cause("payment", purchase.event.id, trigger.value))


@dataclass(frozen=True, slots=True)
class _Purchase:
    """payment_id: whose money sells the seats of the booking; event: that told of it."""

    booking: Booking
    payment_id: UUID
    event: Event


def _sell(buying: Mapping[UUID, _Purchase]) -> list[_Purchase]:
    """Confirms pending bookings, which are not saved yet; those that lost a seat come back, as they were."""
    seats = seat_ids_left_of(buying)
    sold = inventory.sell_seats(list(buying))
    now = timezone.now()
    lost, confirmed, history = [], [], []
    told: list[tuple[EventData, UUID | str]] = []
    for purchase in buying.values():
        booking = purchase.booking
        if sold[booking.id] < len(seats[booking.id]):
            lost.append(purchase)
            continue
        history.append(advance(booking, Trigger.SEATS_SOLD, cause=Cause("payment", purchase.event.id), at=now))
        confirmed.append(purchase.event)
        told.append((_confirmed(purchase, seats[booking.id]), booking.id))
    rows.insert(history)
    emit_all(told, causes=confirmed)
    transaction.on_commit(lambda: REACHED.labels(State.CONFIRMED).inc(len(confirmed)))
    seat_news.tell_when_committed(purchase.booking.showtime_id for purchase in buying.values())
    return lost


def _confirmed(purchase: _Purchase, seat_ids: list[UUID]) -> events.BookingConfirmed:
    booking = purchase.booking
    return events.BookingConfirmed(
        booking_id=booking.id,
        reference=booking.reference,
        user_id=booking.user_id,
        showtime_id=booking.showtime_id,
        seat_ids=seat_ids,
        payment_id=purchase.payment_id,
        total=Money(booking.total_amount, booking.currency),
    )


def record_captures(payments: Sequence[heard.PaymentCompleted], *, causes: Sequence[Event]) -> None:
    """Keeps that the money of bookings was taken; one that is confirmed gets its ticket, once, and what is exchanged
    for it ends.

    causes: of each payment the event that told of it.
    """
    bookings = locked_bookings(payment.booking_id for payment in payments)
    due: dict[UUID, Event] = {}
    for payment, event in zip(payments, causes, strict=True):
        booking = bookings.get(payment.booking_id)
        if booking is None:
            continue
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), PaymentStatus.CAPTURED)
        if booking.status == State.CONFIRMED and not booking.ticket:
            due.setdefault(booking.id, event)
    if due:
        paid, told_by = [bookings[booking_id] for booking_id in due], list(due.values())
        _issue_tickets(paid, causes=told_by)
        exchanges.complete(paid, causes=told_by)
    rows.update(list(bookings.values()), fields=["payment_status", "ticket", "seat_tickets"])


def _issue_tickets(bookings: Sequence[Booking], *, causes: Sequence[Event]) -> None:
    """Puts their tickets into bookings, which are not saved yet, and tells of them."""
    showtimes = showtimes_of(bookings)
    seats = seats_left_of([booking.id for booking in bookings])
    issued_at = timezone.now()
    told: list[tuple[EventData, UUID | str]] = []
    for booking in bookings:
        showtime = showtimes[booking.showtime_id]
        its = seats[booking.id]
        codes = tickets.sign(booking=booking, showtime=showtime, seats=its, issued_at=issued_at)
        tickets.keep(booking, codes, its)
        told.append((_issued(booking, showtime, its, issued_at), booking.id))
    emit_all(told, causes=causes)

    def count() -> None:
        for booking in bookings:
            TICKETS.labels(showtimes[booking.showtime_id].movie_title).inc(len(seats[booking.id]))
            SAGA.observe((issued_at - booking.created_at).total_seconds())

    transaction.on_commit(count)


def _issued(
    booking: Booking, showtime: Showtime, seats: Sequence[BookingSeat], issued_at: datetime
) -> events.TicketIssued:
    return events.TicketIssued(
        booking_id=booking.id,
        reference=booking.reference,
        user_id=booking.user_id,
        ticket=booking.ticket,
        tickets=events.seat_tickets(booking, seats),
        seats=[events.ticket_seat(seat) for seat in seats],
        total=Money(booking.total_amount, booking.currency),
        showtime=events.in_brief(showtime),
        issued_at=issued_at,
    )


def record_void(*, booking_id: UUID) -> None:
    """The money was let go of."""
    with transaction.atomic():
        booking = locked_booking(booking_id)
        if booking is None:
            return
        booking.payment_status = advance_payment(PaymentStatus(booking.payment_status), PaymentStatus.VOIDED)
        booking.save(update_fields=["payment_status"])


def record_refund(
    *,
    booking_id: UUID,
    status: PaymentStatus,
    refunded: int,
    kind: str,
    seats: Sequence[heard.RefundedSeat] = (),
    cause: Cause,
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
        _note_refunded(booking, seats)
        trigger, going = refund_takes(
            State(booking.status),
            status=status,
            kind=kind,
            named=[seat.id for seat in seats],
            seats=[seat.seat_id for seat in seats_left(booking)],
            let_in=set(booking.check_ins.values_list("seat_id", flat=True)),
        )
        if trigger is Trigger.REFUNDED:
            endings.end([booking], trigger, cause=cause)
        elif trigger is not None:
            reductions.give_back(booking, going, trigger=trigger, cause=cause)


def _note_refunded(booking: Booking, told: Sequence[heard.RefundedSeat]) -> None:
    """Keeps what went back of each of these seats, whoever wanted it, which it does once."""
    amounts = {seat.id: seat.amount for seat in told}
    refunded = list(booking.seats.filter(seat_id__in=amounts, refunded_at=None)) if amounts else []
    for seat in refunded:
        amount = amounts[seat.seat_id]
        seat.refund_amount = seat.price_amount if amount is None else amount.amount
        seat.refunded_at = timezone.now()
    BookingSeat.objects.bulk_update(refunded, ["refund_amount", "refunded_at"])


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
