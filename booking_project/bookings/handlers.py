"""Which event does what; the queue's bindings derive from HANDLERS."""

from collections.abc import Callable, Mapping, Sequence

from bookings import heard, inventory, projections, selectors, services, tasks
from bookings.domain import PaymentStatus
from bookings.history import Cause
from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, Handlers


def _confirm_all(events: Sequence[Event]) -> None:
    services.confirm_all([event.read(heard.PaymentAuthorized) for event in events], causes=events)


def _record_captures(events: Sequence[Event]) -> None:
    services.record_captures([event.read(heard.PaymentCompleted) for event in events], causes=events)


def _fail(event: Event) -> None:
    payment = event.read(heard.PaymentFailed)
    services.fail_payment(
        booking_id=payment.booking_id,
        stage=payment.stage,
        final=payment.final,
        code=payment.failure_code,
        cause=Cause("payment", event.id),
    )


def _record_void(event: Event) -> None:
    services.record_void(booking_id=event.read(heard.PaymentVoided).booking_id)


def _record_refund(event: Event) -> None:
    payment = event.read(heard.PaymentRefunded)
    services.record_refund(
        booking_id=payment.booking_id,
        status=PaymentStatus(payment.status),
        refunded=payment.refunded_amount.amount if payment.refunded_amount else 0,
        kind=payment.kind,
        seats=payment.seats,
        cause=Cause("payment", event.id, reason="refunded", message=payment.reason),
    )


def _project_screen(event: Event) -> None:
    projections.project_screen(event.read(heard.ScreenUpdated))


def _project_showtimes(events: Sequence[Event]) -> None:
    projections.project_showtimes([event.read(heard.ShowtimeScheduled) for event in events])


def _cancel_showtime(event: Event) -> None:
    projections.project_cancellation(event.read(heard.ShowtimeCancelled))


def _know_customer(event: Event) -> None:
    projections.project_customer(event.read(heard.UserKnown), as_of=event.time)


def _claim_guest(event: Event) -> None:
    projections.claim_guest(event.read(heard.GuestClaimed))


HANDLERS: Handlers = {
    "payment.authorized": Handler(apply_all=_confirm_all),
    "payment.completed": Handler(apply_all=_record_captures),
    "payment.failed": _fail,
    "payment.voided": _record_void,
    "payment.refunded": _record_refund,
    "screen.updated": _project_screen,
    "showtime.scheduled": Handler(apply_all=_project_showtimes),
    "showtime.updated": Handler(apply_all=_project_showtimes),
    "showtime.cancelled": _cancel_showtime,
    "user.registered": _know_customer,
    "user.updated": _know_customer,
    "guest.claimed": _claim_guest,
}

TICKS: Mapping[str, Sequence[Callable[[], object]]] = {
    "clock.second": [
        tasks.expire_holds,
        tasks.cancel_bookings_of_cancelled_showtimes,
        tasks.reseat_moved,
        tasks.tell_of_moves,
        tasks.end_blocks,
    ],
    "clock.minute": [tasks.settle_cancellations, tasks.forget_seats, tasks.follow_claims, tasks.measure],
    "clock.hour": [tasks.forget_address_changes, tasks.follow_old_claims],
}


def lock(events: Sequence[Event]) -> None:
    """Locks the bookings that events are about, and then their seats, each in the order of their keys.

    So does whoever holds seats (inventory.TAKE), so nobody waits in a circle. Events of anything else lock nothing.
    """
    told = {event.read(heard.AboutBooking).booking_id for event in events}
    booking_ids = [booking_id for booking_id in told if booking_id is not None]
    if booking_ids:
        selectors.lock_bookings(booking_ids)
        inventory.lock_seats(booking_ids)
