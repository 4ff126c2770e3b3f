"""The real process of live seats on the test's database, and its clients."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3
from django.db import connection
from websockets.sync.client import ClientConnection, connect

from chassis.ids import uuid7
from chassis.testing import redis_url, wait_until
from chassis.testing_ports import free_port
from chassis.testing_proxy import Proxy

PROJECT = Path(__file__).parent.parent


class Live:
    """postgresql and redis: proxies on its way to either. port: where it serves."""

    def __init__(self) -> None:
        database = connection.settings_dict
        broker = urlsplit(redis_url())
        self.postgresql = Proxy(database["HOST"], int(database["PORT"]))
        self.redis = Proxy(broker.hostname or "", broker.port or 6379)
        self.port = free_port()
        self._catalog = ThreadingHTTPServer(("127.0.0.1", 0), _KnowsNothing)
        threading.Thread(target=self._catalog.serve_forever, args=[0.05], daemon=True).start()
        login = ":".join(quote(database[name], safe="") for name in ("USER", "PASSWORD"))
        self._environment = {
            **os.environ,
            "DATABASE_URL": f"postgres://{login}@127.0.0.1:{self.postgresql.port}/{database['NAME']}",
            "REDIS_URL": redis_url().replace(broker.netloc, f":{broker.password}@127.0.0.1:{self.redis.port}"),
            "CATALOG_URL": f"http://127.0.0.1:{self._catalog.server_port}",
            "PORT": str(self.port),
            "PUBLIC_URL": "https://tickets.example",
            "CORS_ALLOWED_ORIGINS": "https://app.example",
            "LIVE_SOCKETS": "12",
            "LIVE_SOCKETS_PER_ADDRESS": "3",
            "LIVE_PATIENCE_SECONDS": "1",
        }
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "live_seats"], cwd=PROJECT, env=self._environment)
        wait_until(lambda: self.asks("/health/live") == 200)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._catalog.shutdown()
        self._catalog.server_close()
        self.postgresql.close()
        self.redis.close()

    def asks(self, path: str) -> int | None:
        """The status of an answer over plain HTTP; None where there is none."""
        try:
            return urllib3.request("GET", f"http://127.0.0.1:{self.port}{path}", retries=False, timeout=5).status
        except urllib3.exceptions.HTTPError:
            return None

    def metric(self, name: str) -> float:
        """What it has counted under that name, as Prometheus writes it."""
        told = urllib3.request("GET", f"http://127.0.0.1:{self.port}/metrics", timeout=5).data.decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", told, re.MULTILINE)
        return float(found[1]) if found else 0.0

    @contextlib.contextmanager
    def watch(
        self, showtime_id: object, version: str | None = None, *, query: str = "", **options: Any
    ) -> Iterator["Client"]:
        """A socket from an address of its own, unless X-Forwarded-For says which."""
        query = query if version is None else f"?version={quote(version)}"
        headers = {"X-Forwarded-For": _somewhere(), **options.pop("additional_headers", {})}
        url = f"ws://127.0.0.1:{self.port}/showtimes/{showtime_id}/seats/live{query}"
        with connect(url, additional_headers=headers, compression=None, **options) as opened:
            yield Client(opened)


class _KnowsNothing(BaseHTTPRequestHandler):
    """A catalog that was never told of any showtime."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


class Client:
    """What a page does with what it is told: seats and version, as they come."""

    def __init__(self, opened: ClientConnection) -> None:
        self.socket = opened
        self.seats: dict[str, str] = {}
        self.version: str | None = None

    def hears(self, *, within: float = 5.0) -> dict[str, Any]:
        """The next message. Raises TimeoutError."""
        told: dict[str, Any] = json.loads(self.socket.recv(timeout=within))
        if told["type"] == "map":
            self.seats = {seat["id"]: seat["status"] for seat in told["seats"]}
        else:
            assert told["from"] == self.version or self.version is None
            self.seats |= {seat["id"]: seat["status"] for seat in told["seats"]}
        self.version = told["version"]
        return told

    def sees(self, seat_id: object, status: str, *, within: float = 1.0) -> float:
        """Hears until it is so; the seconds that took. Raises TimeoutError."""
        began = time.monotonic()
        while self.seats.get(str(seat_id)) != status:
            self.hears(within=max(began + within - time.monotonic(), 0))
        return time.monotonic() - began


def _somewhere() -> str:
    number = uuid7().int
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def deaf_client(port: int, showtime_id: object) -> socket.socket:
    """A socket that was asked for, and of which nothing is read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    words = {
        "Host": "127.0.0.1",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "X-Forwarded-For": _somewhere(),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in words.items())
    client.sendall(f"GET /showtimes/{showtime_id}/seats/live HTTP/1.1\r\n{head}\r\n".encode())
    return client
