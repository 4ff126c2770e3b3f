"""Handing messages over: take some, send them, record what became of each. No transaction is open while sending.

A worker killed between sending and recording leaves messages due again when their lease ends; they are then sent once
more under the same Message-ID (SMS: the same id, which the gateway keeps once). Nothing can do better over SMTP.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseFailure

from chassis.messaging.events import Event, at_hand
from chassis.storage.breaker import Breaker, BreakerOpen
from chassis.storage.database import is_away, patiently
from chassis.telemetry import tracing
from chassis.telemetry.metrics import counter, histogram
from notifications import compose, first_wordings, outgoing, services, sms
from notifications.domain import (
    Channel,
    Circumstances,
    Step,
    pause_before_next_try,
    reason_not_to_send,
)
from notifications.failures import DeliveryFailure, PermanentFailure, TemporaryFailure, Unreachable
from notifications.models import DeliveryLog
from notifications.outgoing import BEGIN_SECONDS, TOGETHER, Result, Taken
from notifications.presentation import codes, present
from notifications.smtp import Envelope, SmtpConnection
from notifications.wording import Rendered, Wording, render
from notifications.wording_rules import BadWording

log = logging.getLogger(__name__)

SWEEP_MESSAGES = 200
# How long events wait for a mail server that has taken nothing yet; those that come meanwhile wait as well.
EVENTS_PATIENCE = 4.0
# A sent mail that is not recorded is sent again, so recording is tried almost until the lease ends.
RECORD_SECONDS = 4.0

TRIES = counter("notifications_total", "Notifications by what became of a try", ["template", "channel", "outcome"])
LATENCY = histogram(
    "notification_delivery_seconds",
    "Time from the event to the message's acceptance by the next server",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0, 86400.0),
)
SENDING = histogram("notification_send_seconds", "Time the next server took for a message", ["channel"])


def server_breaker() -> Breaker:
    """A server that is away costs a try now and then, not one for each message that waits."""
    return Breaker(failures=1, reset=0.5, reset_max=10.0, counts=lambda failure: isinstance(failure, Unreachable))


_breakers = {channel: server_breaker() for channel in Channel}

_kept = threading.local()


def smtp_connection() -> SmtpConnection:
    """This thread's own; it is first asked for after a worker has forked."""
    if not hasattr(_kept, "smtp"):
        _kept.smtp = SmtpConnection(settings.SMTP_SERVER, seconds=settings.DELIVERY_SECONDS)
    connection: SmtpConnection = _kept.smtp
    return connection


def forget_connection() -> None:
    """The next mail of this thread goes over a new connection."""
    if hasattr(_kept, "smtp"):
        _kept.smtp.close()
        del _kept.smtp


def forget_outages() -> None:
    """Every server is tried again with the next message."""
    for breaker in _breakers.values():
        breaker.close()


@dataclass(slots=True)
class Try:
    """A message that was taken, and what becomes of it.

    event: the one that wrote it, when that is being handled. taken_at: by time.perf_counter(). rendered: None while it
    is not to be handed over. envelope: None of an SMS.
    """

    taken: Taken
    event: Event | None
    taken_at: float
    rendered: Rendered | None = None
    envelope: Envelope | None = None
    failure: DeliveryFailure | None = None
    result: Result | None = None


def deliver_for_events(events: Sequence[Event]) -> None:
    """Hands over the messages that these events wrote, but for what somebody took, and what a server is away for.

    Safe to repeat. For as long as BEGIN_SECONDS; what is left then is due by itself.
    """
    by_id: dict[UUID | None, Event] = {event.id: event for event in events}
    waiting = {event.id for event in events}
    ends = time.monotonic() + BEGIN_SECONDS
    while waiting and time.monotonic() < ends:
        limit = _room(ends)
        taken = outgoing.take(channels=_open_channels(), limit=limit, events=waiting)
        if not taken:
            break
        _deliver(taken, events=by_id, begin_by=ends, patience=EVENTS_PATIENCE)
        waiting.difference_update(one.event_id for one in taken if one.event_id is not None)
        if len(taken) < limit:
            break


def deliver_due() -> int:
    """Hands over what is due until nothing is, a bound is reached or the server is away; how many were tried."""
    delivered = 0
    ends = time.monotonic() + BEGIN_SECONDS
    while delivered < SWEEP_MESSAGES and time.monotonic() < ends:
        taken = outgoing.take(channels=_open_channels(), limit=_room(ends))
        if not taken:
            break
        _deliver(taken, events={}, begin_by=ends)
        delivered += len(taken)
    return delivered


