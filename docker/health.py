"""Whether the container's process 1 does its work: exits 0 or 1, and says why not.

What serves is asked over HTTP. What consumes must be connected: RabbitMQ hangs up on a client that has missed its
heartbeats, so a worker that is stuck loses its connection. That costs no start of Celery every ten seconds.
"""

import http.client
import os
import socket
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

ESTABLISHED = "01"
LIMIT_SECONDS = 4
PORTS = {"amqp": 5672, "amqps": 5671, "postgres": 5432, "postgresql": 5432}


def complaint(words: set[str]) -> str | None:
    """None when the process with these words in its command line is well."""
    if words & {"gunicorn", "live_seats"}:
        return refused(port("PORT"), "/health/ready", secure="TLS_CERTIFICATE")
    if "flower" in words:
        return refused(int(os.environ.get("PORT", "5555")), "/flower/healthcheck", secure="FLOWER_CERTFILE")
    if words & {"worker", "beat"}:
        return unconnected("RABBITMQ_URL")
    if "chassis.messaging.relay" in words:
        return unconnected("DATABASE_URL")
    if "audit" in words:
        return refused(port("METRICS_PORT"), "/health/live", secure="TLS_CERTIFICATE")
    if "gateway_simulator" in words:
        return closed(port("PORT"))
    if "message_sink" in words:
        return closed(port("SMTP_PORT")) or closed(port("HTTP_PORT"))
    return None


def port(name: str) -> int:
    return int(os.environ[name])


def refused(number: int, path: str, *, secure: str) -> str | None:
    """secure: the variable that names its certificate where it is asked over TLS; the name in that is not asked for."""
    if os.environ.get(secure):
        context = ssl.create_default_context()
        context.check_hostname = False
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", number, timeout=LIMIT_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", number, timeout=LIMIT_SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{path}: {error!r}"
    finally:
        connection.close()
    return None if status == http.HTTPStatus.OK else f"{path} answered {status}"


def closed(number: int) -> str | None:
    try:
        socket.create_connection(("127.0.0.1", number), timeout=LIMIT_SECONDS).close()
    except OSError as error:
        return f"port {number}: {error!r}"
    return None


def unconnected(variable: str) -> str | None:
    address = urlsplit(os.environ[variable])
    number = address.port or PORTS[address.scheme]
    tables = [path.read_text() for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists()]
    return None if any(connected(table, number) for table in tables) else f"no connection to port {number} ({variable})"


def connected(table: str, number: int) -> bool:
    """Whether a table of the kernel's (proc(5), /proc/net/tcp) has a live connection to this remote port."""
    for line in table.splitlines()[1:]:
        _, _, remote, state, *_ = line.split()
        if state == ESTABLISHED and int(remote.rpartition(":")[2], 16) == number:
            return True
    return False


def main() -> None:
    words = Path("/proc/1/cmdline").read_bytes().decode().split("\0")
    sys.exit(complaint({word.rpartition("/")[2] for word in words}))


if __name__ == "__main__":
    main()
