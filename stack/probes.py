"""Whether a server answers in its own protocol, not only whether its port is open. No probe raises.

trusted: of a server that speaks TLS, the certificates of whoever may have signed its own.
"""

import http.client
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
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


# Asks PostgreSQL for TLS; its answer is S.
SSL_REQUEST = struct.pack("!II", 8, 80877103)


def postgres(port: int, *, trusted: Path | None = None) -> Probe:
    """It asks who we are; while it recovers it answers with an error instead."""
    body = struct.pack("!I", 3 << 16) + b"user\0postgres\0database\0postgres\0\0"
    startup = struct.pack("!I", len(body) + 4) + body
    asked = SSL_REQUEST if trusted else b""
    return lambda: answer(port, startup, trusted=trusted, asked=asked).startswith(b"R")


def redis(port: int, password: str, *, trusted: Path | None = None) -> Probe:
    message = f"AUTH {password}\r\nPING\r\n".encode()
    return lambda: b"+PONG" in answer(port, message, trusted=trusted, until=b"PONG")


def amqp(port: int, *, trusted: Path | None = None) -> Probe:
    """RabbitMQ opens its listeners last, and says Connection.Start to a client of version 0-9-1."""
    return lambda: answer(port, b"AMQP\x00\x00\x09\x01", trusted=trusted).startswith(b"\x01\x00\x00")


def healthy(url: str, *, trusted: Path | None = None) -> Probe:
    """GET answers 200."""
    parts = urlsplit(url)

    def probe() -> bool:
        connection = (
            http.client.HTTPSConnection(parts.netloc, timeout=LIMIT_SECONDS, context=_context(trusted))
            if trusted
            else http.client.HTTPConnection(parts.netloc, timeout=LIMIT_SECONDS)
        )
        try:
            connection.request("GET", parts.path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def connect(port: int, *, trusted: Path | None, asked: bytes = b"") -> socket.socket:
    """A connection, over TLS where somebody is trusted; asked: what the server wants to read before that.

    Raises OSError, which a certificate that is not good is too.
    """
    connection = socket.create_connection((HOST, port), timeout=LIMIT_SECONDS)
    if not trusted:
        return connection
    try:
        if asked:
            connection.sendall(asked)
            connection.recv(1)
        return _context(trusted).wrap_socket(connection, server_hostname=HOST)
    except OSError:
        connection.close()
        raise


def _context(trusted: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(trusted))


def answer(
    port: int, message: bytes, *, trusted: Path | None = None, asked: bytes = b"", until: bytes | None = b""
) -> bytes:
    """What comes back for a message: its first bytes, or all until some are in it or (None) the server hangs up."""
    heard = b""
    try:
        with connect(port, trusted=trusted, asked=asked) as connection:
            connection.sendall(message)
            while chunk := connection.recv(512):
                heard += chunk
                if until is not None and until in heard:
                    break
    except OSError:
        pass
    return heard