def _open_channels() -> list[Channel]:
    return [channel for channel, breaker in _breakers.items() if not breaker.is_open]


def _room(ends: float) -> int:
    """How many to take: a server that may be away costs one a try, and a slow one gets no more than it can take."""
    return min(TOGETHER, smtp_connection().room(seconds=ends - time.monotonic()))


def _deliver(
    taken: Sequence[Taken], *, events: Mapping[UUID | None, Event], begin_by: float, patience: float = math.inf
) -> None:
    """begin_by: by time.monotonic(); none is begun later."""
    now = time.perf_counter()
    tries = [Try(one, events.get(one.event_id), now) for one in taken]
    _write_sms_as_well([one for one in taken if one.sms_number])
    for one in tries:
        with at_hand(one.event):
            _prepare(one)
    _send_mails([one for one in tries if one.envelope is not None], begin_by=begin_by, patience=patience)
    for one in tries:
        if one.result is None:
            _hand_over(one, partial(_send_sms, one, begin_by=begin_by))
    _record([(one, one.result) for one in tries if one.result is not None])


def _write_sms_as_well(taken: Sequence[Taken]) -> None:
    """One for each mail that there may be only one of; a copy of a mail has no key, and its booking one message."""
    services.write_all(
        [
            services.drafted(
                services.Draft(
                    kind=one.kind,
                    channel=Channel.SMS,
                    user_id=one.user_id,
                    booking_id=one.booking_id,
                    natural_key=one.natural_key or f"{one.kind.code}:{one.booking_id or one.id}",
                    context=one.context,
                )
            )
            for one in taken
        ]
    )


def _prepare(one: Try) -> None:
    """Renders it, or finds that it is not to be handed over."""
    taken = one.taken
    if not taken.recipient:
        one.result = Result(Step.ADDRESS_MISSING, reason="no_address")
        return
    try:
        reason = _reason_not_to_send(taken)
        if reason is not None:
            one.result = Result(Step.NOT_WANTED, reason=reason)
            return
        one.rendered = _rendered(taken)
        if taken.channel == Channel.EMAIL:
            one.envelope = _mail(taken, one.rendered)
    except PermanentFailure as failure:
        one.result = Result(Step.GIVEN_UP, outcome=DeliveryLog.FAILED, code=failure.code, reason=failure.code)
    except DatabaseFailure:
        raise
    except Exception:
        # Whatever is wrong with this one message, it fails by itself: raised, it would come due again for ever.
        log.exception("message not rendered", extra={"notification_id": str(taken.id)})
        one.result = Result(Step.GIVEN_UP, reason="not_rendered")


def _reason_not_to_send(taken: Taken) -> str | None:
    reason = reason_not_to_send(
        Circumstances(
            now=taken.taken_at,
            not_after=taken.not_after,
            while_held=taken.kind.while_held,
            wants_hold_notices=taken.wants_hold_notices,
            superseded=taken.superseded,
        )
    )
    if reason is None and not (taken.tried or taken.kind.owed(taken.context) or outgoing.is_allowed(taken)):
        return "too_many"
    return reason


def _rendered(taken: Taken) -> Rendered:
    """In the wording of staff or, where that cannot be sent, in the one the service came with. Raises BadWording."""
    try:
        return _worded(taken, taken.wording)
    except BadWording as error:
        # The person it is for can do nothing about it, and the ticket is theirs; the admin site shows what is wrong.
        facts = {"template": taken.kind.code, "channel": taken.channel, "language": taken.language, "why": str(error)}
        log.warning("wording refused", extra=facts)
        return _worded(taken, first_wordings.of(taken.kind.code, taken.channel, taken.language))


def _worded(taken: Taken, wording: Wording | None) -> Rendered:
    """Raises BadWording."""
    if wording is None:
        raise BadWording("There is no wording for this message.")
    values = present(
        taken.context,
        kind=taken.kind,
        booking=taken.booking,
        name=taken.name,
        language=taken.language,
        time_zone=taken.time_zone,
        public_url=settings.PUBLIC_URL,
        support_email=settings.SUPPORT_EMAIL,
        secret_keys=settings.MAILED_SECRET_KEYS,
    )
    return render(
        wording,
        values,
        mail_domain=compose.domain_of(settings.DEFAULT_FROM_EMAIL),
        about_account=taken.kind.about_account,
    )


def _mail(taken: Taken, rendered: Rendered) -> Envelope:
    return compose.mail(
        notification_id=taken.id,
        sender=settings.DEFAULT_FROM_EMAIL,
        recipient=taken.recipient,
        rendered=rendered,
        date=taken.taken_at,
        codes=codes(taken.context),
        reply_to=settings.SUPPORT_EMAIL,
    )


