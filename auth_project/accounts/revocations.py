"""Revoked access tokens: recorded with the decision, told to Redis after its commit, and again when Redis lost them."""

import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.domain import AccessTokenId
from accounts.models import Revocation, User
from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.web.tokens import revoke_token, revoke_user

log = logging.getLogger(__name__)

# Gone when Redis lost its data: then every revocation that still matters is told again.
MARKER = "revocations:told"
BATCH = 5000


def revoke_one(token: AccessTokenId) -> None:
    """No service accepts this access token from the commit on. Needs a transaction."""
    expires_at = datetime.fromtimestamp(token.expires, tz=UTC)
    _tell_after_commit(Revocation.objects.create(jti=token.jti, expires_at=expires_at))


def revoke_all_of(user: User) -> None:
    """No service accepts, from the commit on, an access token this user was given up to now. Needs a transaction."""
    now = timezone.now()
    lifetime = timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)
    _tell_after_commit(Revocation.objects.create(user=user, issued_before=now, expires_at=now + lifetime))


def publish_due() -> int:
    """A tick: tells Redis what it was not told yet, or all that matters if it came back empty; how many were told."""
    now = timezone.now()
    alive = Revocation.objects.filter(expires_at__gt=now)
    try:
        if redis_client().set(MARKER, "1", nx=True):
            alive.update(published_at=None)
        # The oldest first, for of several revocations of one user the newest must stay.
        revocations = list(alive.filter(published_at=None).order_by("id")[:BATCH])
        for revocation in revocations:
            _tell(revocation, now)
    except RedisUnavailable:
        log.warning("revocations not told: redis is away")
        return 0
    Revocation.objects.filter(pk__in=[revocation.pk for revocation in revocations]).update(published_at=now)
    return len(revocations)


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
