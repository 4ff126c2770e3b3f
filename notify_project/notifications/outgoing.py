"""The table `notifications` as a queue: taking what is due and recording what became of it, many in a statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection

from chassis.ids import uuid7
from chassis.storage.database import as_jsonb
from notifications.domain import (
    FALLBACK_LANGUAGE,
    MACHINE,
    SECRET,
    Channel,
    Status,
    Step,
    inbox_of,
    is_settled,
    name_to_greet,
)
from notifications.kinds import KINDS
from notifications.kinds.kind import Kind
from notifications.wording import Wording

# How many are taken together at most, and for how many seconds the next of them is begun.
TOGETHER = 16
BEGIN_SECONDS = 4.0
# Seconds after the longest try, to record it.
LEASE_MARGIN = 5.0

# One statement takes messages and fetches all that they need. What supersedes a message is looked for by natural key,
# and only for the kinds that can be. A name that somebody typed goes to nobody but an address that they have proved.
# The clock is the database's: leases are compared across machines. A kind that is not known here is left to the newer
# version of this service that wrote it.
_TAKE = """
WITH due AS (
    SELECT id, due_at AS since FROM notifications
    WHERE {which} AND status = 'pending' AND channel = ANY(%(channels)s) AND template = ANY(%(kinds)s)
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), n AS (
    UPDATE notifications SET attempts = attempts + 1, due_at = statement_timestamp() + make_interval(secs => %(lease)s)
    FROM due WHERE notifications.id = due.id
    RETURNING notifications.*, due.since
)
SELECT n.id, n.event_id, n.template, n.channel, n.user_id, n.booking_id, n.natural_key, n.recipient,
    n.context, n.not_after, n.attempts, n.created_at, statement_timestamp(),
    n.attempts > 1 AND EXISTS (SELECT FROM delivery_log l WHERE l.notification_id = n.id),
    c.email, c.phone,
    CASE WHEN p.proved THEN coalesce(nullif(c.full_name, ''), c.username) ELSE '' END, coalesce(p.proved, false),
    coalesce(c.time_zone, ''), coalesce(c.wants_hold_notices, true), coalesce(c.wants_sms, false),
    b.reference, b.showtime, b.seats,
    t.language, t.subject, t.body, t.text,
    n.template = ANY(%(while_held)s) AND EXISTS (
        SELECT FROM notifications later
        WHERE later.natural_key IN ('receipt:' || n.booking_id, 'ended:' || n.booking_id))
    OR n.template = ANY(%(while_booked)s) AND EXISTS (
        SELECT FROM notifications later WHERE later.natural_key = 'ended:' || n.booking_id AND later.id <> n.id)
FROM n
LEFT JOIN contacts c USING (user_id)
LEFT JOIN LATERAL (
    SELECT c.email_verified AND (n.recipient = '' OR lower(n.recipient) = lower(c.email)) AS proved
) p ON true
LEFT JOIN booking_summaries b USING (booking_id)
LEFT JOIN LATERAL (
    SELECT * FROM notification_templates w
    WHERE w.code = n.template AND w.channel = n.channel
        AND w.language IN (coalesce(c.language, %(fallback)s), %(fallback)s)
    ORDER BY w.language = c.language DESC NULLS LAST LIMIT 1
) t ON true
ORDER BY n.since, n.id
"""
TAKE_DUE = _TAKE.format(which="due_at <= statement_timestamp()")
# The event that wrote a message takes it for the first time at once: until its grace is over, no tick does.
# But not before what it follows is settled.
TAKE_FOR_EVENTS = _TAKE.format(
    which="""event_id = ANY(%(events)s) AND (due_at <= statement_timestamp()
        OR attempts = 0 AND (follows IS NULL OR EXISTS (
            SELECT FROM notifications first WHERE first.natural_key = notifications.follows
                AND first.status NOT IN ('pending', 'waiting_for_contact'))))"""
)

# The bound of an address: its hour begins with the first message. No row comes back once it has had them all.
ALLOW = """
INSERT INTO address_allowances AS a (address, since, messages) VALUES (%(address)s, statement_timestamp(), 1)
ON CONFLICT (address) DO UPDATE SET
    messages = CASE WHEN a.since <= statement_timestamp() - interval '1 hour' THEN 1 ELSE a.messages + 1 END,
    since = CASE WHEN a.since <= statement_timestamp() - interval '1 hour' THEN statement_timestamp() ELSE a.since END
