"""Which event says what to whom.

Each handler writes a notification in the inbox transaction; deliver_for hands it over after the commit. Whatever is
not handed over then (server away, address not known yet, worker killed) is found by the ticks.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler
from notifications import delivery, services, tasks
from notifications.domain import Template, ending_key, receipt_key
from notifications.heard import (
    BookingCreated,
    BookingEnded,
    BookingMoved,
    PaymentCompleted,
    PaymentFailed,
    PaymentRefunded,
    TicketIssued,
    TokenSent,
    UserKnown,
)
from notifications.services import Draft


def deliver_for(event: Event) -> None:
    delivery.deliver_for_event(event_id=event.id)


def welcome(event: Event) -> None:
    user = event.read(UserKnown)
    _know(user, event.time)
    services.write(
        event_id=event.id,
        draft=Draft(
            template=Template.WELCOME,
            user_id=user.user_id,
            natural_key=f"welcome:{user.user_id}",
            context={},
        ),
    )


def know_contact(event: Event) -> None:
    _know(event.read(UserKnown), event.time)


def _know(user: UserKnown, as_of: datetime) -> None:
    services.know_contact(
        user_id=user.user_id,
        username=user.username,
        email=user.email,
        full_name=user.full_name,
        phone=user.phone or "",
        as_of=as_of,
    )


def send_token(template: Template) -> Callable[[Event], None]:
    def apply(event: Event) -> None:
        request = event.read(TokenSent)
        services.write(
            event_id=event.id,
            draft=Draft(
                template=template,
                user_id=request.user_id,
                recipient=request.email,
                context=_context(request, "token", "expires_at"),
                not_after=request.expires_at,
            ),
        )

    return apply


def tell_of_the_hold(event: Event) -> None:
    """A booking whose payment came with it is settled within a second: it needs no notice of its hold."""
    booking = event.read(BookingCreated)
    facts = _context(booking, "reference", "showtime", "seats")
    services.know_booking(booking_id=booking.booking_id, **facts)
    if booking.payment_method is None:
        services.write(
            event_id=event.id,
            draft=Draft(
                template=Template.HOLD,
                user_id=booking.user_id,
                booking_id=booking.booking_id,
                natural_key=f"hold:{booking.booking_id}",
                context=facts | _context(booking, "total", "hold_expires_at"),
                not_after=booking.hold_expires_at,
            ),
        )


def send_receipt(event: Event) -> None:
    payment = event.read(PaymentCompleted)
    services.write(
        event_id=event.id,
        draft=Draft(
            template=Template.RECEIPT,
            user_id=payment.user_id,
            booking_id=payment.booking_id,
            natural_key=receipt_key(payment.booking_id),
            context=_context(payment, "payment_id", "amount", "captured_at"),
        ),
    )


def send_ticket(event: Event) -> None:
    issued = event.read(TicketIssued)
    services.write(
        event_id=event.id,
        draft=Draft(
            template=Template.TICKET,
            user_id=issued.user_id,
            booking_id=issued.booking_id,
            natural_key=f"ticket:{issued.booking_id}",
            context=_context(issued, "reference", "ticket", "showtime", "seats", "total"),
        ),
    )


def tell_of_the_failed_payment(event: Event) -> None:
    """A final failure ends the booking, and the booking's own ending says so too: one message tells of both."""
    payment = event.read(PaymentFailed)
    services.write(
        event_id=event.id,
        draft=Draft(
            template=Template.PAYMENT_FAILED,
            user_id=payment.user_id,
            booking_id=payment.booking_id,
            natural_key=ending_key(payment.booking_id) if payment.final else None,
            context=_context(payment, "amount", "failure_code", "retryable", "final"),
        ),
    )


def tell_of_the_move(event: Event) -> None:
    """One message a booking and move. Later messages about the booking say the new time."""
    moved = event.read(BookingMoved)
    facts = _context(moved, "reference", "showtime", "seats")
    services.know_booking(booking_id=moved.booking_id, revision=moved.revision, **facts)
    services.write(
        event_id=event.id,
        draft=Draft(
            template=Template.BOOKING_MOVED,
            user_id=moved.user_id,
            booking_id=moved.booking_id,
            natural_key=f"moved:{moved.booking_id}:{moved.revision}",
            context=facts | _context(moved, "ticket", "total", "before", "free_cancellation_until"),
            not_after=max(moved.before.starts_at, moved.showtime.starts_at),
        ),
    )


def tell_of_the_ending(template: Template) -> Callable[[Event], None]:
    def apply(event: Event) -> None:
        booking = event.read(BookingEnded)
        services.write(
            event_id=event.id,
            draft=Draft(
                template=template,
                user_id=booking.user_id,
                booking_id=booking.booking_id,
                natural_key=ending_key(booking.booking_id),
                context=_context(booking, "reference", "reason"),
            ),
        )

    return apply


def tell_of_the_refund(event: Event) -> None:
    refund = event.read(PaymentRefunded)
    services.write(
        event_id=event.id,
        draft=Draft(
            template=Template.REFUND,
            user_id=refund.user_id,
            booking_id=refund.booking_id,
            natural_key=f"refund:{refund.refund_id}",
            context=_context(refund, "payment_id", "refund_id", "amount", "refunded_amount", "status"),
        ),
    )


def _context(data: Any, *names: str) -> dict[str, Any]:
    """These fields of the event as JSON types."""
    return {name: msgspec.to_builtins(getattr(data, name)) for name in names}


HANDLERS: dict[str, Handler] = {
    "user.registered": Handler(apply=welcome, then=deliver_for),
    "user.updated": Handler(apply=know_contact),
    "password.reset_requested": Handler(apply=send_token(Template.PASSWORD_RESET), then=deliver_for),
    "email.verification_requested": Handler(apply=send_token(Template.EMAIL_VERIFICATION), then=deliver_for),
    "booking.created": Handler(apply=tell_of_the_hold, then=deliver_for),
    "payment.completed": Handler(apply=send_receipt, then=deliver_for),
    "ticket.issued": Handler(apply=send_ticket, then=deliver_for),
    "payment.failed": Handler(apply=tell_of_the_failed_payment, then=deliver_for),
    "payment.refunded": Handler(apply=tell_of_the_refund, then=deliver_for),
    "booking.moved": Handler(apply=tell_of_the_move, then=deliver_for),
    "booking.cancelled": Handler(apply=tell_of_the_ending(Template.BOOKING_CANCELLED), then=deliver_for),
    "booking.expired": Handler(apply=tell_of_the_ending(Template.BOOKING_EXPIRED), then=deliver_for),
    "booking.rejected": Handler(apply=tell_of_the_ending(Template.BOOKING_REJECTED), then=deliver_for),
    "booking.failed": Handler(apply=tell_of_the_ending(Template.BOOKING_FAILED), then=deliver_for),
}

TICKS: dict[str, list[Callable[[], object]]] = {
    "clock.second": [tasks.deliver_due],
    "clock.minute": [tasks.release_waiting, tasks.give_up_waiting, tasks.measure],
    "clock.hour": [tasks.prune],
}
