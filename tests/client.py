"""HTTP as a customer's program speaks it. Knows addresses and conventions of the API, and nothing of what is behind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import contract
import urllib3

PROBLEM = "application/problem+json"
PROBLEM_MEMBERS = {"type", "title", "status", "code", "detail", "instance", "correlation_id"}

# What a test does with a 429 or a 503 is its own business: nothing is repeated behind its back.
_pool = urllib3.PoolManager(
    maxsize=32, block=False, retries=False, timeout=urllib3.Timeout(connect=5, read=40), cert_reqs="CERT_NONE"
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self, status: int, code: str | None = None) -> dict[str, Any]:
        """The problem details, after checking that they are what every refusal must be."""
        assert self.status == status, self
        assert self.headers["Content-Type"] == PROBLEM, self
        problem: dict[str, Any] = self.json()
        assert set(problem) >= PROBLEM_MEMBERS, problem
        assert problem["status"] == status
        assert problem["correlation_id"] == self.headers["X-Correlation-ID"]
        if code is not None:
            assert problem["code"] == code, problem
        return problem

    def ok(self, status: int = 200) -> Any:
        """The body of an answer that must be this success."""
        assert self.status == status, self
        return self.json() if self.body else None


class Client:
    """Somebody at the gateway: nobody, or whoever the token speaks for. Safe to use from several threads."""

    def __init__(self, gateway: str, *, token: str = "") -> None:
        self.gateway = gateway
        self.token = token

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: object = None, *, key: str = "", **headers: str) -> Answer:
        return self.send("POST", path, body, headers={**headers, **({"Idempotency-Key": key} if key else {})})

    def patch(self, path: str, body: object) -> Answer:
        return self.send("PATCH", path, body)

    def delete(self, path: str, body: object = None) -> Answer:
        return self.send("DELETE", path, body)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        media_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. body is sent as JSON, raw as it is; headers use _ for -. Raises urllib3's HTTPError.

        An answer of the gateway that is not as its service documents it is an AssertionError.
        """
        sent = {"Accept": "application/json"}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        content = raw
        if body is not None:
            content = json.dumps(body).encode()
        if content is not None:
            sent["Content-Type"] = media_type
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        url = path if path.startswith("http") else self.gateway + path
        answer = _pool.request(method, url, body=content, headers=sent, redirect=False)
        if not path.startswith("http"):
            contract.hold(method, path, status=answer.status, headers=answer.headers, body=answer.data)
        return Answer(answer.status, answer.headers, answer.data)
