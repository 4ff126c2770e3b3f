"""Asks the gateway (GATEWAY_URL) for something of each service and the shop, ten times a second; prints what failed.

Every request has a connection of its own, as a new customer has: one line {"failed": ...} for each that is refused,
times out or is answered 5xx, and {"sent": <how many so far>} about once a second. The gateway's name is looked up once:
customers do not ask the cluster's own DNS, and it is not what is tried.
"""

import http.client
import itertools
import json
import os
import socket
import time
from urllib.parse import urlsplit

HOST = urlsplit(os.environ["GATEWAY_URL"]).hostname or ""
PATHS = ("/api/movies", "/api/showtimes", "/api/auth/.well-known/jwks.json", "/api/bookings", "/api/payments")
PATHS += ("/api/notifications/history", "/en/cinemas/")
TIMEOUT_SECONDS = 10
PAUSE_SECONDS = 0.1
FOUND_SECONDS = 60


def address() -> str:
    """Raises OSError when the cluster's DNS does not know the name in time; the pod says so, and is started again."""
    deadline = time.monotonic() + FOUND_SECONDS
    while True:
        try:
            return socket.gethostbyname(HOST)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def complaint(gateway: str, path: str) -> str | None:
    """None for an answer that a customer can be given: a 401 is one."""
    connection = http.client.HTTPConnection(gateway, 80, timeout=TIMEOUT_SECONDS)
    step = "no connection"
    try:
        connection.connect()
        step = f"connected from port {connection.sock.getsockname()[1]}, no answer"
        connection.request("GET", path, headers={"Host": HOST})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{step}: {error!r}"
    finally:
        connection.close()
    return str(status) if status >= 500 else None


def main() -> None:
    gateway = address()
    for number, path in enumerate(itertools.cycle(PATHS), 1):
        failed = complaint(gateway, path)
        if failed:
            print(json.dumps({"failed": path, "why": failed, "at": time.strftime("%H:%M:%S")}), flush=True)
        if number % 10 == 0:
            print(json.dumps({"sent": number}), flush=True)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
