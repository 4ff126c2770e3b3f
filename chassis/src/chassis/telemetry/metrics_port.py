"""A port for the metrics of a process that serves nothing else: each worker and relay has one where each is a pod.

On one machine METRICS_PORT is not set, and the web process answers for all that share its folder.
"""

import os
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chassis.telemetry.metrics import CONTENT_TYPE, exposition


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(HTTPStatus.OK, exposition())
        elif self.path == "/health/live":
            self._answer(HTTPStatus.OK, b"ok\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"not found\n")

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Scrapes are not worth a line each."""


def serve() -> ThreadingHTTPServer | None:
    """Answers /metrics and /health/live on METRICS_PORT in a thread, if that is set."""
    port = os.environ.get("METRICS_PORT")
    if not port:
        return None
    server = ThreadingHTTPServer((os.environ.get("BIND", "127.0.0.1"), int(port)), Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
