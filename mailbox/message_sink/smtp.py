"""The SMTP side: one conversation per connection. All that came in one read is answered in one write."""

import asyncio

from message_sink.conversation import GREETING, HOST, Conversation
from message_sink.store import Store

IDLE_SECONDS = 300.0


class Connection(asyncio.Protocol):
    def __init__(self, store: Store, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._conversation = Conversation(store)
        self._idle_seconds = idle_seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._timer = self._loop.call_later(self._idle_seconds, self._hang_up_if_idle)
        transport.write(f"{GREETING}\r\n".encode())

    def connection_lost(self, _error: Exception | None) -> None:
        self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._transport.write(self._conversation.hear(data))
        if self._conversation.over:
            self._transport.close()

    def pause_writing(self) -> None:
        # Who does not read the answers is not listened to.
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def _hang_up_if_idle(self) -> None:
        remaining = self._heard_at + self._idle_seconds - self._loop.time()
        if remaining > 0:
            self._timer = self._loop.call_later(remaining, self._hang_up_if_idle)
            return
        self._transport.write(f"421 {HOST} Nothing was said for too long\r\n".encode())
        # close() would wait for a peer that reads nothing any more.
        self._transport.abort()
