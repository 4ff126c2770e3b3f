"""Which event does what. The transaction writes the intent; the gateway is asked after it, on every delivery."""

from collections.abc import Callable
from uuid import UUID

from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, each
from chassis.storage import address_changes
from payments import operations, services, tasks
from payments.heard import BookingCheckedIn, BookingConfirmed, BookingCreated, BookingEnding, UserUpdated


def open_payment(event: Event) -> None:
    services.open_payment(booking=event.read(BookingCreated))


def confirm_booking(event: Event) -> None:
    services.confirm_booking(booking=event.read(BookingConfirmed))


def end_booking(event: Event) -> None:
    services.end_booking(booking=event.read(BookingEnding))


def note_let_in(event: Event) -> None:
    services.note_let_in(booking=event.read(BookingCheckedIn))


def note_address_change(event: Event) -> None:
    user = event.read(UserUpdated)
    address_changes.note(user_id=user.user_id, changed_by=user.email_changed_by, changed_at=user.email_changed_at)


def ask_gateway(event: Event) -> None:
    """Runs what is due for this booking; when somebody is at it, or was killed at it, the sweep sees to the rest."""
    operation = operations.lease_of_booking(UUID(event.data["booking_id"]))
    if operation is not None:
        operations.run(operation)


def ask_gateway_if_paid_at_once(event: Event) -> None:
    """A booking without a payment method waits for its customer; there is nothing to look for."""
    if event.data.get("payment_method") is not None:
        ask_gateway(event)


_ending = Handler(apply_all=each(end_booking), then_all=each(ask_gateway))

HANDLERS: dict[str, Handler] = {
    "booking.created": Handler(apply_all=each(open_payment), then_all=each(ask_gateway_if_paid_at_once)),
    "booking.confirmed": Handler(apply_all=each(confirm_booking), then_all=each(ask_gateway)),
    "booking.rejected": _ending,
    "booking.expired": _ending,
    "booking.cancelled": _ending,
    "booking.failed": _ending,
    "booking.checked_in": Handler(apply_all=each(note_let_in)),
    "user.updated": Handler(apply_all=each(note_address_change)),
}

TICKS: dict[str, list[Callable[[], object]]] = {
    "clock.second": [tasks.resume_operations],
    "clock.minute": [tasks.measure, tasks.lapse_refunds],
    "clock.hour": [tasks.forget_webhooks, tasks.forget_address_changes, tasks.reseal_tokens],
}
