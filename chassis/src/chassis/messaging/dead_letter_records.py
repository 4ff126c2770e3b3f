"""That somebody took dead letters out is on record, by the admin's page and by the command."""

from collections.abc import Collection

from django.conf import settings

from chassis.storage.audit_log import Actor, record


def record_taken_out(actor: Actor, deed: str, *, chosen: Collection[str], count: int) -> None:
    """deed: replay or discard. chosen: the ids that were asked for; none where it was all. count: how many went."""
    if count:
        taken = {"letters": sorted(chosen) or "all", "count": count}
        record(actor, f"dead_letters.{deed}", ("queue", settings.QUEUE_NAME), after=taken)
