"""One log line for each sensitive operation: who, what, from where. Never a password, a token or an address book."""

import logging

log = logging.getLogger("audit")


def record(action: str, *, user_id: object = None, address: str | None = None, **facts: object) -> None:
    """action: past tense, such as `signed_in`. facts: plain values that are safe to keep."""
    log.info(action, extra={"audit": True, "user_id": str(user_id) if user_id else None, "address": address, **facts})
