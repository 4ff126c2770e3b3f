import hashlib
import uuid
from datetime import UTC, datetime

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """A time-ordered UUID (RFC 9562 §5.7): keys made one after the other sit side by side in an index."""
    return uuid_utils.compat.uuid7()


def nobodys_id() -> uuid.UUID:
    """The id of somebody who has no account and no address, as time-ordered as others and never one of an account's.

    It is a UUIDv8 (RFC 9562 §5.8), which is made nowhere else: whoever reads it knows, without asking, that there is
    nobody to find behind it.
    """
    return uuid.UUID(int=uuid7().int ^ ((0x7 ^ 0x8) << 76))


def is_nobodys(id_: uuid.UUID) -> bool:
    return id_.version == 8


def uuid7_following(origin: uuid.UUID, step: int) -> uuid.UUID:
    """The id of what follows from `origin` as its step of that number (0 to 4095): the same whenever it is asked for.

    It has the time of `origin`, a UUIDv7, then the step, then 62 bits of a digest of both.
    """
    digest = hashlib.sha256(origin.bytes + step.to_bytes(2, "big")).digest()
    noise = int.from_bytes(digest[:8], "big") >> 2
    return uuid.UUID(int=(origin.int >> 80 << 80) | (0x7 << 76) | (step << 64) | (0b10 << 62) | noise)


def first_uuid7_at(moment: datetime) -> uuid.UUID:
    """The smallest UUIDv7 of that millisecond: rows older than `moment` have smaller keys."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62))


def time_of_uuid7(id_: uuid.UUID) -> datetime:
    """When it was made, by the clock of who made it."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)