WHERE a.since <= statement_timestamp() - interval '1 hour' OR a.messages < %(limit)s
RETURNING messages
"""

RECORD = """
WITH result AS (
    SELECT * FROM jsonb_to_recordset(%(results)s) AS result (
        id uuid, attempt int, status text, reason text, language text, subject text, recipient text, pause float8,
        scrub boolean, log_id uuid, outcome text, code text, message_id text, milliseconds int)
), settled AS (
    UPDATE notifications
    SET status = result.status, reason = result.reason, language = result.language, subject = result.subject,
        recipient = result.recipient,
        due_at = CASE WHEN result.status = 'pending'
            THEN statement_timestamp() + make_interval(secs => result.pause) ELSE notifications.due_at END,
        sent_at = CASE WHEN result.status = 'sent' THEN statement_timestamp() END,
        context = CASE WHEN result.scrub THEN notifications.context - %(secret)s::text ELSE notifications.context END
    FROM result
    WHERE notifications.id = result.id AND notifications.status = 'pending' AND notifications.attempts = result.attempt
    RETURNING notifications.id, notifications.natural_key, notifications.status
), released AS (
    UPDATE notifications SET due_at = statement_timestamp()
    FROM settled WHERE notifications.follows = settled.natural_key AND notifications.status = 'pending'
        AND notifications.attempts = 0 AND settled.status NOT IN ('pending', 'waiting_for_contact')
), logged AS (
    INSERT INTO delivery_log (id, notification_id, attempt, outcome, code, message_id, milliseconds, created_at)
    SELECT log_id, id, attempt, outcome, code, message_id, milliseconds, statement_timestamp()
    FROM result JOIN settled USING (id) WHERE outcome <> ''
)
SELECT id FROM settled
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that this worker alone may hand over until its lease ends."""

    id: UUID
    event_id: UUID | None
    kind: Kind
    channel: Channel
    user_id: UUID | None
    booking_id: UUID | None
    natural_key: str | None
    recipient: str = field(repr=False)
    context: dict[str, Any] = field(repr=False)
    not_after: datetime | None
    attempt: int
    created_at: datetime
    taken_at: datetime
    tried: bool
    name: str = field(repr=False)
    proved: bool
    time_zone: str
    wants_hold_notices: bool
    sms_number: str = field(repr=False)
    booking: dict[str, Any] = field(repr=False)
    language: str
    wording: Wording | None = field(repr=False)
    superseded: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a try. outcome is the delivery log's; "" when nothing was handed to a server.

    Raises IllegalTransition for a step that cannot happen to what is pending.
    """

    step: Step
    outcome: str = ""
    code: str = ""
    reason: str = ""
    pause: timedelta = timedelta()
    subject: str = field(default="", repr=False)
    message_id: str = ""
    milliseconds: int = 0
    status: Status = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", MACHINE.next(Status.PENDING, self.step))


def take(*, channels: Sequence[Channel], limit: int, events: Collection[UUID] | None = None) -> list[Taken]:
    """So many messages that are due, those that are due the longest first; of events, the ones that these wrote.

    The lease covers all of them: the last is begun BEGIN_SECONDS later at most.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE_DUE if events is None else TAKE_FOR_EVENTS,
            {
                "channels": [channel.value for channel in channels],
                **({} if events is None else {"events": list(events)}),
                "limit": limit,
                "lease": BEGIN_SECONDS + settings.DELIVERY_SECONDS + LEASE_MARGIN,
                "kinds": list(KINDS),
                "while_held": [kind.code for kind in KINDS.values() if kind.while_held],
                "while_booked": [kind.code for kind in KINDS.values() if kind.while_booked],
                "fallback": FALLBACK_LANGUAGE,
            },
        )
        return [_taken(row) for row in cursor.fetchall()]


def is_allowed(taken: Taken) -> bool:
    """Counts the message at its address; False when that has had all that strangers may cause within an hour."""
    return allows(taken.recipient, proved=taken.proved)


def allows(recipient: str, *, proved: bool) -> bool:
    """Counts a message that may be one too many at an address, a mail's or a telephone's; False when it is.

    Of an address that an account has proved another count is kept: what others caused there does not take the place of
    what its owner asks for.
    """
    limit = settings.MAILS_TO_OWN_ADDRESS_PER_HOUR if proved else settings.MAILS_TO_STRANGERS_PER_HOUR
    counted = f"{'own' if proved else 'any'}:{inbox_of(recipient)}"
    with connection.cursor() as cursor:
        cursor.execute(ALLOW, {"address": sha256(counted.encode()).hexdigest(), "limit": limit})
        return cursor.fetchone() is not None


def record(results: Sequence[tuple[Taken, Result]]) -> set[UUID]:
    """Records outcomes and their log rows together; the ids of those whose lease had not ended meanwhile.

    With the others another worker went on.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            RECORD,
            {"results": as_jsonb([_recorded(taken, result) for taken, result in results]), "secret": SECRET},
        )
        return {notification_id for (notification_id,) in cursor.fetchall()}


def _recorded(taken: Taken, result: Result) -> dict[str, Any]:
    return {
        "id": taken.id,
        "attempt": taken.attempt,
        "status": result.status,
        "reason": result.reason,
        "language": taken.language,
        "subject": result.subject,
        "recipient": taken.recipient,
        "pause": result.pause.total_seconds(),
        "scrub": taken.kind.carries_secret and is_settled(result.status),
        "log_id": uuid7(),
        "outcome": result.outcome,
        "code": result.code,
        "message_id": result.message_id,
        "milliseconds": result.milliseconds,
    }


def _taken(row: tuple[Any, ...]) -> Taken:
    (
        notification_id, event_id, template, channel, user_id, booking_id, natural_key, recipient, context, not_after,
        attempts, created_at, now, tried, email, phone, name, proved, time_zone, wants_hold_notices, wants_sms,
        reference, showtime, seats, language, subject, body, text, superseded,
    ) = row  # fmt: skip
    booking = {}
    if reference is not None:
        booking = {"reference": reference, "showtime": _json(showtime), "seats": _json(seats)}
    kind = KINDS[template]
    address = email if channel == Channel.EMAIL else phone
    return Taken(
        id=notification_id,
        event_id=event_id,
        kind=kind,
        channel=Channel(channel),
        user_id=user_id,
        booking_id=booking_id,
        natural_key=natural_key,
        recipient=recipient or address or "",
        context=_json(context),
        not_after=not_after,
        attempt=attempts,
        created_at=created_at,
        taken_at=now,
        tried=tried,
        name=name_to_greet(name),
        proved=proved,
        time_zone=time_zone,
        wants_hold_notices=wants_hold_notices,
        sms_number=phone if phone and wants_sms and channel == Channel.EMAIL and kind.also_as_sms else "",
        booking=booking,
        language=language or FALLBACK_LANGUAGE,
        wording=None if text is None else Wording(text=text, subject=subject, body=body),
        superseded=superseded,
    )


def _json(value: Any) -> Any:
    # Django leaves jsonb of raw cursors undecoded.
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value
