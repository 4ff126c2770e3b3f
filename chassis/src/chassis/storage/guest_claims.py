"""Which guest's things are whose now, as the services know it that keep something of a customer.

A service that does has the table: a model of its own of this shape, `note` in its handler of guest.claimed, and
`follow` among its ticks: what was on its way when the guest was claimed arrives afterwards, and under the guest's id.
"""

from datetime import timedelta
from uuid import UUID

from django.db import connection, models

from chassis.storage.database import execute

# So long what was told before may still come: of late every minute, of long ago, out of a dead letter, every hour.
LATELY = timedelta(hours=1)
EVER = timedelta(days=30)

_NOTE = (
    "INSERT INTO guest_claims (guest_id, user_id, heard_at) VALUES (%s, %s, now()) ON CONFLICT (guest_id) DO NOTHING"
)
# In the order of their keys, as everybody locks them.
_FOLLOW = """
WITH theirs AS (
    SELECT kept.id, claim.user_id FROM guest_claims AS claim
    CROSS JOIN LATERAL (
        SELECT id FROM {table} WHERE {table}.user_id = claim.guest_id AND {only} ORDER BY id LIMIT %(most)s
    ) AS kept
    WHERE claim.heard_at > now() - %(since)s AND (%(guest)s::uuid IS NULL OR claim.guest_id = %(guest)s)
), locked AS (
    SELECT {table}.id, theirs.user_id FROM {table} JOIN theirs USING (id) ORDER BY {table}.id FOR UPDATE OF {table}
)
UPDATE {table} SET user_id = locked.user_id FROM locked WHERE {table}.id = locked.id
"""
_FORGET = "DELETE FROM guest_claims WHERE heard_at < now() - %s"
# Of one guest and round: whoever has more gets the rest in the next.
MOST = 1000


class GuestClaim(models.Model):
    """What the guest had is the user's."""

    guest_id = models.UUIDField(primary_key=True)
    user_id = models.UUIDField()
    heard_at = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True
        db_table = "guest_claims"

    def __str__(self) -> str:
        return f"{self.guest_id} is {self.user_id}"


def note(*, guest_id: UUID, user_id: UUID) -> None:
    """Keeps whose the guest's things are: the first time it is told, for nobody is claimed twice."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [guest_id, user_id])


def follow(table: str, *, only: str = "true", guest_id: UUID | None = None, since: timedelta = LATELY) -> int:
    """Gives rows of a table, with the columns id and user_id, to who has claimed their guests; how many.

    only: of which rows, in SQL. guest_id: of this one alone. since: of claims that were heard of within this time.
    """
    statement = _FOLLOW.format(table=connection.ops.quote_name(table), only=only)
    return execute(statement, {"most": MOST, "since": since, "guest": guest_id})


def forget() -> int:
    """Drops the claims that nothing can come late for; how many there were."""
    return execute(_FORGET, [EVER])
