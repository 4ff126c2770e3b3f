"""A way to the gateway that loses things: requests before they arrive, or answers after the money was taken."""

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FORWARDED = ("Authorization", "Idempotency-Key", "Content-Type")


class LossyPath(ThreadingHTTPServer):
    """Forwards to a simulator. lose_answers and lose_requests say how many of the next calls break off and how."""

    daemon_threads = True

    def __init__(self, upstream_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.upstream_port = upstream_port
        self.lose_answers = 0
        self.lose_requests = 0
        self.seen: list[str] = []
        self.correlations: list[str | None] = []
        self.after_forwarding: Callable[[str], None] | None = None
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Forward(BaseHTTPRequestHandler):
    server: LossyPath
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        path = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path.seen.append(self.path)
        path.correlations.append(self.headers["X-Correlation-ID"])
        if path.lose_requests > 0:
            path.lose_requests -= 1
            self.close_connection = True
            return
        upstream = http.client.HTTPConnection("127.0.0.1", path.upstream_port, timeout=10)
        headers = {name: self.headers[name] for name in FORWARDED if name in self.headers}
        upstream.request("POST", self.path, body=body, headers=headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if path.after_forwarding is not None:
            path.after_forwarding(self.path)
        if path.lose_answers > 0:
            path.lose_answers -= 1
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None: ...