def _send_mails(tries: Sequence[Try], *, begin_by: float, patience: float) -> None:
    envelopes = [one.envelope for one in tries if one.envelope is not None]

    def hand_over() -> None:
        failures = smtp_connection().send_all(envelopes, begin_by=begin_by, patience=patience)
        for one in tries:
            _hand_over(one, lambda: _raise(next(failures)))
        _raise(next((one.failure for one in tries if isinstance(one.failure, Unreachable)), None))

    if not tries:
        return
    try:
        _breakers[Channel.EMAIL].call(hand_over)
    except BreakerOpen:
        # Another thread is trying the server that was away.
        for one in tries:
            _hand_over(one, lambda: _raise(Unreachable("circuit_open")))
    except Unreachable:
        return  # which the breaker counts; each of the tries has its own failure


def _raise(failure: DeliveryFailure | None) -> None:
    if failure is not None:
        raise failure


def _send_sms(one: Try, *, begin_by: float) -> None:
    if time.monotonic() > begin_by:
        raise TemporaryFailure("no_time")
    assert one.rendered is not None
    text = one.rendered.text.strip()
    try:
        _breakers[Channel.SMS].call(sms.send, notification_id=one.taken.id, to=one.taken.recipient, text=text)
    except BreakerOpen as error:
        raise Unreachable("circuit_open") from error


def _hand_over(one: Try, hand_over: Callable[[], None]) -> None:
    """hand_over comes back when the next server has it; it raises DeliveryFailure."""
    taken = one.taken
    facts = {"notification.id": str(taken.id), "notification.template": taken.kind.code}
    started = time.perf_counter()
    try:
        with at_hand(one.event), tracing.step(f"send {taken.channel}", **facts):
            hand_over()
    except DeliveryFailure as failure:
        one.failure = failure
    ended = time.perf_counter()
    SENDING.labels(taken.channel).observe(ended - started)
    if one.failure is None:
        waited = (taken.taken_at - taken.created_at).total_seconds()
        LATENCY.labels(taken.channel).observe(waited + ended - one.taken_at)
    one.result = _result(one, milliseconds=round((ended - started) * 1000))


def _result(one: Try, *, milliseconds: int) -> Result:
    failure, pause = one.failure, None
    code = "" if failure is None else failure.code
    if failure is None:
        step, outcome = Step.DELIVERED, DeliveryLog.SENT
    else:
        if not isinstance(failure, PermanentFailure):
            pause = pause_before_next_try(attempts=one.taken.attempt)
        step = Step.GIVEN_UP if pause is None else Step.PUT_OFF
        outcome = DeliveryLog.FAILED if pause is None else DeliveryLog.DEFERRED
    return Result(
        step,
        outcome=outcome,
        code=code,
        reason=code,
        pause=pause or timedelta(),
        subject="" if one.rendered is None else one.rendered.subject,
        message_id=_message_id(one.taken),
        milliseconds=milliseconds,
    )


def _message_id(taken: Taken) -> str:
    if taken.channel == Channel.SMS:
        return str(taken.id)
    return compose.message_id(taken.id, settings.DEFAULT_FROM_EMAIL)


def _record(tried: Sequence[tuple[Try, Result]]) -> None:
    for one, result in tried:
        TRIES.labels(one.taken.kind.code, one.taken.channel, _outcome(result)).inc()
    recorded: set[UUID] = set()
    results = [(one.taken, result) for one, result in tried]
    _write_down(results, recorded)
    for one, result in tried:
        facts = {
            "notification_id": str(one.taken.id),
            "template": one.taken.kind.code,
            "channel": one.taken.channel,
            "attempt": one.taken.attempt,
            "outcome": _outcome(result),
            "code": result.code or result.reason,
        }
        with at_hand(one.event):
            if one.taken.id in recorded:
                log.info("notification tried", extra=facts)
            else:
                log.warning("notification tried after its lease had ended", extra=facts)


def _write_down(results: Sequence[tuple[Taken, Result]], recorded: set[UUID]) -> None:
    """recorded: gets the ids. What cannot be recorded keeps no other from it: those would be sent once more."""
    try:
        patiently(lambda: recorded.update(outgoing.record(results)), seconds=RECORD_SECONDS)
    except Exception as exc:
        if is_away(exc) or len(results) == 1:
            raise
        log.exception("outcomes not recorded together")
        for one in results:
            try:
                _write_down([one], recorded)
            except DatabaseFailure:
                log.exception("outcome not recorded", extra={"notification_id": str(one[0].id)})


def _outcome(result: Result) -> str:
    return result.outcome or result.status.value
