"""Watches the seats of a showtime through the gateway (GATEWAY_URL), as a page of the shop does; ends with its input.

Prints {"open": <seconds without a socket>} whenever it has one again and was told what it missed, and {"closed": <why>}
when that ended. On a line of input it buys a seat, and prints {"sold": <seconds until it was told, once it had it>}.
"""

import json
import sys
import threading
import time
from typing import Any

import buy_ticket
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from chassis.jitter import jittered

TOLD_SECONDS = 30
LONGEST_PAUSE = 30


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


class Page:
    def __init__(self, showtime: dict[str, Any]) -> None:
        self._address = f"ws{buy_ticket.GATEWAY.removeprefix('http')}/api/showtimes/{showtime['id']}/seats/live"
        self._told = threading.Condition()
        self._statuses: dict[str, str] = {}
        self._version = ""

    def follow(self) -> None:
        """For good: a socket that ends is opened again, with the pauses that docs/live-seats.md asks for."""
        pause, ended = 1, time.monotonic()
        while True:
            try:
                with connect(f"{self._address}?version={self._version}", compression=None) as socket:
                    self._hear(json.loads(socket.recv(timeout=10)))
                    say(open=round(time.monotonic() - ended, 1))
                    pause, ended = 1, 0.0
                    for message in socket:
                        self._hear(json.loads(message))
                    why = str(socket.close_code)
            except (OSError, WebSocketException) as error:
                why = repr(error)
            if not ended:
                ended = time.monotonic()
                say(closed=why)
            time.sleep(jittered(pause))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _hear(self, told: dict[str, Any]) -> None:
        with self._told:
            assert told["type"] == "map" or told["from"] == self._version, "nobody can use it"
            self._version = told["version"]
            self._statuses |= {seat["id"]: seat["status"] for seat in told["seats"]}
            self._told.notify_all()

    def wait_until_sold(self, seat: dict[str, Any]) -> bool:
        with self._told:
            return self._told.wait_for(lambda: self._statuses.get(seat["id"]) == "sold", TOLD_SECONDS)


def main() -> None:
    token = buy_ticket.sign_in()
    showtime, seat = buy_ticket.choose()
    page = Page(showtime)
    threading.Thread(target=page.follow, daemon=True).start()
    for _ in sys.stdin:
        buy_ticket.buy(token, showtime, seat)
        began = time.monotonic()
        if not page.wait_until_sold(seat):
            sys.exit(f"not told within {TOLD_SECONDS} s that {seat['id']} is sold")
        say(sold=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
