"""What is known, and what is to be said. Handing it over is delivery.py's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from chassis.ids import is_nobodys, uuid7
from chassis.messaging.events import Event
from chassis.storage import rows
from chassis.storage.audit_log import Actor, record
from chassis.storage.database import as_jsonb, execute
from chassis.web.problems import NotFound
from notifications.domain import (
    FALLBACK_LANGUAGE,
    FOLLOW_WAIT,
    GRACE,
    MACHINE,
    Channel,
    Status,
    Step,
    ending_key,
    receipt_key,
    spoken_language,
)
from notifications.errors import BookingHasEnded, NotResendable, OutOfDate, UnknownContact
from notifications.heard import Seat, Showtime
from notifications.kinds import KINDS, MESSAGE, carries_secret
from notifications.kinds.kind import Kind
from notifications.models import BookingSummary, Contact, Notification
from notifications.theaters import is_at

WRITTEN = (
    *("id", "event_id", "template", "channel", "user_id", "booking_id", "natural_key", "follows", "recipient"),
    *("language", "subject", "context", "status", "reason", "attempts", "not_after", "requested_by", "created_at"),
)
# The clock is the database's: what is due is compared across machines.
WRITE = f"""
INSERT INTO notifications ({", ".join(WRITTEN)}, due_at)
SELECT {", ".join(WRITTEN)}, statement_timestamp()
    + make_interval(secs => CASE WHEN event_id IS NULL THEN 0 WHEN follows IS NULL THEN %s ELSE %s END::float8)
FROM jsonb_populate_recordset(NULL::notifications, %s)
ON CONFLICT DO NOTHING
"""  # noqa: S608  (names of columns)

KNOW_CONTACT = """
INSERT INTO contacts
    (user_id, username, email, full_name, phone, email_verified, language, time_zone, as_of, created_at)
VALUES (%(user_id)s, %(username)s, %(email)s, %(full_name)s, %(phone)s, %(email_verified)s,
    coalesce(nullif(%(language)s, ''), %(fallback)s), %(time_zone)s, %(as_of)s, now())
ON CONFLICT (user_id) DO UPDATE SET username = excluded.username, email = excluded.email,
    full_name = excluded.full_name, phone = excluded.phone, email_verified = excluded.email_verified,
    language = coalesce(nullif(%(language)s, ''), contacts.language),
    time_zone = coalesce(nullif(excluded.time_zone, ''), contacts.time_zone), as_of = excluded.as_of
WHERE contacts.as_of <= excluded.as_of
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be written. recipient: an address, or "" for the contact's own."""

    kind: Kind
    context: Mapping[str, Any] = field(repr=False)
    channel: Channel = Channel.EMAIL
    user_id: UUID | None = None
    booking_id: UUID | None = None
    natural_key: str | None = None
    follows: str | None = None
    recipient: str = field(default="", repr=False)
    not_after: datetime | None = None
    requested_by: UUID | None = None


def write(*, draft: Draft, event_id: UUID | None = None, notification_id: UUID | None = None) -> Notification:
    """Writes the notification; nothing happens when one with its natural key or event is there."""
    notification = drafted(draft, event_id=event_id, notification_id=notification_id)
    write_all([notification])
    return notification


def write_all(notifications: Sequence[Notification]) -> None:
    """Writes those that are new, in one statement; nothing happens to those whose natural key or event is there.

    They are due at once. What an event tells, the event's own delivery hands over after the commit, and ticks leave
    that alone until its grace is over: a tick that came first would hand it over outside of the event's trace. What
    follows another message is due when that is settled, or when it has waited long enough for it.
    """
    if not notifications:
        return
    # In one order, for whoever writes the same ones at the same time.
    ordered = sorted(notifications, key=lambda notification: notification.natural_key or "")
    messages = [{name: getattr(notification, name) for name in WRITTEN} for notification in ordered]
    execute(WRITE, [GRACE.total_seconds(), FOLLOW_WAIT.total_seconds(), as_jsonb(messages)])


def tell_all(*, kind: Kind, events: Sequence[Event]) -> None:
    """Writes the messages by which the kind tells these events, of those that are to be told. Raises MalformedEvent."""
    drafts = [(event.id, _draft(kind, event)) for event in events]
    write_all([drafted(draft, event_id=event_id) for event_id, draft in drafts if draft is not None])


def _draft(kind: Kind, event: Event) -> Draft | None:
    tells = kind.tells
    assert tells is not None, "staff write this kind"
    data = event.read(tells.reads)
    # What was sold at the counter to somebody who gave no address is told to nobody.
    if not tells.when(data) or (data.user_id is not None and is_nobodys(data.user_id)):
        return None
    return Draft(
        kind=kind,
        channel=kind.channels[0],
        user_id=data.user_id,
        booking_id=getattr(data, "booking_id", None),
        natural_key=tells.once(data),
        follows=tells.follows(data),
        recipient=tells.to(data),
        context={name: msgspec.to_builtins(getattr(data, name)) for name in tells.says},
        not_after=tells.not_after(data),
    )


