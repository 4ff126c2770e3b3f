"""A small keep-alive HTTP client: cheap enough that the figures are the server's and not its own."""

import http.client
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """status 0: no answer came. seconds: from the first byte sent to the last one read."""

    status: int
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body) if self.body else {}


class Client:
    """One connection of one customer; not for several threads. Over TLS it trusts whom OpenSSL does (SSL_CERT_FILE)."""

    def __init__(self, base_url: str, *, token: str = "", timeout: float = 30.0) -> None:
        parts = urlsplit(base_url)
        self._trusting = ssl.create_default_context() if parts.scheme == "https" else None
        self._address = (parts.hostname or "127.0.0.1", parts.port or (443 if self._trusting else 80))
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self.token = token

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: object, *, key: str | None = None) -> Answer:
        return self.call("POST", path, body, {"Idempotency-Key": key} if key else {})

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request; a connection that breaks is not tried again, since the server may have acted."""
        sent = {"Accept": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        started = time.perf_counter()
        try:
            if self._connection is None:
                self._connection = self._connected()
            self._connection.request(method, path, data, sent)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(0, b"", time.perf_counter() - started)
        return Answer(response.status, content, time.perf_counter() - started)

    def _connected(self) -> http.client.HTTPConnection:
        if self._trusting is not None:
            return http.client.HTTPSConnection(*self._address, timeout=self._timeout, context=self._trusting)
        return http.client.HTTPConnection(*self._address, timeout=self._timeout)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
