"""The shop as a browser without a script meets it: pages, forms, cookies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from client import Answer
from world import World

REDIRECTS = 5
MOVED = (301, 302, 303)


@dataclass
class Form:
    """One that is posted. action: a path. query: of its address. fields: what it sends where nobody types anything."""

    action: str
    query: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self.path = path
        self.found: list[Form] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name = told.get("name") or ""
        if tag == "form":
            self.inside = told.get("method") == "post"
            if self.inside:
                there = urlsplit(urljoin(self.path, told.get("action") or self.path))
                self.found.append(Form(there.path, there.query))
        elif self.inside and tag == "input" and name and _is_sent(told):
            self.found[-1].fields.setdefault(name, []).append(told.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"


def _is_sent(told: Mapping[str, str | None]) -> bool:
    return "disabled" not in told and (told.get("type") not in ("checkbox", "radio") or "checked" in told)


@dataclass(frozen=True)
class Page:
    """path: where one ended, without the query."""

    path: str
    status: int
    text: str
    headers: Mapping[str, str]

    def form(self, action: str = "") -> Form:
        """The one that goes there; without an action the first that is sent to the page itself."""
        found = [form for form in _Forms(self.path, self.text).found if form.action == (action or self.path)]
        assert found, f"no form of {self.path} goes to {action or 'itself'}: {self.text}"
        return found[0]


class Browser:
    """Somebody at the shop. seen: every answer that came, with what was redirected."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cookies: dict[str, tuple[str, str]] = {}
        self.seen: list[Answer] = []

    def cookie(self, name: str) -> str:
        return self._cookies.get(name, ("", ""))[0]

    def keep(self, name: str, value: str) -> None:
        self._cookies[name] = (value, "/")

    def get(self, address: str) -> Page:
        """The page at a path, or wherever that leads."""
        return self._end(address, self._send("GET", address))

    def post(self, path: str, typed: Mapping[str, Any] | None = None) -> Page:
        body = urlencode(typed or {}, doseq=True).encode()
        return self._end(path, self._send("POST", path, raw=body, media_type="application/x-www-form-urlencoded"))

    def submit(self, page: Page, action: str = "", **typed: Any) -> Page:
        """Sends a form of the page as it is, but for what is typed."""
        form = page.form(action)
        return self.post(f"{form.action}?{form.query}" if form.query else form.action, {**form.fields, **typed})

    def sign_in(self, username: str, password: str) -> Page:
        return self.submit(self.get("/en/sign-in/"), name=username, password=password)

    def _end(self, address: str, answer: Answer) -> Page:
        for _ in range(REDIRECTS):
            if answer.status not in MOVED:
                break
            moved = urlsplit(urljoin(address, answer.headers["Location"]))
            address = moved.path + (f"?{moved.query}" if moved.query else "")
            answer = self._send("GET", address)
        return Page(urlsplit(address).path, answer.status, answer.body.decode(), answer.headers)

    def _send(self, method: str, address: str, **body: Any) -> Answer:
        path = urlsplit(address).path
        sent = "; ".join(f"{name}={value}" for name, (value, of) in self._cookies.items() if path.startswith(of))
        headers = {"Cookie": sent, "Origin": self._world.where.gateway, "Accept": "text/html"}
        answer = self._world.anybody.send(method, address, headers=headers, **body)
        self.seen.append(answer)
        for line in answer.headers.getlist("Set-Cookie"):  # type: ignore[attr-defined]
            for name, cookie in SimpleCookie(line).items():
                if cookie["max-age"] == "0" or cookie["max-age"] == 0:
                    self._cookies.pop(name, None)
                else:
                    self._cookies[name] = (cookie.value, cookie["path"] or "/")
        return answer
