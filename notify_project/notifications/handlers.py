"""What each event does: what is known from it, and the message that tells it.

Both are written in the inbox transaction, of all events that came together; the messages are handed over after the
commit. Whatever is not handed over then (server away, address not known yet, worker killed) is found by the ticks.
"""

from collections.abc import Callable, Iterable, Sequence

from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, each
from chassis.storage.database import lock_names
from notifications import claims, delivery, services, tasks
from notifications.heard import (
    BookingCreated,
    BookingMoved,
    BookingReduced,
    BookingReseated,
    EmailVerified,
    GuestClaimed,
    UserKnown,
)
from notifications.kinds import KINDS
from notifications.kinds.kind import Kind
from notifications.models import BookingSummary


def know_contact(event: Event) -> None:
    user = event.read(UserKnown)
    services.know_contact(
        user_id=user.user_id,
        username=user.username,
        email=user.email,
        full_name=user.full_name,
        phone=user.phone or "",
        email_verified=user.email_verified,
        language=user.language,
        time_zone=user.time_zone,
        as_of=event.time,
    )


def know_verified(event: Event) -> None:
    """The welcome that this event sends may greet by name, whether or not user.updated was heard before."""
    verified = event.read(EmailVerified)
    services.know_verified(user_id=verified.user_id, email=verified.email)


def claim_guest(event: Event) -> None:
    """The messages about what the guest bought are the account's; those about the guest itself are nobody's."""
    claim = event.read(GuestClaimed)
    claims.claim_guest(guest_id=claim.guest_id, user_id=claim.user_id)


def know_bookings(events: Sequence[Event]) -> None:
    services.know_bookings([_summary(event.read(BookingCreated)) for event in events])


def know_move(event: Event) -> None:
    """Later messages about the booking say the new time."""
    moved = event.read(BookingMoved)
    services.know_move(_summary(moved, revision=moved.revision))


def know_reduction(event: Event) -> None:
    """Later messages about the booking name the seats that are left."""
    services.know_reduction(_summary(event.read(BookingReduced)))


def know_seats(event: Event) -> None:
    """Later messages about the booking name the seats that it has now."""
    services.know_seats(_summary(event.read(BookingReseated)))


def _summary(
    booking: BookingCreated | BookingMoved | BookingReduced | BookingReseated, *, revision: int = 0
) -> BookingSummary:
    return services.summary_of(
        booking_id=booking.booking_id,
        reference=booking.reference,
        showtime=booking.showtime,
        seats=booking.seats,
        revision=revision,
        theater_id=booking.theater_id if isinstance(booking, BookingCreated) else None,
    )


def lock(events: Sequence[Event]) -> None:
    """Of what is written of a booking, or else of a user, at the same time by several workers."""
    about = [event.data.get("booking_id") or event.data.get("user_id") for event in events]
    lock_names(str(one) for one in about if one)


# What later messages need of an event, whether or not a message tells it.
KNOWN: dict[str, Callable[[Sequence[Event]], None]] = {
    "user.registered": each(know_contact),
    "user.updated": each(know_contact),
    "email.verified": each(know_verified),
    "guest.claimed": each(claim_guest),
    "booking.created": know_bookings,
    "booking.moved": each(know_move),
    "booking.reduced": each(know_reduction),
    "booking.reseated": each(know_seats),
}


def handlers_of(kinds: Iterable[Kind]) -> dict[str, Handler]:
    """A handler for every event that one of these kinds tells, by one at most, or that something is known from."""
    told = [(kind.tells.event, kind) for kind in kinds if kind.tells is not None]
    kind_of = dict(told)
    assert len(kind_of) == len(told), "two kinds of message tell the same event"
    return {event_type: _handler(KNOWN.get(event_type), kind_of.get(event_type)) for event_type in (*kind_of, *KNOWN)}


def _handler(know: Callable[[Sequence[Event]], None] | None, kind: Kind | None) -> Handler:
    def apply_all(events: Sequence[Event]) -> None:
        if know is not None:
            know(events)
        if kind is not None:
            services.tell_all(kind=kind, events=events)

    return Handler(apply_all=apply_all, then_all=None if kind is None else delivery.deliver_for_events)


HANDLERS = handlers_of(KINDS.values())

TICKS: dict[str, list[Callable[[], object]]] = {
    "clock.second": [tasks.deliver_due],
    "clock.minute": [tasks.release_waiting, tasks.give_up_waiting, tasks.follow_claims, tasks.measure],
    "clock.hour": [tasks.prune, tasks.prune_allowances, tasks.follow_old_claims],
}
