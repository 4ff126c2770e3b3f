"""What a pager and a chat would be told: takes what Alertmanager sends to PagerDuty and to Slack, and keeps it."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGER, SLACK = "pager", "slack"
# PagerDuty's events say what to do, Slack's titles end with the status.
ACTIONS = {"trigger": "firing", "resolve": "resolved"}
TITLE = re.compile(r"(?P<alert>\w+) \((?P<status>\w+)\)")
RUNBOOK = re.compile(r"<(?P<url>[^|>]+)\|Runbook>")


@dataclass(frozen=True)
class Message:
    """to: PAGER or SLACK. status: firing or resolved. at: when it came, by the monotonic clock."""

    to: str
    alert: str
    status: str
    text: str
    runbook: str
    at: float


class Receiver:
    """Listens on a port of its own between `start` and `stop`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._came = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, alert: str, *, since: float = 0.0) -> list[Message]:
        """What came of an alert, after that moment."""
        with self._came:
            return [message for message in self.messages if message.alert == alert and message.at >= since]

    def wait(self, alert: str, *, to: str, status: str, since: float, seconds: float) -> Message:
        """The first such message after `since`. Raises TimeoutError."""
        found: list[Message] = []

        def there() -> bool:
            found[:] = [m for m in self.messages if (m.alert, m.to, m.status) == (alert, to, status) and m.at >= since]
            return bool(found)

        with self._came:
            if not self._came.wait_for(there, seconds):
                came = [(m.alert, m.to, m.status) for m in self.messages if m.at >= since]
                raise TimeoutError(f"{alert} was not told {to} as {status} within {seconds:.0f} s; there came {came}")
        return found[0]

    def _keep(self, message: Message) -> None:
        with self._came:
            self.messages.append(message)
            self._came.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        readers: dict[str, Callable[[dict[str, Any]], Message]] = {"/pagerduty": _paged, "/slack": _told}
        keep = self._keep

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                keep(readers[self.path](body))
                # PagerDuty says 202 of what it takes, Slack 200 and "ok".
                self.send_response(202 if self.path == "/pagerduty" else 200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Nothing: it is told what came."""

        return Handler


def _paged(body: dict[str, Any]) -> Message:
    alert, _, text = body["payload"]["summary"].partition(": ")
    runbook = body["links"][0]["href"] if body.get("links") else ""
    return Message(PAGER, alert, ACTIONS[body["event_action"]], text, runbook, time.monotonic())


def _told(body: dict[str, Any]) -> Message:
    (attachment,) = body["attachments"]
    title = TITLE.match(attachment["title"])
    assert title, attachment["title"]
    runbook = RUNBOOK.search(attachment["text"])
    return Message(
        SLACK, title["alert"], title["status"], attachment["text"], runbook["url"] if runbook else "", time.monotonic()
    )
