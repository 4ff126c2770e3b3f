"""What the shop asks the five services, each by its REST API alone.

A page asks by a Shopper: it knows who asks, in which language and from where, so that each service answers as it would
answer that person.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings

from chassis.storage.http import Client, Response, Unreachable

# How long a service may take to answer. Passwords are hashed slowly on purpose, two of them where one is changed.
SECONDS = {"auth": 10.0}
OTHER_SECONDS = 5.0
# Calls that a page makes at once, over all the threads that answer requests.
AT_ONCE = 16


class Away(Exception):
    """A service does not answer, or says that it cannot. name: which."""

    def __init__(self, name: str, *, retry_after: int = 5) -> None:
        super().__init__(name)
        self.name = name
        self.retry_after = retry_after


class SignedOut(Exception):
    """The session has ended at auth: signed out elsewhere, or too old."""


class Refused(Exception):
    """A service's definite no. status, code, detail: of its problem details; problem: all of them."""

    def __init__(self, status: int, problem: Mapping[str, Any], *, retry_after: int = 0) -> None:
        super().__init__(f"{status} {problem.get('code', '')}")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))

    @property
    def detail(self) -> str:
        return str(self.problem.get("detail", ""))

    @property
    def errors(self) -> list[Mapping[str, str]]:
        """Of fields: pointer and detail each."""
        return list(self.problem.get("errors") or ())


@cache
def client(service: str) -> Client:
    return Client(
        service, settings.SERVICE_URLS[service], timeout=(1.0, SECONDS.get(service, OTHER_SECONDS)), pool_size=AT_ONCE
    )


@cache
def _threads() -> ThreadPoolExecutor:
    """Made on first use: a thread does not outlive the fork of a web process."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="asking")


@dataclass(frozen=True)
class Shopper:
    """Who asks. device: what their browser calls itself. token: an access token, of one who is signed in."""

    language: str
    address: str = ""
    device: str = ""
    token: str = field(default="", repr=False)

    def get(self, service: str, path: str, **query: Any) -> Any:
        """The answer. Raises Refused, Away and, of one whose session ended, SignedOut."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return self.ask(service, "GET", f"{path}?{urlencode(given)}" if given else path)

    def post(self, service: str, path: str, body: object, *, key: str = "") -> Any:
        """key: makes repetitions of the call one (Idempotency-Key)."""
        return self.ask(service, "POST", path, body, key=key)

    def ask(self, service: str, method: str, path: str, body: object = None, *, key: str = "") -> Any:
        headers = self._headers() | ({"Idempotency-Key": key} if key else {})
        repeatable = method == "GET" or bool(key)
        try:
            response = client(service).request(method, path, json=body, headers=headers, retry=repeatable)
            return self._read(service, response)
        except Unreachable as unreachable:
            raise Away(service) from unreachable

    def page(self, service: str, path: str) -> Response:
        """What it answers with that is no JSON, as it is. Raises as get() does."""
        try:
            response = client(service).request("GET", path, headers=self._headers(), retry=True)
            if response.status >= 300:
                self._read(service, response)
        except Unreachable as unreachable:
            raise Away(service) from unreachable
        return response

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Language": self.language, "User-Agent": self.device}
        if self.address:
            headers["X-Forwarded-For"] = self.address
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def _read(self, service: str, response: Response) -> Any:
        if response.status < 300:
            return response.json() if response.body else None
        retry_after = response.headers.get("Retry-After", "")
        seconds = int(retry_after) if retry_after.isdecimal() else 0
        if response.status >= 500:
            raise Away(service, retry_after=seconds or 5)
        problem = response.json()
        if response.status == 401 and self.token:
            raise SignedOut
        raise Refused(response.status, problem if isinstance(problem, dict) else {}, retry_after=seconds)


def together(*questions: Callable[[], Any]) -> list[Any]:
    """The answers to questions that are asked at the same time, in their order. Raises what one of them raised."""
    asked = [_threads().submit(copy_context().run, question) for question in questions[1:]]
    first = questions[0]()
    return [first, *(each.result() for each in asked)]


def unless_away(question: Callable[[], Any], default: Any = None) -> Callable[[], Any]:
    """The same question, where a page can do without its answer."""

    def asked() -> Any:
        try:
            return question()
        except Away:
            return default

    return asked


def cursor_of(address: str | None) -> str:
    """Where the next page of a list begins, as its address says; "" for none."""
    return parse_qs(urlsplit(address or "").query).get("cursor", [""])[0]
