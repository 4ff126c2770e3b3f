"""The SMTP side: takes every mail for everybody."""

import logging
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from message_sink.store import Store

MAX_MAIL_BYTES = 10 * 1024 * 1024
IDLE_SECONDS = 300

logger = logging.getLogger(__name__)


class Keep:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(  # noqa: N802  (aiosmtpd calls it by this name)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
    ) -> str:
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 No content"
        try:
            message = self._store.keep_email(
                sender=envelope.mail_from or "", recipients=envelope.rcpt_tos, content=content
            )
        except OSError:
            # A full disk is the sender's cue to try again later, not to give the mail up.
            logger.exception("mail refused for now")
            return "452 4.3.1 Insufficient system storage"
        return f"250 2.0.0 Kept as {message.id}"


def protocol_factory(store: Store) -> "partial[Any]":
    """What `loop.create_server` calls for each connection."""
    return partial(
        SMTP,
        Keep(store),
        data_size_limit=MAX_MAIL_BYTES,
        enable_SMTPUTF8=True,
        hostname="message-sink.localhost",
        ident="Marquee message sink",
        timeout=IDLE_SECONDS,
    )
