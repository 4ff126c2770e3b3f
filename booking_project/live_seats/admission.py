"""Who gets a socket: pages of this house, or of those it names, and of one address and in all only so many."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from chassis.addresses import household_of
from chassis.web.problems import ServiceUnavailable
from live_seats import metrics
from live_seats.errors import OriginNotAllowed, TooManySockets
from live_seats.sockets import Socket

# What a client that is one too many waits for, in seconds, before it tries again.
TRY_AGAIN = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """sockets: open ones, in all and from one address. origins: of other houses' pages, `*` for any; own: of ours."""

    sockets: int
    per_address: int
    own: str
    origins: Collection[str] = ()


class Admission:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._own = _origin_of(limits.own)
        self._open: Counter[str] = Counter()

    def admit(self, socket: Socket, *, address: str | None, origin: str | None, host: str | None) -> None:
        """Counts it until its connection is gone. origin: None of who is no browser. host: that it was asked for.

        Raises OriginNotAllowed, TooManySockets, ServiceUnavailable.
        """
        if not self._welcomes(origin, host):
            metrics.has_refused("origin")
            raise OriginNotAllowed
        if self._open.total() >= self._limits.sockets:
            metrics.has_refused("full")
            raise ServiceUnavailable("No more sockets are open to anybody at the moment.", retry_after=TRY_AGAIN)
        key = household_of(address) if address else ""
        if self._open[key] >= self._limits.per_address:
            metrics.has_refused("address")
            raise TooManySockets(
                f"At most {self._limits.per_address} sockets at once from one address.", retry_after=TRY_AGAIN
            )
        self._open[key] += 1
        metrics.SOCKETS.inc()
        socket.when_lost(lambda: self._let_go(key))

    def _let_go(self, key: str) -> None:
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]
        metrics.SOCKETS.dec()

    def _welcomes(self, origin: str | None, host: str | None) -> bool:
        """A browser says where its page is from, whatever the page would like."""
        if origin is None or {"*", origin} & set(self._limits.origins) or origin == self._own:
            return True
        return bool(host) and urlsplit(origin).netloc == host


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
