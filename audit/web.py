"""JSON over HTTP of servers that are only read: always with a timeout, and no more than fits."""

import base64
import json
import ssl
import urllib.request
from typing import Any, Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30
MOST_BYTES = 64 * 1024 * 1024


class Unreadable(Exception):
    """Somebody who has to be asked does not answer, or not in words that are understood."""


class Web:
    """One server. name: what complaints call it. trusted: a file of whom to trust, instead of the system's."""

    def __init__(self, url: str, authorization: str, *, name: str, trusted: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.name = name
        self._headers = {"Authorization": authorization, "Content-Type": "application/json"}
        self._context = ssl.create_default_context(cafile=trusted) if url.startswith("https://") else None

    @classmethod
    def with_login(cls, url: str, *, name: str, trusted: str | None = None) -> Self:
        """Of an address that has a user and a password in it."""
        parts = urlsplit(url)
        login = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return cls(address, f"Basic {login}", name=name, trusted=trusted)

    def ask(self, path: str, body: object = None) -> Any:
        """The decoded answer; with a body it is a POST. Raises Unreadable."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=self._headers)  # noqa: S310  (configured)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=self._context) as answer:  # noqa: S310  (configured)
                content = answer.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise Unreadable(f"cannot read {self.name}: the answer is too large")
            return json.loads(content)
        except (OSError, ValueError) as error:
            raise Unreadable(f"cannot read {self.name}: {error}") from error
