"""A booking service that answers what a test tells it to, over real HTTP."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class BookingService(ThreadingHTTPServer):
    """bookings: id → the JSON of that booking; anything else is 404. status: answered instead of 200, if set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bookings: dict[str, Any] = {}
        self.status = 200
        self.tokens: list[str] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: BookingService

    def do_GET(self) -> None:
        self.server.tokens.append(self.headers["Authorization"])
        booking = self.server.bookings.get(self.path.removeprefix("/bookings/"))
        content = json.dumps(booking).encode()
        self.send_response(404 if booking is None else self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None: ...
