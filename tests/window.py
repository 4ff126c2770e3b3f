"""The shop as a browser without JavaScript has it: cookies are kept, forms are sent back as they came."""

import html
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True)
class Shown:
    status: int
    url: str
    text: str
    headers: dict[str, str]


class Window:
    """One visitor's. Redirects are followed."""

    def __init__(self, gateway: str) -> None:
        self.gateway = gateway
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> Shown:
        return self._ask(path, None)

    def send(self, path: str, **typed: str) -> Shown:
        """Fills in the form of that page, and sends it."""
        token = TOKEN.search(self.get(path).text)
        assert token, f"{path} has no form"
        return self._ask(path, urlencode({"csrfmiddlewaretoken": token[1], **typed}).encode())

    def _ask(self, path: str, body: bytes | None) -> Shown:
        request = urllib.request.Request(self.gateway + path, data=body, headers={"Referer": self.gateway + path})
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = html.unescape(answer.read().decode())
            return Shown(answer.status, answer.url, text, dict(answer.headers))