def drafted(draft: Draft, *, event_id: UUID | None = None, notification_id: UUID | None = None) -> Notification:
    """As it is to be written."""
    return Notification(
        id=notification_id or uuid7(),
        event_id=event_id,
        template=draft.kind.code,
        channel=draft.channel,
        user_id=draft.user_id,
        booking_id=draft.booking_id,
        natural_key=draft.natural_key,
        follows=draft.follows,
        recipient=draft.recipient,
        context=dict(draft.context),
        status=Status.PENDING,
        not_after=draft.not_after,
        requested_by=draft.requested_by,
        created_at=timezone.now(),
    )


def know_contact(
    *,
    user_id: UUID,
    username: str,
    email: str,
    full_name: str,
    phone: str,
    as_of: datetime,
    email_verified: bool = False,
    language: str = "",
    time_zone: str = "",
) -> None:
    """Keeps the newest that was heard of a user, and releases the messages that wait for it.

    language: a tag like vi or en-GB; "" leaves what was known.
    """
    spoken = spoken_language(language)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                KNOW_CONTACT,
                {
                    "user_id": user_id,
                    "username": username,
                    "email": email,
                    "full_name": full_name,
                    "phone": phone,
                    "email_verified": email_verified,
                    "language": spoken,
                    "fallback": FALLBACK_LANGUAGE,
                    "time_zone": time_zone,
                    "as_of": as_of,
                },
            )
        channels = [channel for channel, known in ((Channel.EMAIL, email), (Channel.SMS, phone)) if known]
        Notification.objects.filter(user_id=user_id, status=Status.WAITING_FOR_CONTACT, channel__in=channels).update(
            status=MACHINE.next(Status.WAITING_FOR_CONTACT, Step.ADDRESS_ARRIVED),
            due_at=Now(),
            reason="",
        )


def know_verified(*, user_id: UUID, email: str) -> None:
    """The address is the user's own, unless they have changed it since."""
    Contact.objects.filter(user_id=user_id, email__iexact=email).update(email_verified=True)


def know_bookings(summaries: Sequence[BookingSummary]) -> None:
    """Keeps what later messages about these bookings will not say themselves; what is known of one stays."""
    # In one order, for whoever writes the same ones at the same time.
    ordered = sorted(summaries, key=lambda summary: summary.booking_id)
    if rows.insert(ordered, ignore_conflicts=True) < len(ordered):
        _know_theaters(ordered)


def _know_theaters(told: Sequence[BookingSummary]) -> None:
    """Of bookings that were first heard of by what does not say their theater."""
    there = defaultdict(list)
    for summary in told:
        there[summary.theater_id].append(summary.booking_id)
    for theater_id, bookings in there.items():
        if theater_id is not None:
            BookingSummary.objects.filter(booking_id__in=bookings, theater_id=None).update(theater_id=theater_id)


def summary_of(
    *,
    booking_id: UUID,
    reference: str,
    showtime: Showtime,
    seats: Sequence[Seat],
    revision: int = 0,
    theater_id: UUID | None = None,
) -> BookingSummary:
    """revision: of the move that told it; 0: it was not moved."""
    return BookingSummary(
        booking_id=booking_id,
        reference=reference,
        showtime=msgspec.to_builtins(showtime),
        seats=msgspec.to_builtins(seats),
        revision=revision,
        theater_id=theater_id,
        created_at=timezone.now(),
    )


def know_move(summary: BookingSummary) -> None:
    """Keeps the newest place and time, and what the seats are called there, whatever arrives last."""
    know_bookings([summary])
    with transaction.atomic():
        known = BookingSummary.objects.select_for_update().get(booking_id=summary.booking_id)
        if known.revision >= summary.revision:
            return
        known.showtime, known.revision = summary.showtime, summary.revision
        # Fewer are known where some were given back since, which this does not know.
        if len(summary.seats) <= len(known.seats):
            known.seats = summary.seats
        known.save(update_fields=["showtime", "revision", "seats"])


def know_reduction(reduced: BookingSummary) -> None:
    """Keeps which seats are left: the fewest that were heard of, whatever arrives last."""
    _know_seats(reduced, below=0)


def know_seats(reseated: BookingSummary) -> None:
    """Keeps what its seats are called, unless some were given back since, which this does not know."""
    _know_seats(reseated, below=1)


def _know_seats(told: BookingSummary, *, below: int) -> None:
    """Keeps the seats where they are fewer than are known, and so many."""
    know_bookings([told])
    with transaction.atomic():
        summary = BookingSummary.objects.select_for_update().get(booking_id=told.booking_id)
        if len(told.seats) < len(summary.seats) + below:
            summary.seats = told.seats
            summary.save(update_fields=["seats"])


