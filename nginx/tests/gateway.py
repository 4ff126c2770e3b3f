"""A real nginx with the rendered templates, in front of upstream servers that record what reached them."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from render import render

from stack.ports import any_free_port

SERVICES = ("auth", "catalog", "booking", "payment", "notify", "frontend", "card_page", "live", "flower")


def nginx_binary() -> str:
    """The nginx of this machine; /usr/sbin is not on every user's path."""
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    assert found, "nginx is not installed"
    return found


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """The value of a header that may appear at most once."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Received:
    """One request as an upstream saw it."""

    service: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Plan:
    """What an upstream answers; by default 200 and its own name."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    hang: bool = False
    close_without_answer: bool = False


class Upstream:
    """An HTTP/1.1 server that records each request and answers by plan (a path without its query → Plan)."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.plans: dict[str, Plan] = {}
        self.received: list[Received] = []
        self.connections: list[socket.socket] = []
        self.stopping = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        self.plans.clear()
        self.received.clear()

    def _handler(upstream) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                upstream.connections.append(self.request)
                super().setup()

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                upstream.received.append(Received(upstream.service, self.command, self.path, dict(self.headers), body))
                plan = upstream.plans.get(self.path.partition("?")[0], Plan())
                if plan.hang:
                    upstream.stopping.wait(30)
                if plan.hang or plan.close_without_answer:
                    self.close_connection = True
                    return
                content = plan.body if plan.body is not None else json.dumps({"service": upstream.service}).encode()
                self.send_response(plan.status)
                for name, value in {"Content-Type": "application/json", **plan.headers}.items():
                    self.send_header(name, value)
                if plan.status != 304:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD" and plan.status != 304:
                    self.wfile.write(content)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class Gateway:
    """Context manager: renders into ``folder``, starts nginx on a free port, ends it."""

    def __init__(self, folder: Path, upstreams: dict[str, str], **variables: str) -> None:
        self.folder = folder
        self.port = any_free_port()
        self.access_log = folder / "access.log"
        self.error_log = folder / "error.log"
        self.variables = {
            **{f"{service.upper()}_UPSTREAM": address for service, address in upstreams.items()},
            "GATEWAY_PORT": str(self.port),
            "GATEWAY_RATE_PER_MINUTE": "0",
            "GATEWAY_UPSTREAM_TIMEOUT": "1s",
            "GATEWAY_ACCESS_LOG": str(self.access_log),
            "GATEWAY_ERROR_LOG": str(self.error_log),
            # A test's folder is closed to the account that a root-started nginx changes to.
            "GATEWAY_USER": "root" if os.geteuid() == 0 else "",
            **variables,
        }

    def __enter__(self) -> Self:
        main_file = render(self.folder, self.variables)
        self.process = subprocess.Popen(
            [nginx_binary(), "-p", str(self.folder / "run"), "-c", str(main_file)],
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(self._accepts, what="nginx accepts connections")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate(timeout=10)

    def workers(self) -> list[int]:
        """Process ids of what serves, on Linux; the master of it serves nobody."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def _accepts(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"nginx ended: {self.process.communicate()[1]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def request(
        self, method: str, target: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, target: str, **headers: str) -> Answer:
        return self.request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def raw(self, data: bytes) -> bytes:
        """Sends bytes as they are, for requests that no client library would make."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received


def wait_until(condition: Any, *, seconds: float = 30, what: str = "the condition") -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"after {seconds} s still not: {what}"
        threading.Event().wait(0.02)
