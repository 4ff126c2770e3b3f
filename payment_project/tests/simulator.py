"""The real gateway simulator, as a process that tests start, kill and start again."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

PROJECT = Path(__file__).resolve().parent.parent
API_KEY = "test-api-key"
WEBHOOK_SECRET = "test-webhook-secret"


class Simulator:
    """One simulator process on a free port with its data in a folder; the port stays the same over restarts."""

    def __init__(self, data: Path, *, webhook_url: str = "") -> None:
        self.data = data
        self.webhook_url = webhook_url
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def journal(self) -> Path:
        return self.data / "journal.jsonl"

    def start(self) -> Self:
        environment = {
            **os.environ,
            "PORT": str(self.port),
            "GATEWAY_SIMULATOR_DATA": str(self.data),
            "PAYMENT_GATEWAY_API_KEY": API_KEY,
            "PAYMENT_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "PAYMENT_WEBHOOK_URL": self.webhook_url,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway_simulator"],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said.startswith("listening on "), said
        self.port = int(said.rsplit(":", 1)[1])
        return self

    def kill(self) -> None:
        """SIGKILL: nothing gets a chance to be tidied up."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, with_signal: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(with_signal)
        code = process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()
        return code

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """(status, decoded body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {"Authorization": f"Bearer {API_KEY}", **(headers or {})}
        if key is not None:
            sent["Idempotency-Key"] = key
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        try:
            connection.request(method, path, body=content, headers=sent)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def post(self, path: str, body: Any = None, *, key: str) -> tuple[int, Any]:
        return self.request("POST", path, body, key=key)

    def authorise(
        self,
        token: str = "tok_visa",
        *,
        key: str = "a-1",
        amount: int = 25000,
        reference: str = "payment-1",
        customer: str | None = None,
    ) -> tuple[int, Any]:
        payload = {"amount": amount, "currency": "VND", "payment_token": token, "reference": reference}
        if customer is not None:
            payload["customer"] = customer
        return self.post("/v1/authorisations", payload, key=key)

    def record(self, reference: object = None) -> list[dict[str, Any]]:
        query = "" if reference is None else f"?reference={reference}"
        status, body = self.request("GET", f"/v1/record{query}")
        assert status == 200
        return body["authorisations"]
