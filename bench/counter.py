"""Somebody of staff who sells at the counter during fault runs: a form that got no answer is sent again as it is."""

import http.cookiejar
import random
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from bench.market import BenchError, Market

TIMEOUT_SECONDS = 30.0
TRIES = 30
SIGN_IN = "login/?next=/admin/booking/"
HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|total|key)" value="([^"]+)"')
BOOKED = re.compile(r"/bookings/([0-9a-f-]{36})/counter/")
HANDED = 999_999

Fields = dict[str, Any]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Till:
    """One browser of one account at booking's admin site.

    told(request, status) counts what was answered; status 0: nothing.
    """

    def __init__(self, market: Market, account: tuple[str, str], told: Callable[[str, int], None]) -> None:
        self._market, self._account, self._told = market, account, told
        self._root = f"{market.gateway}/admin/booking/"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(_Stay(), cookies)

    def sign_in(self) -> None:
        """Raises BenchError where the account does not get in."""
        username, password = self._account
        hidden = self._hidden(SIGN_IN)
        status, _ = self._call(SIGN_IN, {**hidden, "username": username, "password": password}, page=SIGN_IN)
        if status != 302:
            raise BenchError(f"{username} does not get in to the counter: {status}")

    def sell(self, chance: random.Random) -> str | None:
        """The id of what was sold; None where the seats had gone, or no answer came for long."""
        showtime = chance.choice(self._market.showtimes)
        seats = {"seat": showtime.pair(chance.randrange(len(showtime.seats) // 2))}
        form = f"showtimes/{showtime.id}/counter/"
        page = f"{form}?{urlencode(seats, doseq=True)}"
        hidden = self._hidden(page)
        if "key" not in hidden:
            return None
        way = {"method": "cash", "handed": HANDED} if chance.random() < 0.5 else {"method": "terminal", "slip": "7"}
        for _ in range(TRIES):
            status, where = self._call(form, {**seats, **hidden, **way}, page=page)
            self._told("POST counter", status)
            if status and status < 500 and status != 429:
                break
            time.sleep(0.3)
        booked = BOOKED.search(where)
        return booked[1] if booked else None

    def _hidden(self, page: str) -> Fields:
        """What the form of the page carries along."""
        for _ in range(TRIES):
            status, text = self._call(page)
            if status == 200:
                return dict(HIDDEN.findall(text))
            if 400 <= status < 500 and status != 429:
                break
            time.sleep(0.3)
        return {}

    def _call(self, path: str, form: Mapping[str, Any] | None = None, *, page: str = "") -> tuple[int, str]:
        """The status, 0 without an answer; and the body, or where it leads."""
        data = None if form is None else urlencode(form, doseq=True).encode()
        headers = {"Accept": "text/html", "Referer": self._root + page}
        request = urllib.request.Request(self._root + path, data, headers)  # noqa: S310 - the gateway's own address
        try:
            with self._browser.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.headers.get("Location") or ""
        except OSError:
            return 0, ""
