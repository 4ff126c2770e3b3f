"""HTTP to another service: always a timeout, retries with jitter where they are safe, and a circuit breaker."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from chassis.storage.breaker import Breaker, BreakerOpen
from chassis.telemetry import tracing
from chassis.telemetry.correlation import CORRELATION_HEADER, correlation_id, traceparent
from chassis.telemetry.metrics import counter

CALLS = counter("http_client_calls_total", "Calls to other servers, by how they ended", ["client", "outcome"])
MAX_BODY = 2 * 1024 * 1024


class Unreachable(Exception):
    """No answer: refused, timed out, broken off, or not readable. Whether the other side acted is not known."""


class CircuitOpen(Unreachable):
    """The last calls failed, so this one was not made."""


class _Failed(Exception):
    def __init__(self, response: "Response") -> None:
        super().__init__(response.status)
        self.response = response


def _is_failure(exc: BaseException) -> bool:
    return isinstance(exc, Unreachable | _Failed)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body. Raises Unreachable when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError as exc:
            raise Unreachable("the answer is not JSON") from exc


class Client:
    """Calls one other server.

    name: what metrics call it. base_url: its address.
    timeout: seconds to connect, and to wait for the answer and then for its body.
    retries: repetitions of what may be repeated: a call that never left, and GETs or calls with an Idempotency-Key
    (retry=True) that were not answered or answered with one of failure_statuses.
    The breaker opens after breaker_failures failures in a row, for breaker_reset seconds.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        timeout: tuple[float, float] = (1.0, 3.0),
        retries: int = 2,
        breaker_failures: int = 5,
        breaker_reset: float = 10.0,
        failure_statuses: frozenset[int] = frozenset({502, 503, 504}),
        pool_size: int = 8,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self.failure_statuses = failure_statuses
        self._retries = retries
        self._read_seconds = timeout[1]
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=timeout[0], read=timeout[1]), maxsize=pool_size, block=False
        )
        self._breaker = Breaker(failures=breaker_failures, reset=breaker_reset, counts=_is_failure)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Response:
        return self.request("GET", path, headers=headers, retry=True)

    def post(
        self, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None, retry: bool = False
    ) -> Response:
        return self.request("POST", path, json=json, headers=headers, retry=retry)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        retry: bool = False,
    ) -> Response:
        """The answer, whatever its status. Raises Unreachable or CircuitOpen."""
        outcome = "unreachable"
        try:
            response = self._breaker.call(self._send, method, path, json, headers, retry)
            outcome = f"{response.status // 100}xx"
        except BreakerOpen:
            outcome = "circuit_open"
            raise CircuitOpen(self.base_url) from None
        except _Failed as failed:
            response = failed.response
            outcome = "failed"
        finally:
            CALLS.labels(self.name, outcome).inc()
        return response

    @tracing.http_call
    def _send(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None, retry: bool) -> Response:
        sent = {**self._headers, **(headers or {})}
        if correlation_id():
            sent |= {CORRELATION_HEADER: correlation_id(), "traceparent": traceparent()}
        repeated = self._retries if retry else 0
        policy = urllib3.Retry(
            total=self._retries,
            connect=self._retries,
            read=repeated,
            other=repeated,
            status=repeated,
            redirect=0,
            allowed_methods=None,
            status_forcelist=self.failure_statuses if retry else (),
            backoff_factor=0.05,
            backoff_jitter=0.1,
            backoff_max=1.0,
            respect_retry_after_header=False,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        try:
            answer = self._pool.request(
                method, self.base_url + path, json=body, headers=sent, retries=policy, preload_content=False
            )
            content = self._read(answer)
        except urllib3.exceptions.HTTPError as exc:
            raise Unreachable(type(exc).__name__) from exc
        response = Response(answer.status, answer.headers, content)
        if response.status in self.failure_statuses:
            raise _Failed(response)
        return response

    def _read(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """The body, in pieces: the socket's timeout alone would let a body that drips last for ever."""
        deadline = time.monotonic() + self._read_seconds
        content = bytearray()
        try:
            while piece := answer.read1(64 * 1024):
                content += piece
                if len(content) > MAX_BODY:
                    raise Unreachable("the answer is too large")
                if time.monotonic() > deadline:
                    raise Unreachable("the answer takes too long")
        except Unreachable:
            answer.close()
            raise
        finally:
            answer.release_conn()
        return bytes(content)
