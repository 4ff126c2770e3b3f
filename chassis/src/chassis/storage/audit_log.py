"""Who of staff did what, and what it was before: written with the change, in its transaction, and never changed."""

import getpass
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from chassis.storage.models import AuditRecord
from chassis.telemetry.correlation import correlation_id
from chassis.theaters import Theaters, works_at

HIDDEN: Final = "(hidden)"
BATCH = 500
# Names of what nobody may read here either, whoever records it.
# A ticket is one; its type, its tax and how many there are is none.
_SECRET = re.compile(
    r"password|token|secret|digest|passphrase|signature|(^|_)(otp|totp)(_|$)|(^|_)ticket$|seat_tickets"
)


class Door(StrEnum):
    """How somebody of staff came in."""

    API = "api"
    ADMIN = "admin"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody of staff. id: as the door knows them; name: of their account at auth, the same behind every door.

    by_code: they came in with a code of their second factor. theaters: that they are limited to.
    """

    id: UUID | str
    name: str
    door: str
    by_code: bool = False
    theaters: Theaters = None

    @property
    def account_id(self) -> UUID | None:
        """At auth; None of an operator's local account and of a command, which are nobody's there and buy nothing."""
        return self.id if isinstance(self.id, UUID) else None

    def works_at(self, theater_id: UUID | None) -> bool:
        return works_at(self.theaters, theater_id)


def of_command() -> Actor:
    """Whoever runs a command where the service runs: the operating system knows no more of them than a name."""
    name = getpass.getuser()
    return Actor(name, name, Door.COMMAND)


@dataclass(frozen=True, slots=True)
class Record:
    """What was done, in the past tense, `booking.cancelled`, and to what: a kind of thing and its id.

    before, after: of the fields that changed (`changes` finds them); what cannot be written as JSON is written as text.
    """

    action: str
    subject: tuple[str, UUID | str]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str = ""


def record(
    actor: Actor,
    action: str,
    subject: tuple[str, UUID | str],
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Writes down what is being done, in the transaction that does it; with the fields of a Record.

    Raises TransactionManagementError outside of transaction.atomic(): a record without its deed is a lie.
    """
    record_all(actor, [Record(action, subject, before, after, reason)])


def record_all(actor: Actor, records: Sequence[Record]) -> None:
    """record() for many, BATCH of them in a statement."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a record belongs in the transaction of what it tells")
    AuditRecord.objects.bulk_create((_row(actor, each) for each in records), batch_size=BATCH)


def _row(actor: Actor, told: Record) -> AuditRecord:
    kind, subject_id = told.subject
    return AuditRecord(
        actor_id=str(actor.id),
        actor_name=actor.name,
        door=str(actor.door),
        action=told.action,
        subject_type=kind,
        subject_id=str(subject_id),
        before=_readable(told.before),
        after=_readable(told.after),
        reason=told.reason,
        correlation_id=correlation_id(),
        words=f"{actor.name}\n{subject_id}\n{told.reason}".casefold(),
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs between two states of one thing, as it was and as it is: for `record`."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def columns(row: Any) -> dict[str, Any]:
    """The state of a row for `changes`: its columns, but those that are written with every change."""
    kept = (field for field in row._meta.concrete_fields if not getattr(field, "auto_now", False))
    return {field.name: field.value_from_object(row) for field in kept}


def _readable(state: Mapping[str, Any] | None) -> Any:
    if state is None:
        return None
    shown = {name: HIDDEN if _SECRET.search(name) else value for name, value in state.items()}
    return json.loads(json.dumps(shown, default=_as_text))


def _as_text(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return str(value)
