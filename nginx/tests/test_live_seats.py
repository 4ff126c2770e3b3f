"""Live seats are upgraded, kept open while they are silent, kept by nobody, and counted by address."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from gateway import Gateway, Upstream, wait_until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from stack.ports import any_free_port

PATH = "/showtimes/1/seats/live"


class Echo:
    """A server of WebSockets that says what it is told, and which requests opened it."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, dict[str, str]]] = []
        self.server = serve(self._attend, "127.0.0.1", 0, compression=None)
        self.address = f"127.0.0.1:{self.server.socket.getsockname()[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _attend(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.opened.append((socket.request.path, dict(socket.request.headers.raw_items())))
        with suppress(ConnectionClosed):
            for message in socket:
                socket.send(message)


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.server.shutdown()


def watch(gateway: Gateway, query: str = "", **headers: str) -> ClientConnection:
    address = f"ws://127.0.0.1:{gateway.port}/api{PATH}{query}"
    return connect(address, compression=None, additional_headers=headers, ping_interval=None)


def test_a_socket_reaches_its_process_and_may_be_silent(
    upstreams: dict[str, Upstream], echo: Echo, tmp_path: Path
) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    limits = {"GATEWAY_SOCKETS_PER_ADDRESS": "2", "GATEWAY_UPSTREAM_TIMEOUT": "1s"}
    with Gateway(tmp_path, {**addresses, "live": echo.address}, **limits) as gateway, ExitStack() as ends:
        first = ends.enter_context(watch(gateway, "?version=1.2.ab", **{"X-Forwarded-For": "6.6.6.6"}))
        wait_until(lambda: echo.opened, what="the process has the socket")
        target, headers = echo.opened[0]
        assert target == f"{PATH}?version=1.2.ab"
        told = {name: headers[name] for name in ("X-Forwarded-For", "X-Forwarded-Prefix", "X-Correlation-ID")}
        assert told == {
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Prefix": "/api",
            "X-Correlation-ID": first.response.headers["X-Correlation-ID"],
        }
        ends.enter_context(watch(gateway))
        with pytest.raises(InvalidStatus) as refused:
            watch(gateway)
        answer = refused.value.response
        assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/problem+json")
        assert b"live seat maps" in answer.body
        assert not upstreams["booking"].received
        # Longer than any other answer may take.
        with pytest.raises(TimeoutError):
            first.recv(timeout=1.5)
        first.send("still here")
        assert first.recv(timeout=5) == "still here"


def test_without_its_process_there_is_a_problem_and_the_seat_map(
    upstreams: dict[str, Upstream], tmp_path: Path
) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    with Gateway(tmp_path, {**addresses, "live": f"127.0.0.1:{any_free_port()}"}) as gateway:
        with pytest.raises(InvalidStatus) as refused:
            watch(gateway)
        answer = refused.value.response
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert answer.headers["Retry-After"] == "5"
        assert gateway.get("/api/showtimes/1/seats").json() == {"service": "booking"}
