"""The showtimes that somebody watches: each is read at its pace, and its sockets are told what changed."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from websockets.asyncio.server import broadcast

from chassis.jitter import jittered
from chassis.web.problems import Problem
from live_seats import metrics
from live_seats.pace import WAKE_ENDS, Pace, look_seconds
from live_seats.seat_maps import KEPT_SECONDS, History, Message, SeatMap
from live_seats.sockets import Socket

log = logging.getLogger(__name__)

Read = Callable[[UUID], Coroutine[Any, Any, SeatMap]]
# How often sockets that do not take what they are told are looked at (seconds).
CATCH_UP_SECONDS = 1.0


class Watch:
    """One showtime. history: None until it was read. left_at: since when nobody watches it.

    look: asked for how many seconds it may go without being read.
    """

    def __init__(self, showtime_id: UUID, read: Read, look: Callable[[], float]) -> None:
        self.showtime_id = showtime_id
        self.history: History | None = None
        self.sockets: set[Socket] = set()
        self.left_at: float | None = None
        self._read = read
        self._look = look
        self._pace = Pace(time.monotonic())
        self._moved = asyncio.Event()
        self._behind: set[Socket] = set()
        self._following: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None

    async def join(self, socket: Socket) -> None:
        """From now on it is told, once it was greeted. Raises what the first reading raises."""
        self.sockets.add(socket)
        if self._following is None:
            self.left_at = None
            self._pace = Pace(time.monotonic())
            self._ready = asyncio.get_running_loop().create_future()
            # Those who wait for it may all have gone.
            self._ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
            self._following = asyncio.create_task(self._follow(self._ready))
        assert self._ready is not None
        await asyncio.shield(self._ready)

    def leave(self, socket: Socket) -> None:
        self.sockets.discard(socket)
        self._behind.discard(socket)
        if not self.sockets:
            self.left_at = time.monotonic()
            if self._following is not None:
                self._following.cancel()
                self._following = None

    def greet(self, socket: Socket, version: str | None) -> None:
        """version: what its client has."""
        assert self.history is not None  # it was read before anybody came in
        kind, text = self.history.since(version)
        self._send([socket], kind, text)

    def wake(self) -> None:
        self._pace.wake(time.monotonic())
        self._moved.set()

    def look_within(self, seconds: float) -> None:
        self._pace.look_within(seconds, time.monotonic())
        self._moved.set()

    def catch_up(self) -> None:
        """Tells those who can take something again what they missed meanwhile."""
        now = time.monotonic()
        taking = [socket for socket in self._behind if not socket.is_open or socket.takes(now)]
        self._behind.difference_update(taking)
        if taking:
            self._tell()

    async def _follow(self, ready: asyncio.Future[None]) -> None:
        while True:
            await self._until_due()
            started = time.monotonic()
            try:
                found = await self._read(self.showtime_id)
            except (DatabaseError, Problem) as failure:
                if not ready.done():
                    # Whoever waited is answered, and leaves; who comes later begins anew.
                    self._following = None
                    ready.set_exception(failure)
                    return
                log.warning("seats not read", extra={"showtime_id": self.showtime_id, "error": type(failure).__name__})
                self._pace.has_failed(started, time.monotonic())
                continue
            self._pace.has_read(started, look=self._look())
            self._take(found)
            if not ready.done():
                ready.set_result(None)

    async def _until_due(self) -> None:
        while (wait := self._pace.due - time.monotonic()) > 0:
            try:
                await asyncio.wait_for(self._moved.wait(), wait)
            except TimeoutError:
                return
            self._moved.clear()

    def _take(self, found: SeatMap) -> None:
        if self.history is None:
            self.history = History(found)
        elif found.version != self.history.current.version:
            self.history.advance(found, now=time.monotonic())
            worked = time.thread_time()
            self._tell()
            self._pace.has_told(time.thread_time() - worked)
            ended = time.monotonic()
            if self._pace.woken_at is not None and ended - self._pace.woken_at < WAKE_ENDS:
                metrics.TOLD.observe(ended - self._pace.woken_at)

    def _tell(self) -> None:
        """Whoever takes what was sent before, all those with the same version at once."""
        assert self.history is not None
        now = time.monotonic()
        outdated: dict[str, list[Socket]] = {}
        for socket in self.sockets:
            if socket.told is None or socket.told == self.history.current.version or not socket.is_open:
                continue
            if socket.takes(now):
                outdated.setdefault(socket.told, []).append(socket)
            else:
                self._behind.add(socket)
        for version, sockets in outdated.items():
            self._send(sockets, *self.history.since(version))

    def _send(self, sockets: list[Socket], kind: Message, text: bytes) -> None:
        assert self.history is not None
        broadcast(sockets, text, text=True)
        metrics.has_sent(kind, sockets=len(sockets))
        now = time.monotonic()
        for socket in sockets:
            socket.told = self.history.current.version
            if not socket.takes(now):
                self._behind.add(socket)


class Watches:
    """All of them; those that nobody watches any more are kept for a while, for clients that come again."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._watches: dict[UUID, Watch] = {}
        self._alone = True

    async def join(self, socket: Socket, showtime_id: UUID) -> Watch:
        """Raises ShowtimeNotFound, ShowtimeUnknown, DatabaseError."""
        watch = self._watches.get(showtime_id)
        if watch is None:
            watch = self._watches[showtime_id] = Watch(showtime_id, self._read, self._look)
        socket.when_lost(lambda: self._leave(watch, socket))
        if not watch.sockets:
            metrics.SHOWTIMES.inc()
        await watch.join(socket)
        return watch

    def _leave(self, watch: Watch, socket: Socket) -> None:
        watch.leave(socket)
        if not watch.sockets:
            metrics.SHOWTIMES.dec()
            if watch.history is None:
                self._watches.pop(watch.showtime_id, None)

    def wake(self, showtime_id: UUID) -> None:
        if watch := self._watches.get(showtime_id):
            watch.wake()

    def set_alone(self, alone: bool) -> None:
        """alone: nobody wakes them. When that begins or is over, whatever was missed is looked for, one by one."""
        if alone == self._alone:
            return
        self._alone = alone
        for watch in self._watched():
            watch.look_within(jittered(self._look() / 2, by=1.0))

    async def keep(self) -> None:
        """Until it is cancelled: lets those catch up who can, and forgets what nobody has come back to."""
        while True:
            await asyncio.sleep(CATCH_UP_SECONDS)
            for watch in self._watched():
                watch.catch_up()
            long_ago = time.monotonic() - KEPT_SECONDS
            for watch in list(self._watches.values()):
                if watch.left_at is not None and watch.left_at < long_ago:
                    del self._watches[watch.showtime_id]

    def _look(self) -> float:
        return look_seconds(len(self._watches), alone=self._alone)

    def _watched(self) -> Iterator[Watch]:
        return (watch for watch in list(self._watches.values()) if watch.sockets)
