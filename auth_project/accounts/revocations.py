"""What is good no more: recorded with the decision, told to Redis after its commit, and again when Redis lost it.

That is access tokens, and the sessions of staff at the five admin sites, which ask the same keys.
"""

import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.domain import AccessTokenId
from accounts.models import Revocation, Session, User
from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.web.revoked import TOLD, TOLD_KEY, revoke_token, revoke_user

log = logging.getLogger(__name__)

BATCH = 5000


def revoke_one(token: AccessTokenId) -> None:
    """No service accepts this access token from the commit on. Needs a transaction."""
    expires_at = datetime.fromtimestamp(token.expires, tz=UTC)
    _tell_after_commit(Revocation.objects.create(jti=token.jti, expires_at=expires_at))


def revoke_session(session: Session) -> None:
    """Whoever entered an admin site by this sign-in is out of it from the commit on. Needs a transaction."""
    expires_at = session.created_at + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    if expires_at > timezone.now():
        _tell_after_commit(Revocation.objects.create(jti=session.id.hex, expires_at=expires_at))


def revoke_all_of(user: User) -> None:
    """Nothing this user was given up to now is good from the commit on. Needs a transaction.

    No service accepts their access tokens, and their sessions at the admin sites, which live longer, are over.
    """
    now = timezone.now()
    longest = max(settings.ACCESS_TOKEN_SECONDS, settings.SESSION_COOKIE_AGE)
    expires_at = now + timedelta(seconds=longest)
    _tell_after_commit(Revocation.objects.create(user=user, issued_before=now, expires_at=expires_at))


def publish_due() -> int:
    """A tick: tells Redis what it was not told yet, or all that matters if it lost any; how many were told."""
    now = timezone.now()
    alive = Revocation.objects.filter(expires_at__gt=now)
    try:
        telling, told = _marks()
        mark = redis_client().get(TOLD_KEY)
        if mark not in (telling, told):
            redis_client().set(TOLD_KEY, mark := telling)
            alive.update(published_at=None)
        revocations = list(alive.filter(published_at=None).order_by("id")[:BATCH])
        for revocation in revocations:
            _tell(revocation, now)
        if mark == telling and len(revocations) < BATCH:
            # Only where it still is: a Redis that was emptied meanwhile knows nothing of what was told before.
            redis_client().set(TOLD_KEY, told, xx=True)
    except RedisUnavailable:
        log.warning("revocations not told: redis is away")
        return 0
    Revocation.objects.filter(pk__in=[revocation.pk for revocation in revocations]).update(published_at=now)
    return len(revocations)


def _marks() -> tuple[bytes, bytes]:
    """That the running Redis is being told everything, and that it was: one that was restarted, or took over from
    another, may lack the last moments before.
    """
    server = str(redis_client().info("server").get("run_id", "")).encode()
    return b"telling:" + server, TOLD + b":" + server


def _tell_after_commit(revocation: Revocation) -> None:
    transaction.on_commit(lambda: _tell_now(revocation))


def _tell_now(revocation: Revocation) -> None:
    try:
        _tell(revocation, timezone.now())
    except RedisUnavailable:
        log.warning("revocation not told yet: redis is away", extra={"revocation_id": str(revocation.id)})
    else:
        Revocation.objects.filter(pk=revocation.pk).update(published_at=timezone.now())


def _tell(revocation: Revocation, now: datetime) -> None:
    # A minute more than the token lives, for clocks that differ.
    seconds = int((revocation.expires_at - now).total_seconds()) + 60
    if revocation.user_id is not None and revocation.issued_before is not None:
        moment = revocation.issued_before.astimezone(UTC).timestamp()
        revoke_user(revocation.user_id, seconds=seconds, issued_before=moment)
    else:
        revoke_token(revocation.jti, seconds=seconds)
