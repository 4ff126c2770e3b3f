"""Who of staff gave whose account another address, as the services know it that decide on money and tickets.

A service that asks has the table: a model of its own of this shape, and `note` in its handler of what auth tells; and
that of chassis.storage.guest_claims.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection, models
from django.utils import timezone

from chassis.four_eyes import ADDRESS_SETTLES, Objection, objection
from chassis.storage.database import execute

# Of each member of staff the newest, so that nothing depends on the order in which it is told.
_NOTE = """
INSERT INTO address_changes (user_id, changed_by, changed_at) VALUES (%s, %s, %s)
ON CONFLICT (user_id, changed_by) DO UPDATE SET changed_at = greatest(address_changes.changed_at, EXCLUDED.changed_at)
"""
# What was a guest's is theirs who proved the guest's address: whoever gave the guest that address gave them what they
# have, and decides on nothing of it. One day's changes by one of staff are few, and each is followed by keys.
_CHANGED_AT = """
WITH RECURSIVE given (user_id, changed_at) AS (
    SELECT user_id, changed_at FROM address_changes WHERE changed_by = %s AND changed_at > %s
    UNION SELECT claim.user_id, given.changed_at FROM given JOIN guest_claims AS claim ON claim.guest_id = given.user_id
)
SELECT max(changed_at) FROM given WHERE user_id = %s
"""
_FORGET = "DELETE FROM address_changes WHERE changed_at < %s"


class AddressChange(models.Model):
    """Who of staff gave whose account another address, and when last: for a day what is its is not theirs to move."""

    pk = models.CompositePrimaryKey("user_id", "changed_by")
    user_id = models.UUIDField()
    changed_by = models.UUIDField()
    changed_at = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True
        db_table = "address_changes"

    def __str__(self) -> str:
        return f"{self.user_id} by {self.changed_by}"


def note(*, user_id: UUID, changed_by: UUID | None, changed_at: datetime | None) -> None:
    """Keeps what staff did. What the owner (changed_by None) did takes nothing of it back: it may be the same hands."""
    if changed_by is None or changed_at is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [user_id, changed_by, changed_at])


def objection_to(account_id: UUID | None, *, owner_id: UUID) -> Objection | None:
    """Why this member of staff, by their account at auth, may not decide on what belongs to owner_id; None: they may.

    Who has no account there, an operator or a command, has changed no address there.
    """
    if account_id is None:
        return None
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED_AT, [account_id, now - ADDRESS_SETTLES, owner_id])
        (changed_at,) = cursor.fetchone()
    return objection(actor_id=account_id, owner_id=owner_id, changed_at=changed_at, now=now)


def forget() -> int:
    """Drops the changes that are too old to matter; how many there were."""
    return execute(_FORGET, [timezone.now() - ADDRESS_SETTLES])
