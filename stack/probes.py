"""Whether a server answers in its own protocol, not only whether its port is open. No probe raises."""

import http.client
import socket
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

from stack.ports import HOST

Probe = Callable[[], bool]
LIMIT_SECONDS = 2.0


def listens(port: int) -> Probe:
    def probe() -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=LIMIT_SECONDS):
                return True
        except OSError:
            return False

    return probe


def postgres(port: int) -> Probe:
    """It asks who we are; while it recovers it answers with an error instead."""
    body = struct.pack("!I", 3 << 16) + b"user\0postgres\0database\0postgres\0\0"
    startup = struct.pack("!I", len(body) + 4) + body
    return lambda: _answer(port, startup).startswith(b"R")


def redis(port: int, password: str) -> Probe:
    return lambda: b"+PONG" in _answer(port, f"AUTH {password}\r\nPING\r\n".encode(), until=b"PONG")


def amqp(port: int) -> Probe:
    """RabbitMQ opens its listeners last, and says Connection.Start to a client of version 0-9-1."""
    return lambda: _answer(port, b"AMQP\x00\x00\x09\x01").startswith(b"\x01\x00\x00")


def healthy(url: str) -> Probe:
    """GET answers 200."""
    parts = urlsplit(url)

    def probe() -> bool:
        connection = http.client.HTTPConnection(parts.netloc, timeout=LIMIT_SECONDS)
        try:
            connection.request("GET", parts.path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def _answer(port: int, message: bytes, *, until: bytes = b"") -> bytes:
    """What comes back for a message: its first bytes, or all of them until some bytes are in it."""
    answer = b""
    try:
        with socket.create_connection((HOST, port), timeout=LIMIT_SECONDS) as connection:
            connection.sendall(message)
            while chunk := connection.recv(512):
                answer += chunk
                if until in answer:
                    break
    except OSError:
        pass
    return answer
