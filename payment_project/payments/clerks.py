"""Who of staff may decide on whose money: not their own, and not that of an account whose address they changed."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils import timezone

from chassis.four_eyes import ADDRESS_SETTLES, Objection, objection
from chassis.storage.audit_log import Actor
from payments.errors import AddressChanged, OwnPurchase
from payments.heard import UserUpdated
from payments.models import AddressChange, Payment

_NOTE = """
INSERT INTO address_changes (user_id, changed_by, changed_at) VALUES (%s, %s, %s)
ON CONFLICT (user_id, changed_by) DO UPDATE SET changed_at = greatest(address_changes.changed_at, EXCLUDED.changed_at)
"""


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody of staff who decides on money."""

    actor: Actor

    @property
    def account_id(self) -> UUID | None:
        return self.actor.account_id

    @property
    def name(self) -> str:
        return self.actor.name or str(self.actor.id)

    def is_the_one(self, *, name: str, account_id: UUID | None) -> bool:
        """Whether this is the person of that account, or of that name where an account is not known."""
        if self.account_id is not None and account_id is not None:
            return self.account_id == account_id
        return self.name == name


def note_address_change(user: UserUpdated) -> None:
    """Keeps what staff did. What the owner changed afterwards takes nothing of it back: it may be the same hands."""
    if user.email_changed_by is None or user.email_changed_at is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [user.user_id, user.email_changed_by, user.email_changed_at])


def forget_address_changes() -> int:
    """Drops the changes that are too old to matter; how many there were."""
    deleted, _ = AddressChange.objects.filter(changed_at__lt=timezone.now() - ADDRESS_SETTLES).delete()
    return deleted


def check(clerk: Clerk, payment: Payment) -> None:
    """Raises OwnPurchase or AddressChanged when somebody else has to decide on this payment's money."""
    if clerk.account_id is None:
        return
    theirs = AddressChange.objects.filter(user_id=payment.user_id, changed_by=clerk.account_id)
    changed_at = theirs.values_list("changed_at", flat=True).first()
    said = objection(
        actor_id=clerk.account_id,
        owner_id=payment.user_id,
        email_changed_by=None if changed_at is None else clerk.account_id,
        email_changed_at=changed_at,
        now=timezone.now(),
    )
    if said is Objection.OWN:
        raise OwnPurchase
    if said is Objection.ADDRESS_CHANGED:
        raise AddressChanged
