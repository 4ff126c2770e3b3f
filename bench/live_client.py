"""Thousands of pages that watch one showtime, in a process of its own: `python -m bench.live_client URL SOCKETS`.

URL is that of the showtime's live seats. It writes `ready` when all sockets are open, reads on its standard input when
which booking was answered, {"<seat>": <monotonic seconds>}, and writes what it found as one line of JSON.
"""

import asyncio
import contextlib
import json
import resource
import secrets
import ssl
import sys
import time
from array import array
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from bench.http import percentile

# Of one address the gateway takes so many at once, and each address of 127.0.0.0/8 is this machine's.
PER_ADDRESS = 90
AT_ONCE = 64
OPEN_WITHIN = 60.0
# What was sold last has so long to arrive.
LATE_SECONDS = 5.0
TEXT, PING, CLOSE = 0x1, 0x9, 0x8


@dataclass
class Heard:
    """By text of a message when it came, once for each socket."""

    times: dict[bytes, "array[float]"] = field(default_factory=dict)
    closed: int = 0

    def note(self, text: bytes, at: float) -> None:
        known = self.times.get(text)
        if known is None:
            known = self.times[text] = array("d")
        known.append(at)


class Page(asyncio.Protocol):
    """As much of a WebSocket's client (RFC 6455) as costs nothing: the figures are to be the server's."""

    def __init__(self, target: SplitResult, heard: Heard) -> None:
        self._target = target
        self._heard = heard
        self._unread = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        lines = (
            f"GET {self._target.path}?{self._target.query} HTTP/1.1",
            f"Host: {self._target.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {b64encode(secrets.token_bytes(16)).decode()}",
        )
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self._unread += data
        if not self.opened.done():
            head, found, rest = self._unread.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self.opened.set_exception(ConnectionError(head.split(b"\r\n")[0].decode()))
                self._transport.abort()
                return
            self.opened.set_result(None)
            self._unread = rest
        while (frame := _frame(self._unread)) is not None:
            code, start, end = frame
            body, self._unread = self._unread[start:end], self._unread[end:]
            if code == TEXT:
                self._heard.note(body, at)
            elif code == PING:
                self._transport.write(bytes([0x8A, 0x80 | len(body), 0, 0, 0, 0]) + body)
            elif code == CLOSE:
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard.closed += 1
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed"))


def _frame(data: bytes) -> tuple[int, int, int] | None:
    """The code of the frame at the beginning, and where what it says begins and ends; None of half a frame."""
    if len(data) < 2:
        return None
    size, start = data[1], 2
    if size > 125:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start], "big")
    return (data[0] & 0x0F, start, start + size) if len(data) >= start + size else None


async def _open(target: SplitResult, sockets: int, heard: Heard) -> list[Page]:
    loop = asyncio.get_running_loop()
    secure = ssl.create_default_context() if target.scheme == "https" else None
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Page:
        own = number // PER_ADDRESS
        async with turn:
            _, page = await loop.create_connection(
                lambda: Page(target, heard),
                target.hostname or "127.0.0.1",
                target.port or (443 if secure else 80),
                ssl=secure,
                local_addr=(f"127.0.{1 + own // 250}.{1 + own % 250}", 0),
            )
            await page.opened
            return page

    return await asyncio.gather(*(one(number) for number in range(sockets)))


def _found(heard: Heard, answered: dict[str, float], sockets: int) -> dict[str, Any]:
    """Of each seat at each socket, from the booking's answer to the message that told of it."""
    seconds = array("d")
    for text, times in heard.times.items():
        told = json.loads(text)
        if told["type"] != "delta":
            continue
        for seat in told["seats"]:
            if seat["status"] == "held" and seat["id"] in answered:
                seconds.extend(at - answered[seat["id"]] for at in times)
    return {
        "sockets": sockets,
        "closed": heard.closed,
        "bookings": len(answered),
        "untold": len(answered) * sockets - len(seconds),
        "messages": sum(map(len, heard.times.values())),
        "p50_ms": round(percentile(seconds, 0.50) * 1000, 1),
        "p95_ms": round(percentile(seconds, 0.95) * 1000, 1),
        "max_ms": round(max(seconds, default=0.0) * 1000, 1),
    }


async def _run(url: str, sockets: int) -> None:
    heard = Heard()
    async with asyncio.timeout(OPEN_WITHIN):
        pages = await _open(urlsplit(url), sockets, heard)
    print("ready", flush=True)
    line = await asyncio.to_thread(sys.stdin.readline)
    await asyncio.sleep(LATE_SECONDS)
    print(json.dumps(_found(heard, json.loads(line), len(pages))), flush=True)


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_run(sys.argv[1], int(sys.argv[2])))
