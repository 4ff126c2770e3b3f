"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the same request twice has one effect and one answer.

The key is claimed in the transaction that records the effect, or, where another server must be asked, the intent.
A lease keeps a second try out while the first is at work; when the first was killed, the next try after the lease
goes on with the same resource. So no key stays stuck.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, overload
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.ids import uuid7
from chassis.storage.models import IdempotencyKey
from chassis.web.permissions import caller
from chassis.web.problems import BadRequest, Conflict, Unprocessable
from chassis.web.rendering import CompactJSON, Rendered

HEADER = "Idempotency-Key"
LOCK_NOT_AVAILABLE = "55P03"  # SQLSTATE of a lock_timeout: the first try has not committed yet
_SANE = re.compile(r"[\x21-\x7e]{1,255}")
# What belongs to the answer itself; the others are made for each response anew.
_KEPT_HEADERS = ("Location", "Retry-After")


class KeyMissing(BadRequest):
    code = "idempotency_key_missing"
    title = f"This request needs an {HEADER} header"


class KeyMalformed(BadRequest):
    code = "idempotency_key_malformed"
    title = f"An {HEADER} has 1 to 255 visible ASCII characters"


class KeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = f"This {HEADER} was used with another payload"


class KeyInFlight(Conflict):
    code = "idempotency_key_in_flight"
    title = f"A request with this {HEADER} is being worked on"


@dataclass(frozen=True, slots=True)
class Key:
    user_id: UUID
    endpoint: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Claim:
    """resource_id is what this request makes, or, for a repeated one, what the first made.

    completed: the answer is known, replay it. resumed: an earlier try with this key did not come to its end.
    """

    id: UUID
    resource_id: UUID
    resumed: bool = False
    status: int | None = None
    content: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def completed(self) -> bool:
        return self.status is not None


@overload
def key_from(request: Request, *, required: Literal[True]) -> Key: ...


@overload
def key_from(request: Request, *, required: Literal[False]) -> Key | None: ...


def key_from(request: Request, *, required: bool) -> Key | None:
    """The key of a request, scoped to its user and endpoint. Raises KeyMissing (if required) or KeyMalformed."""
    value = request.headers.get(HEADER)
    if value is None:
        if required:
            raise KeyMissing
        return None
    if not _SANE.fullmatch(value):
        raise KeyMalformed
    canonical = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return Key(
        user_id=caller(request).id,
        endpoint=f"{request.method} {request.path}"[:64],
        key=value,
        fingerprint=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def claim(key: Key, *, resource_id: UUID, lease_seconds: int = 30) -> Claim:
    """Claims the key, inside the transaction that records the effect or the intent.

    A concurrent first try makes this wait until it commits or rolls back.
    Raises KeyReused (422) for another payload, KeyInFlight (409) while another try holds the lease.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a key is claimed with the effect, in one transaction")
    lease = timedelta(seconds=lease_seconds)
    try:
        fresh = _insert(key, resource_id, lease)
        known = None if fresh else _find(key)
    except OperationalError as exc:
        if getattr(exc.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise KeyInFlight(headers={"Retry-After": "1"}) from exc
    if fresh is not None:
        return fresh
    if known is None:  # swept away between the two statements: it was a day old
        raise KeyInFlight(headers={"Retry-After": "1"})
    if known.fingerprint != key.fingerprint:
        raise KeyReused
    if known.status is not None:
        content, headers = known.content or "", known.headers
        return Claim(known.id, known.resource_id, status=known.status, content=content, headers=headers)
    now = timezone.now()
    if known.leased_until > now:
        wait = int((known.leased_until - now).total_seconds()) + 1
        raise KeyInFlight(headers={"Retry-After": str(wait)})
    known.leased_until = now + lease
    known.save(update_fields=["leased_until"])
    return Claim(id=known.id, resource_id=known.resource_id, resumed=True)


def _insert(key: Key, resource_id: UUID, lease: timedelta) -> Claim | None:
    now = timezone.now()
    row: list[Any] = [uuid7(), key.user_id, key.endpoint, key.key, key.fingerprint, resource_id, now + lease, now]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO idempotency_keys"
            " (id, user_id, endpoint, key, fingerprint, resource_id, leased_until, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            row,
        )
        inserted = cursor.fetchone()
    return Claim(id=inserted[0], resource_id=resource_id) if inserted else None


def _find(key: Key) -> IdempotencyKey | None:
    keys = IdempotencyKey.objects.select_for_update()
    return keys.filter(user_id=key.user_id, endpoint=key.endpoint, key=key.key).first()


def complete(claim: Claim, *, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    """Keeps the answer, inside the transaction that records the outcome. body: JSON types only.

    It is kept as it is sent, to the byte, and with what its headers say of it. The first answer stays: a try that
    outlived its lease may end after the one that resumed it.
    """
    kept = {name: headers[name] for name in _KEPT_HEADERS if headers and name in headers}
    content = str(CompactJSON().render(body), "utf-8")
    IdempotencyKey.objects.filter(id=claim.id, status=None).update(status=status, content=content, headers=kept)


def release(claim: Claim) -> None:
    """Ends the lease of a request that came to no end: its next try may go on at once."""
    IdempotencyKey.objects.filter(id=claim.id, status=None).update(leased_until=timezone.now())


def replay(claim: Claim) -> Response:
    """The stored answer, marked as such."""
    content_type = "application/problem+json" if claim.status and claim.status >= 400 else None
    headers = {**claim.headers, "Idempotency-Replayed": "true"}
    return Response(Rendered(claim.content), status=claim.status, headers=headers, content_type=content_type)


def once(request: Request, do: Callable[[UUID], Any], *, status: int = 200) -> Response:
    """Does it once for one key, however often asked, with its answer in one transaction; without a key each time.

    do: gets the id of what it may make; what it returns is the body. Raises KeyMalformed, and what claim() raises.
    """
    key = key_from(request, required=False)
    with transaction.atomic():
        claimed = claim(key, resource_id=uuid7()) if key else None
        if claimed and claimed.completed:
            return replay(claimed)
        body = do(claimed.resource_id if claimed else uuid7())
        if claimed:
            complete(claimed, status=status, body=body)
    return Response(body, status=status)
