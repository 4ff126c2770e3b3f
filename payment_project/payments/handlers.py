"""Which event does what. The transaction writes the intent; the gateway is asked after it, on every delivery."""

from collections.abc import Callable, Sequence
from uuid import UUID

from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, each
from chassis.storage import address_changes, guest_claims
from payments import operations, seated, services, tasks
from payments.heard import (
    BookingCheckedIn,
    BookingConfirmed,
    BookingCreated,
    BookingEnding,
    BookingExtended,
    BookingReduced,
    BookingSeated,
    GuestClaimed,
    OfBooking,
    UserUpdated,
)


def open_payments(events: Sequence[Event]) -> None:
    services.open_payments(bookings=[event.read(BookingCreated) for event in events], causes=_by_booking(events))


def confirm_bookings(events: Sequence[Event]) -> None:
    services.confirm_bookings(bookings=[event.read(BookingConfirmed) for event in events])


def extend_holds(events: Sequence[Event]) -> None:
    services.extend_holds(bookings=[event.read(BookingExtended) for event in events])


def give_seats_back(event: Event) -> None:
    services.give_seats_back(booking=event.read(BookingReduced))


def end_booking(event: Event) -> None:
    services.end_booking(booking=event.read(BookingEnding))


def rename_seats(event: Event) -> None:
    seated.rename_seats(booking=event.read(BookingSeated))


def note_let_in(event: Event) -> None:
    services.note_let_in(booking=event.read(BookingCheckedIn))


def note_address_change(event: Event) -> None:
    user = event.read(UserUpdated)
    address_changes.note(user_id=user.user_id, changed_by=user.email_changed_by, changed_at=user.email_changed_at)


def claim_guest(event: Event) -> None:
    """What comes later follows by the clock."""
    claim = event.read(GuestClaimed)
    guest_claims.note(guest_id=claim.guest_id, user_id=claim.user_id)
    guest_claims.follow("payments", guest_id=claim.guest_id)


def ask_gateway_for(events: Sequence[Event]) -> None:
    """Runs what is due for these bookings; when somebody is at it, or was killed at it, the sweep sees to the rest."""
    causes = _by_booking(events)
    operations.run_all(operations.lease_of_bookings(causes.keys()), causes=causes)


def ask_gateway_for_paid_at_once(events: Sequence[Event]) -> None:
    """A booking without a payment method waits for its customer; there is nothing to look for, but of an exchange."""
    paid = [event for event in events if event.data.get("payment_method") or event.data.get("exchange")]
    if paid:
        ask_gateway_for(paid)


def lock(events: Sequence[Event]) -> None:
    """Locks the payments that events of all types will touch, in one order."""
    about_bookings = [event for event in events if event.type.startswith("booking.")]
    told = [event.read(OfBooking) for event in about_bookings]
    exchanged = {each.exchange.booking_id for each in told if each.exchange is not None}
    services.lock_payments({each.booking_id for each in told} | exchanged)


def _by_booking(events: Sequence[Event]) -> dict[UUID, Event]:
    """The first event of each booking."""
    return {event.read(OfBooking).booking_id: event for event in reversed(events)}


_ending = Handler(apply_all=each(end_booking), then_all=ask_gateway_for)

HANDLERS: dict[str, Handler] = {
    "booking.created": Handler(apply_all=open_payments, then_all=ask_gateway_for_paid_at_once),
    "booking.extended": Handler(apply_all=extend_holds),
    "booking.confirmed": Handler(apply_all=confirm_bookings, then_all=ask_gateway_for),
    "booking.reduced": Handler(apply_all=each(give_seats_back), then_all=ask_gateway_for),
    "booking.rejected": _ending,
    "booking.expired": _ending,
    "booking.cancelled": _ending,
    "booking.failed": _ending,
    "booking.moved": Handler(apply_all=each(rename_seats)),
    "booking.reseated": Handler(apply_all=each(rename_seats)),
    "booking.checked_in": Handler(apply_all=each(note_let_in)),
    "user.updated": Handler(apply_all=each(note_address_change)),
    "guest.claimed": Handler(apply_all=each(claim_guest)),
}

TICKS: dict[str, list[Callable[[], object]]] = {
    "clock.second": [tasks.resume_operations, tasks.sum_up_takings, tasks.reconcile],
    "clock.minute": [
        tasks.measure,
        tasks.lapse_refunds,
        tasks.lapse_gift_cards,
        tasks.issue_receipts,
        tasks.follow_claims,
    ],
    "clock.hour": [
        tasks.issue_credit_notes,
        tasks.forget_webhooks,
        tasks.forget_address_changes,
        tasks.follow_old_claims,
        tasks.reseal_tokens,
        tasks.reconcile_yesterday,
    ],
}
