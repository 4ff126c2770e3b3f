"""Handing messages over: take one, send it, record what became of it. No transaction is open while sending.

A worker killed between sending and recording leaves the message due again when its lease ends; it is then sent once
more under the same Message-ID (SMS: the same id, which the gateway keeps once). Nothing can do better over SMTP.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from chassis.storage.breaker import Breaker, BreakerOpen
from chassis.storage.database import patiently
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
from notifications.failures import DeliveryFailure, PermanentFailure, Unreachable
from notifications.models import DeliveryLog
from notifications.outgoing import Result, Taken
from notifications.presentation import codes, present
from notifications.smtp import SmtpConnection
from notifications.wording import Rendered, Wording, render
from notifications.wording_rules import BadWording

log = logging.getLogger(__name__)

SWEEP_MESSAGES = 200
SWEEP_SECONDS = 4.0
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


def deliver_for_event(*, event_id: UUID) -> None:
    """Hands over the message that the event wrote, unless somebody took it or its server is away. Safe to repeat."""
    taken = outgoing.take(channels=_open_channels(), event_id=event_id)
    if taken is not None:
        _deliver(taken)


def deliver_due() -> int:
    """Hands over what is due, one after the other, until nothing is, a bound is reached or the server is away."""
    delivered = 0
    deadline = time.monotonic() + SWEEP_SECONDS
    while delivered < SWEEP_MESSAGES and time.monotonic() < deadline:
        taken = outgoing.take(channels=_open_channels())
        if taken is None:
            break
        _deliver(taken)
        delivered += 1
    return delivered


def _open_channels() -> list[Channel]:
    return [channel for channel, breaker in _breakers.items() if not breaker.is_open]


def _deliver(taken: Taken) -> None:
    if taken.sms_number:
        _write_sms_as_well(taken)
    result = _attempt(taken)
    outcome = result.outcome or result.status.value
    TRIES.labels(taken.kind.code, taken.channel, outcome).inc()
    recorded: list[bool] = []
    patiently(lambda: recorded.append(outgoing.record(taken, result)), seconds=RECORD_SECONDS)
    facts = {
        "notification_id": str(taken.id),
        "template": taken.kind.code,
        "channel": taken.channel,
        "attempt": taken.attempt,
        "outcome": outcome,
        "code": result.code or result.reason,
    }
    if recorded[-1]:
        log.info("notification tried", extra=facts)
    else:
        log.warning("notification tried after its lease had ended", extra=facts)


def _write_sms_as_well(taken: Taken) -> None:
    """One for each mail that there may be only one of; a copy of a mail has no key, and its booking one message."""
    services.write(
        draft=services.Draft(
            kind=taken.kind,
            channel=Channel.SMS,
            user_id=taken.user_id,
            booking_id=taken.booking_id,
            natural_key=taken.natural_key or f"{taken.kind.code}:{taken.booking_id or taken.id}",
            context=taken.context,
        )
    )


def _attempt(taken: Taken) -> Result:
    if not taken.recipient:
        return Result(Step.ADDRESS_MISSING, reason="no_address")
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
        reason = "too_many"
    if reason is not None:
        return Result(Step.NOT_WANTED, reason=reason)
    try:
        rendered = _rendered(taken)
        hand_over = _prepared(taken, rendered)
    except PermanentFailure as failure:
        return Result(Step.GIVEN_UP, outcome=DeliveryLog.FAILED, code=failure.code, reason=failure.code)
    except Exception:
        # Whatever is wrong with this one message, it fails by itself: raised, it would come due again for ever.
        log.exception("message not rendered", extra={"notification_id": str(taken.id)})
        return Result(Step.GIVEN_UP, reason="not_rendered")
    return _handed_over(taken, rendered, hand_over)


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
    return render(wording, values, mail_domain=compose.domain_of(settings.DEFAULT_FROM_EMAIL))


def _prepared(taken: Taken, rendered: Rendered) -> Callable[[], None]:
    if taken.channel == Channel.SMS:
        return lambda: sms.send(notification_id=taken.id, to=taken.recipient, text=rendered.text.strip())
    envelope = compose.mail(
        notification_id=taken.id,
        sender=settings.DEFAULT_FROM_EMAIL,
        recipient=taken.recipient,
        rendered=rendered,
        date=taken.taken_at,
        codes=codes(taken.context),
        reply_to=settings.SUPPORT_EMAIL,
    )
    return lambda: smtp_connection().send(envelope)


def _handed_over(taken: Taken, rendered: Rendered, hand_over: Callable[[], None]) -> Result:
    started = time.perf_counter()
    failure = _failure_of(taken, hand_over)
    seconds = time.perf_counter() - started
    SENDING.labels(taken.channel).observe(seconds)
    code = "" if failure is None else failure.code
    pause = None
    if failure is None:
        step, outcome = Step.DELIVERED, DeliveryLog.SENT
        LATENCY.labels(taken.channel).observe((taken.taken_at - taken.created_at).total_seconds() + seconds)
    else:
        if not isinstance(failure, PermanentFailure):
            pause = pause_before_next_try(attempts=taken.attempt)
        step = Step.GIVEN_UP if pause is None else Step.PUT_OFF
        outcome = DeliveryLog.FAILED if pause is None else DeliveryLog.DEFERRED
    return Result(
        step,
        outcome=outcome,
        code=code,
        reason=code,
        pause=pause or timedelta(),
        subject=rendered.subject,
        message_id=_message_id(taken),
        milliseconds=round(seconds * 1000),
    )


def _message_id(taken: Taken) -> str:
    if taken.channel == Channel.SMS:
        return str(taken.id)
    return compose.message_id(taken.id, settings.DEFAULT_FROM_EMAIL)


def _failure_of(taken: Taken, hand_over: Callable[[], None]) -> DeliveryFailure | None:
    facts = {"notification.id": str(taken.id), "notification.template": taken.kind.code}
    try:
        with tracing.step(f"send {taken.channel}", **facts):
            _breakers[taken.channel].call(hand_over)
    except BreakerOpen:
        # Another thread is trying the server that was away.
        return Unreachable("circuit_open")
    except DeliveryFailure as failure:
        return failure
    return None
