"""A customer accepts what their showtime became: the right to leave for nothing that the change gave ends with it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bookings.domain import NoAcceptance, State, Trigger, no_acceptance
from bookings.endings import locked_own
from bookings.errors import ChangeNotAcceptable, NothingToAccept
from bookings.history import Cause, advance
from bookings.models import Booking
from chassis.storage import rows


def accept_change(*, booking_id: UUID, user_id: UUID, revision: int) -> Booking:
    """Records that a customer's own booking goes on as the showtime is since this revision.

    From then on the rules it was sold under say what a cancellation gives back; a later change is a right of its own.
    What was accepted before is accepted, and is recorded once. Raises BookingNotFound, ChangeNotAcceptable,
    NothingToAccept.
    """
    with transaction.atomic():
        booking = locked_own(booking_id, user_id)
        match no_acceptance(
            state=State(booking.status),
            starts_at=booking.showtime.starts_at,
            now=timezone.now(),
            sold=booking.showtime_revision,
            told=booking.told_revision,
            revision=revision,
        ):
            case NoAcceptance.ENDED:
                raise ChangeNotAcceptable(f"The booking is {booking.status}.")
            case NoAcceptance.STARTED:
                raise ChangeNotAcceptable("The showtime has begun.")
            case NoAcceptance.NOTHING:
                raise NothingToAccept
        if revision > booking.accepted_revision:
            booking.accepted_revision = revision
            rows.update([booking], fields=["accepted_revision"])
            advance(booking, Trigger.CHANGE_ACCEPTED, cause=Cause(str(user_id)), at=timezone.now()).save()
    return booking
