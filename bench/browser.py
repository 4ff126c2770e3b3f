"""A browser of somebody of staff at the desk."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from bench.market import BenchError

TIMEOUT_SECONDS = 30.0
SIGN_IN = "/admin/auth/login/"
HIDDEN = re.compile(r'name="([a-z]+)" value="([^"]+)"')


class _LedByPages(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request: urllib.request.Request, *led: Any) -> urllib.request.Request | None:
        return super().redirect_request(request, *led) if request.data is None else None


class Browser:
    """Goes where a page leads; where a form that was sent leads is its answer."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._opener = urllib.request.build_opener(_LedByPages(), urllib.request.HTTPCookieProcessor(CookieJar()))

    def sign_in(self, username: str, password: str) -> None:
        """Raises BenchError where the account does not get in."""
        _, page = self.get(SIGN_IN)
        status, _ = self.send(SIGN_IN, {**hidden(page), "username": username, "password": password})
        if status != 302:
            raise BenchError(f"{username} does not get in to the desk: {status}")

    def get(self, path: str) -> tuple[int, str]:
        """The status, 0 without an answer; and what it says."""
        return self._answer(urllib.request.Request(self._gateway + path))  # noqa: S310  (the gateway's own address)

    def send(self, path: str, form: Mapping[str, Any], *, of: str = "") -> tuple[int, str]:
        """The status, 0 without an answer; and what it says, or where it leads. of: the page that has the form."""
        data, headers = urlencode(form, doseq=True).encode(), {"Referer": self._gateway + (of or path)}
        return self._answer(urllib.request.Request(self._gateway + path, data, headers))  # noqa: S310  (the same)

    def _answer(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.headers.get("Location") or ""
        except (OSError, http.client.HTTPException):
            return 0, ""


def hidden(page: str) -> dict[str, str]:
    """What the fields of a page's forms say already."""
    return dict(HIDDEN.findall(page))
