"""What guests bought goes to whoever proves that their address is theirs. Needs the transaction that proves it."""

from accounts import audit
from accounts.domain import EndReason
from accounts.events import GuestClaimed
from accounts.models import User
from accounts.selectors import guests_of
from accounts.sessions import end_sessions_of
from chassis.messaging.outbox import emit

# Who bought more often with one address has the rest by the link in each mail.
CLAIMED_AT_ONCE = 100


def claim_guests(user: User) -> None:
    """All guests of the address that this user has just proved are theirs, but for those that are busy proving it."""
    guests = guests_of(user.email).exclude(pk=user.pk).order_by("id").select_for_update(skip_locked=True)
    for guest in guests[:CLAIMED_AT_ONCE]:
        hand_over(guest, user)


def hand_over(guest: User, user: User) -> None:
    """The guest's bookings, payments and messages become the user's; the guest is none any more."""
    guest.is_active, guest.email_verified_at, guest.claimed_by = False, None, user.pk
    guest.save(update_fields=["is_active", "email_verified_at", "claimed_by", "updated_at"])
    end_sessions_of(guest, reason=EndReason.CLAIMED)
    emit(GuestClaimed(guest_id=guest.pk, user_id=user.pk), subject=user.pk)
    audit.record("guest_claimed", user_id=user.pk, guest_id=str(guest.pk))
