"""Reads seat maps as GET seats does, in a few threads: nothing that waits runs in the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.db import connection

from bookings.presentation import present_seat_map
from bookings.selectors import seat_map
from live_seats import metrics
from live_seats.seat_maps import SeatMap, seat_map_of


class Reader:
    """threads: as many readings at once, each with a connection of the pool."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    async def read(self, showtime_id: UUID) -> SeatMap:
        """Raises ShowtimeNotFound, ShowtimeUnknown, DatabaseError."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, _read, showtime_id)
        except Exception:
            metrics.has_read("failed")
            raise
        metrics.has_read("read")
        return found

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _read(showtime_id: UUID) -> SeatMap:
    try:
        return seat_map_of(present_seat_map(*seat_map(showtime_id)))
    finally:
        connection.close()  # back into the pool
