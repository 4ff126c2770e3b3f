import uuid
from datetime import datetime

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """A time-ordered UUID (RFC 9562 §5.7): keys made one after the other sit side by side in an index."""
    return uuid_utils.compat.uuid7()


def first_uuid7_at(moment: datetime) -> uuid.UUID:
    """The smallest UUIDv7 of that millisecond: rows older than `moment` have smaller keys."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62))
