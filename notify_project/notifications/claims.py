"""Messages about what a guest bought belong to who has claimed it; those about the guest itself to nobody else."""

from datetime import timedelta
from uuid import UUID

from chassis.storage import guest_claims

_ABOUT_BOOKINGS = "booking_id IS NOT NULL"


def claim_guest(*, guest_id: UUID, user_id: UUID) -> int:
    """Gives them to the account; how many. What comes later follows by the clock."""
    guest_claims.note(guest_id=guest_id, user_id=user_id)
    return guest_claims.follow("notifications", only=_ABOUT_BOOKINGS, guest_id=guest_id)


def follow(*, since: timedelta = guest_claims.LATELY) -> int:
    """Those that came after their guest was claimed; how many."""
    return guest_claims.follow("notifications", only=_ABOUT_BOOKINGS, since=since)
