"""Bounds on what can be tried again and again, kept in Redis. Without Redis nobody is turned away."""

import hashlib
import logging

from django.conf import settings

from accounts.errors import SignInThrottled
from chassis.storage.redis import RedisUnavailable, redis_client

log = logging.getLogger(__name__)


def admit_sign_in(*, login: str, address: str | None) -> None:
    """Counts an attempt on this account from this address. Raises SignInThrottled past the limit.

    The attempt is counted before the password is checked, so that attempts side by side are counted too.
    """
    count, seconds_left = _count(_sign_in_key(login, address), settings.SIGN_IN_ATTEMPTS_SECONDS)
    if count > settings.SIGN_IN_ATTEMPTS:
        raise SignInThrottled(retry_after=max(seconds_left, 1))


def forgive_sign_in(*, login: str, address: str | None) -> None:
    """The password was right: attempts before it no longer count."""
    try:
        redis_client().delete(_sign_in_key(login, address))
    except RedisUnavailable:
        log.warning("failed attempts not forgotten: redis is away")


def may_mail(*, purpose: str, email: str) -> bool:
    """Whether another message of this purpose may go to this address; counts it."""
    count, _ = _count(_key(f"mail:{purpose}", email.lower()), settings.MAIL_REQUESTS_SECONDS)
    limit: int = settings.MAIL_REQUESTS
    return count <= limit


def _sign_in_key(login: str, address: str | None) -> str:
    return _key("sign_in", f"{login.lower()}|{address}")


def _key(kind: str, what: str) -> str:
    # A digest, for what people type as a name may be anything, their password too.
    return f"throttle:{kind}:{hashlib.sha256(what.encode()).hexdigest()}"


def _count(key: str, window_seconds: int) -> tuple[int, int]:
    """The count with this one, and the seconds until it starts anew; (0, 0) without Redis."""
    try:
        pipeline = redis_client().pipeline(transaction=True)
        pipeline.set(key, 0, ex=window_seconds, nx=True)
        pipeline.incr(key)
        pipeline.ttl(key)
        _, count, seconds_left = pipeline.execute()
    except RedisUnavailable:
        log.warning("attempt not counted: redis is away")
        return 0, 0
    return int(count), int(seconds_left)
