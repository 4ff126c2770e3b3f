"""What auth takes back before its time, in the Redis that all services ask: a token, a session, all of a user's."""

import time
from typing import cast
from uuid import UUID

from chassis.storage.redis import RedisUnavailable, redis_client

# By so much the clocks of two hosts may differ.
LEEWAY_SECONDS = 5
# What auth sets here, once Redis knows all that was revoked: gone when Redis came back empty.
TOLD_KEY = "revocations:told"
TOLD = b"told"


def of_token(token_id: str) -> str:
    return f"revoked:token:{token_id}"


def of_user(user_id: UUID | str) -> str:
    return f"revoked:user:{user_id}"


def revoke_token(token_id: str, *, seconds: int) -> None:
    """No service accepts any more the token, or what began with the session, of this id. Raises RedisUnavailable.

    seconds: how long it would have lived.
    """
    redis_client().set(of_token(token_id), "1", ex=max(seconds, 1) + LEEWAY_SECONDS)


# Told in another order, or once more, they leave the latest moment.
_REVOKE_USER = """
local moment = tonumber(redis.call("GET", KEYS[1]) or "0")
if tonumber(ARGV[1]) >= moment then redis.call("SET", KEYS[1], ARGV[1], "EX", ARGV[2]) end
"""


def revoke_user(user_id: UUID, *, seconds: int, issued_before: float | None = None) -> None:
    """No service accepts a token of this user that was issued before then (Unix time; by default now).

    seconds: the longest one lives. Raises RedisUnavailable.
    """
    moment = time.time() if issued_before is None else issued_before
    keys = [of_user(user_id)]
    redis_client().register_script(_REVOKE_USER)(keys=keys, args=[repr(moment), max(seconds, 1) + LEEWAY_SECONDS])


def still_stands(*, user_id: UUID | str, session_id: str, since: float) -> bool:
    """Whether nothing has ended yet what this user began then (Unix time), in the session of auth's with this id.

    It outlives the tokens, so it is looked at more closely than one. Raises RedisUnavailable, also when Redis came back
    without what was revoked and was not told again yet.
    """
    session, before, told = redis_client().mget(of_token(session_id), of_user(user_id), TOLD_KEY)
    if session is not None or (before is not None and since < float(before)):
        return False
    if told is None or not cast(bytes, told).startswith(TOLD):
        raise RedisUnavailable("does not know what was revoked")
    return True
