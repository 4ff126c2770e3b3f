"""Somebody of staff who sells at the counter during fault runs: a form that got no answer is sent again as it is."""

import random
import re
import time
from collections.abc import Callable
from urllib.parse import urlencode

from bench.browser import Browser, hidden
from bench.market import Market

TRIES = 30
BOOKED = re.compile(r"/bookings/([0-9a-f-]{36})/counter/")
HANDED = 999_999
# By the form of a sale.
CARRIED = {"csrfmiddlewaretoken", "total", "key"}


class Till:
    """told(request, status) counts what was answered; status 0: nothing. Raises BenchError of who does not get in."""

    def __init__(self, market: Market, account: tuple[str, str], told: Callable[[str, int], None]) -> None:
        self._market, self._told = market, told
        self._browser = Browser(market.gateway)
        self._browser.sign_in(*account)

    def sell(self, chance: random.Random) -> str | None:
        """The id of what was sold; None where the seats had gone, or no answer came for long."""
        showtime = chance.choice(self._market.showtimes)
        seats = {"seat": showtime.pair(chance.randrange(len(showtime.seats) // 2))}
        form = f"/admin/booking/showtimes/{showtime.id}/counter/"
        page = f"{form}?{urlencode(seats, doseq=True)}"
        shown = self._form(page)
        if "key" not in shown:
            return None
        way = {"method": "cash", "handed": HANDED} if chance.random() < 0.5 else {"method": "terminal", "slip": "7"}
        for _ in range(TRIES):
            status, where = self._browser.send(form, {**shown, **seats, **way}, of=page)
            self._told("POST counter", status)
            if status and status < 500 and status != 429:
                break
            time.sleep(0.3)
        booked = BOOKED.search(where)
        return booked[1] if booked else None

    def _form(self, page: str) -> dict[str, str]:
        """What it carries along; nothing where there is none."""
        for _ in range(TRIES):
            status, text = self._browser.get(page)
            if status == 200:
                return {name: said for name, said in hidden(text).items() if name in CARRIED}
            if 400 <= status < 500 and status != 429:
                break
            time.sleep(0.3)
        return {}
