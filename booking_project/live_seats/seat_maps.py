"""What a socket is told: the map as a whole, or what became of its seats since the version that a client has."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

Message = Literal["map", "delta"]

# What a client may have missed and still be told as a delta: so many changes, no older than so many seconds.
KEPT_CHANGES = 64
KEPT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SeatMap:
    """One version of it. statuses: by seat. rest: equal as long as nothing but statuses differs. text: its message."""

    version: str
    statuses: dict[str, str]
    rest: tuple[Any, ...]
    text: bytes


def seat_map_of(shown: dict[str, Any]) -> SeatMap:
    """shown: as GET seats answers (bookings.presentation)."""
    seats = shown["seats"]
    return SeatMap(
        version=shown["version"],
        statuses={seat["id"]: seat["status"] for seat in seats},
        # The revisions of showtime and screen stand for all that catalog says of them.
        rest=(shown["version"].rpartition(".")[0], tuple((seat["id"], seat["price"]["amount"]) for seat in seats)),
        text=msgspec.json.encode({"type": "map", **shown}),
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """since: the version before it. seats: their statuses after it."""

    since: str
    seats: dict[str, str]
    at: float


class History:
    """A seat map as it is now, and its last changes."""

    def __init__(self, current: SeatMap) -> None:
        self.current = current
        self._changes: deque[_Change] = deque(maxlen=KEPT_CHANGES)

    def advance(self, after: SeatMap, *, now: float) -> None:
        """now: seconds of a clock that never goes back."""
        before, self.current = self.current, after
        if after.rest != before.rest:
            self._changes.clear()
            return
        seats = {seat: status for seat, status in after.statuses.items() if status != before.statuses[seat]}
        self._changes.append(_Change(before.version, seats, now))
        while self._changes[0].at < now - KEPT_SECONDS:
            self._changes.popleft()

    def since(self, version: str | None) -> tuple[Message, bytes]:
        """What brings a client with this version up to date, `map` or `delta`, and its text.

        The same version may come back, when a seat was held and let go: what followed its last time is all that counts.
        """
        if version == self.current.version:
            return "delta", self._delta(version, {})
        changes = list(self._changes)
        for place in range(len(changes) - 1, -1, -1):
            if changes[place].since == version:
                seats: dict[str, str] = {}
                for change in changes[place:]:
                    seats |= change.seats
                return "delta", self._delta(version, seats)
        return "map", self.current.text

    def _delta(self, since: str, seats: dict[str, str]) -> bytes:
        told = [{"id": seat, "status": status} for seat, status in seats.items()]
        return msgspec.json.encode({"type": "delta", "from": since, "version": self.current.version, "seats": told})
