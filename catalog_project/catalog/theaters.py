"""At which theaters somebody of staff may change the programme (chassis.theaters)."""

from uuid import UUID

from chassis.storage.audit_log import Actor
from chassis.web.problems import OtherTheater


def refuse_elsewhere(actor: Actor | None, *theater_ids: UUID | None) -> None:
    """actor: None where a program does it. None of the ids: a theater that is yet to be. Raises OtherTheater."""
    if actor is not None and not all(actor.works_at(theater_id) for theater_id in theater_ids):
        raise OtherTheater