def request_message(
    *,
    channel: Channel,
    actor: Actor,
    context: Mapping[str, str],
    to: str = "",
    user_id: UUID | None = None,
    notification_id: UUID | None = None,
) -> Notification:
    """A message that a member of staff wrote, to an address or to a user. Raises UnknownContact.

    It is on record with its sender and its subject; what it says is kept with the message."""
    if user_id is not None:
        contact = Contact.objects.filter(user_id=user_id).first()
        address = "" if contact is None else contact.email if channel == Channel.EMAIL else contact.phone
        if not address:
            raise UnknownContact
    with transaction.atomic():
        notification = write(
            draft=Draft(
                kind=MESSAGE,
                channel=channel,
                context=context,
                user_id=user_id,
                recipient=to,
                requested_by=UUID(str(actor.id)),
            ),
            notification_id=notification_id,
        )
        said = {"channel": str(channel), "to": to or None, "user_id": user_id, "subject": context.get("subject")}
        record(actor, "message.requested", ("notification", notification.id), after=said)
    return notification


@transaction.atomic
def send_again(*, notification_id: UUID, actor: Actor, reason: str = "", copy_id: UUID | None = None) -> Notification:
    """Another try of what failed or was suppressed; of what was sent, a copy (one sent row each in the log).

    reason: for the log of what staff did. copy_id: of the copy, if there will be one.
    Raises NotFound, and NotResendable while it is still on its way and when the secret it carried is gone;
    BookingHasEnded and OutOfDate when what it tells is not so any more.
    """
    notification = Notification.objects.select_for_update().filter(id=notification_id).first()
    if notification is None or not is_at(actor.theaters, notification):
        raise NotFound
    status = Status(notification.status)
    if status in {Status.PENDING, Status.WAITING_FOR_CONTACT}:
        raise NotResendable("It is still on its way.")
    if carries_secret(notification.template):
        raise NotResendable("Its link is not kept. The user can ask for a new one.")
    _check_still_true(notification)
    _say_the_newest_showtime(notification)
    _leave_out_what_was_given_back(notification)
    now = timezone.now()
    before = {"status": str(status), "attempts": notification.attempts, "reason": notification.reason}
    if status == Status.SENT:
        notification.pk = copy_id or uuid7()
        notification.resend_of = notification_id
        notification.event_id = notification.natural_key = notification.sent_at = None
        notification.recipient = "" if notification.user_id else notification.recipient
        notification.created_at = now
        notification.status = Status.PENDING
        notification._state.adding = True
    else:
        notification.status = MACHINE.next(status, Step.TRIED_AGAIN)
    notification.attempts = 0
    notification.reason = ""
    notification.follows = None
    notification.due_at = Now()
    notification.save()
    copy = notification.id if notification.id != notification_id else None
    told = ("notification", notification_id)
    record(actor, "notification.sent_again", told, before=before, after={"copy": copy}, reason=reason)
    return notification


def _check_still_true(notification: Notification) -> None:
    """Raises BookingHasEnded or OutOfDate for what is not so any more."""
    kind = KINDS[notification.template]
    others = Notification.objects.exclude(id=notification.id)
    ended = ending_key(notification.booking_id)
    if (kind.while_booked or kind.while_held) and others.filter(natural_key=ended).exists():
        raise BookingHasEnded
    if notification.not_after is not None and notification.not_after <= timezone.now():
        raise OutOfDate("What it tells of is over.")
    if kind.while_held and others.filter(natural_key=receipt_key(notification.booking_id)).exists():
        raise OutOfDate("The booking is paid.")
    revision = notification.context.get("revision")
    if revision and _moved_since(notification, revision) is not None:
        raise OutOfDate("The showtime was changed again.")


def _say_the_newest_showtime(notification: Notification) -> None:
    """A ticket stays good when its showtime is moved; sent again, it says the time as it is now.

    Raises OutOfDate of one for seats in another screen.
    """
    if "showtime" not in notification.context:
        return
    moved = _moved_since(notification, 0)
    if moved is not None:
        said = notification.context
        if said.get("ticket") and said["showtime"]["screen"] != moved.showtime["screen"]:
            raise OutOfDate("The showtime is in another screen by now; the mail that told of it has the ticket.")
        notification.context["showtime"] = moved.showtime


def _leave_out_what_was_given_back(notification: Notification) -> None:
    """A ticket stays good for the seats that are left; those that went back, and their codes, are not sent again."""
    said = notification.context
    if notification.booking_id is None or "tickets" not in said:
        return
    summary = BookingSummary.objects.filter(booking_id=notification.booking_id).first()
    if summary is None:
        return
    left = {f"{seat['row']}{seat['number']}" for seat in summary.seats}
    said["seats"] = [seat for seat in said.get("seats") or [] if f"{seat['row']}{seat['number']}" in left]
    said["tickets"] = [one for one in said["tickets"] or [] if one["seat"] in left]


def _moved_since(notification: Notification, revision: int) -> BookingSummary | None:
    """The booking as it is now, if it was heard of a later move than this one."""
    if notification.booking_id is None:
        return None
    return BookingSummary.objects.filter(booking_id=notification.booking_id, revision__gt=revision).first()
