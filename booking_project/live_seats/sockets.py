"""One client's connection: what it was told last, and whether it takes what it is told."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from django.conf import settings
from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode
from websockets.protocol import State

from live_seats import metrics

log = logging.getLogger(__name__)

# Of what was written the kernel keeps so much (bytes) for a client that does not read, and then we do.
KERNEL_BYTES = 64 * 1024


class Socket(ServerConnection):
    """told: the version that it was told last; None before it was told anything. has: the one its client came with.

    watch: of what it is told.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.told: str | None = None
        self.has: str | None = None
        self.watch: object = None
        self._stuck_since: float | None = None
        self._farewells: list[Callable[[], None]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plain = transport.get_extra_info("socket")
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        super().connection_made(transport)

    def when_lost(self, farewell: Callable[[], None]) -> None:
        """Calls it once the connection is gone, however far it had come."""
        self._farewells.append(farewell)

    def connection_lost(self, exc: Exception | None) -> None:
        for farewell in self._farewells:
            farewell()
        self._farewells.clear()
        super().connection_lost(exc)

    @property
    def is_lost(self) -> bool:
        return self.state is State.CLOSED

    @property
    def is_open(self) -> bool:
        return self.state is State.OPEN

    def takes(self, now: float) -> bool:
        """Whether all that was written to it is on its way; who takes nothing for LIVE_PATIENCE_SECONDS is cut off."""
        if not self.transport.get_write_buffer_size():
            self._stuck_since = None
            return True
        if self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since > settings.LIVE_PATIENCE_SECONDS and self.is_open:
            self._cut_off()
        return False

    def _cut_off(self) -> None:
        log.info("cut off", extra={"reason": "slow", "unsent": self.transport.get_write_buffer_size()})
        metrics.has_cut_off("slow")
        # It takes no farewell either; the connection ends with what it has in its hands.
        self._parting = asyncio.create_task(self.close(CloseCode.TRY_AGAIN_LATER, "too slow"))
