"""Asks the gateway (GATEWAY_URL) for something of each service, ten times a second, and prints what failed.

Every request has a connection of its own, as a new customer has: one line {"failed": ...} for each that is refused,
times out or is answered 5xx, and {"sent": <how many so far>} about once a second.
"""

import itertools
import json
import os
import time
import urllib.error
import urllib.request

GATEWAY = os.environ["GATEWAY_URL"].rstrip("/")
PATHS = ("/api/movies", "/api/showtimes", "/api/auth/.well-known/jwks.json", "/api/bookings", "/api/payments")
PATHS += ("/api/notifications/history",)
TIMEOUT_SECONDS = 10
PAUSE_SECONDS = 0.1


def complaint(path: str) -> str | None:
    """None for an answer that a customer can be given: a 401 is one."""
    try:
        with urllib.request.urlopen(GATEWAY + path, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  (ours)
            answer.read()
    except urllib.error.HTTPError as error:
        return str(error.code) if error.code >= 500 else None
    except OSError as error:
        return str(error)
    return None


def main() -> None:
    for number, path in enumerate(itertools.cycle(PATHS), 1):
        failed = complaint(path)
        if failed:
            print(json.dumps({"failed": path, "why": failed, "at": time.strftime("%H:%M:%S")}), flush=True)
        if number % 10 == 0:
            print(json.dumps({"sent": number}), flush=True)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
