"""Bounds on what can be tried again and again, kept in Redis. Without Redis nobody is turned away."""

import hashlib
import logging
from functools import cache
from typing import Any

from django.conf import settings

from accounts.errors import SignInThrottled
from chassis.addresses import household_of
from chassis.storage.redis import RedisUnavailable, redis_client

log = logging.getLogger(__name__)

# An address where nobody has said yet that it is theirs: whatever the cause, it gets only so many mails.
UNCONFIRMED = "unconfirmed"
# Where somebody has signed in, their attempts are counted apart from strangers' for so long.
KNOWN_SECONDS = 30 * 24 * 3600

# Milliseconds to wait, or 0: the attempt is taken and counted. What is turned away is not counted, so that nobody can
# make another wait for longer by knocking on. Each attempt past the limit makes the next one wait twice as long.
_ADMIT = """
local counted = redis.call('EXISTS', KEYS[1]) == 1 and 2 or 4
local wait = redis.call('PTTL', KEYS[counted + 1])
if wait > 0 then return wait end
local attempts = redis.call('INCR', KEYS[counted])
redis.call('EXPIRE', KEYS[counted], ARGV[2])
local past = attempts - tonumber(ARGV[1])
if past >= 0 then
    local seconds = math.min(tonumber(ARGV[3]) * 2 ^ math.min(past, 20), tonumber(ARGV[4]))
    redis.call('SET', KEYS[counted + 1], '1', 'EX', math.floor(seconds))
end
return 0
"""


def admit_sign_in(*, subject: str, address: str | None) -> None:
    """Counts an attempt to sign in. Raises SignInThrottled, with the seconds to wait.

    subject: the account, so that all its names count together, or a name that nobody has. Attempts from anywhere count
    together too, but for those from where the account has signed in before: who guesses elsewhere locks out nobody.
    The attempt is counted before the password is checked, so that attempts side by side are counted too.
    """
    bounds = [
        settings.SIGN_IN_ATTEMPTS,
        settings.SIGN_IN_ATTEMPTS_SECONDS,
        settings.SIGN_IN_FIRST_WAIT_SECONDS,
        settings.SIGN_IN_LONGEST_WAIT_SECONDS,
    ]
    try:
        milliseconds = int(_admit()(keys=_sign_in_keys(subject, address), args=bounds, client=redis_client()))
    except RedisUnavailable:
        log.warning("attempt not counted: redis is away")
        return
    if milliseconds:
        raise SignInThrottled(seconds=-(-milliseconds // 1000))


def forgive_sign_in(*, subject: str, address: str | None) -> None:
    """The password was right: attempts before it, from there, no longer count, and the place is known from now on."""
    known, *counters = _sign_in_keys(subject, address)
    try:
        client = redis_client()
        client.delete(*(counters[:2] if client.exists(known) else counters))
        client.set(known, "1", ex=KNOWN_SECONDS)
    except RedisUnavailable:
        log.warning("failed attempts not forgotten: redis is away")


def may_mail(*, email: str, cause: str = UNCONFIRMED) -> bool:
    """Whether another message for this cause may go to this address; counts it."""
    count = _count(_key(f"mail:{cause}", email.lower()), settings.MAIL_REQUESTS_SECONDS)
    limit: int = settings.MAIL_REQUESTS
    return count <= limit


@cache
def _admit() -> Any:
    return redis_client().register_script(_ADMIT)


def _sign_in_keys(subject: str, address: str | None) -> list[str]:
    """Whether the place is known; attempts and wait of the place; attempts and wait of all others. One slot."""
    account = f"throttle:sign_in:{{{_digest(subject)}}}"
    place = f"{account}:at:{_digest(household_of(address) if address else '')}"
    return [f"{place}:known", f"{place}:attempts", f"{place}:wait", f"{account}:attempts", f"{account}:wait"]


def _key(kind: str, what: str) -> str:
    return f"throttle:{kind}:{_digest(what)}"


def _digest(what: str) -> str:
    # For what people type as a name may be anything, their password too.
    return hashlib.sha256(what.encode()).hexdigest()


def _count(key: str, window_seconds: int) -> int:
    """The count with this one; 0 without Redis."""
    try:
        pipeline = redis_client().pipeline(transaction=True)
        pipeline.set(key, 0, ex=window_seconds, nx=True)
        pipeline.incr(key)
        _, count = pipeline.execute()
    except RedisUnavailable:
        log.warning("attempt not counted: redis is away")
        return 0
    return int(count)
