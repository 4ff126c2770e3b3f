"""Buys one ticket as a new customer, over HTTP through the gateway (GATEWAY_URL), with the card PAYMENT_TOKEN.

`helm test` runs it in a pod; standard library alone. Exits 1 saying which step did not work.
"""

import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

GATEWAY = os.environ["GATEWAY_URL"].rstrip("/")
# After an install the gateway answers when all services do, and a pod is let through a moment after it starts.
START_SECONDS = 240
SALE_SECONDS = 60
# Booking hears of a showtime a moment after catalog has it.
SHOWTIME_SECONDS = 60


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def ask(method: str, path: str, body: object = None, token: str = "", key: str = "") -> Any:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["Idempotency-Key"] = key
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(GATEWAY + path, data=data, method=method, headers=headers)  # noqa: S310  (ours)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (ours)
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code in (429, 503):
                time.sleep(float(error.headers.get("Retry-After", "1")))
                continue
            problem = error.read().decode(errors="replace")
            raise Refused(error.code, f"{method} {path} answered {error.code}: {problem}") from error


def wait_for_the_gateway() -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ask("GET", "/health")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


def sign_in() -> str:
    name = f"helm-test-{secrets.token_hex(6)}"
    password = secrets.token_urlsafe(24)
    ask("POST", "/api/auth/register", {"username": name, "email": f"{name}@example.com", "password": password})
    return str(ask("POST", "/api/auth/token", {"username": name, "password": password})["access_token"])


def choose() -> tuple[dict[str, Any], dict[str, Any]]:
    """The next showtime that starts in an hour or later, and the first of its seats that is free."""
    deadline = time.monotonic() + SHOWTIME_SECONDS
    while time.monotonic() < deadline:
        soonest = datetime.now(UTC) + timedelta(hours=1)
        for showtime in ask("GET", f"/api/showtimes?starts_after={soonest:%FT%TZ}")["results"]:
            try:
                seats = ask("GET", f"/api/showtimes/{showtime['id']}/seats")["seats"]
            except Refused as refused:
                if refused.status != 404:
                    raise
                continue
            for seat in seats:
                if seat["status"] == "available" and seat["category"] in ("standard", "premium"):
                    return showtime, seat
        time.sleep(1)
    sys.exit("there is no showtime with a free seat")


def buy(token: str, showtime: dict[str, Any], seat: dict[str, Any]) -> None:
    started = time.monotonic()
    booking = ask(
        "POST",
        "/api/bookings",
        {
            "showtime_id": showtime["id"],
            "seat_ids": [seat["id"]],
            "payment_method": {"token": os.environ["PAYMENT_TOKEN"]},
        },
        token=token,
        key=str(uuid.uuid4()),
    )
    path = f"/api/bookings/{booking['id']}"
    while not (booking["status"] == "CONFIRMED" and booking["payment_status"] == "captured"):
        if booking["status"] not in ("PENDING", "CONFIRMED") or time.monotonic() - started > SALE_SECONDS:
            sys.exit(f"booking {booking['reference']} is {booking['status']}, its payment {booking['payment_status']}")
        time.sleep(0.2)
        booking = ask("GET", path, token=token)
    seconds = time.monotonic() - started
    place = f"{showtime['movie']['title']}, seat {seat['row']}{seat['number']}"
    print(f"bought {place}: {booking['reference']}, {seconds:.1f} s")


def main() -> None:
    wait_for_the_gateway()
    token = sign_in()
    buy(token, *choose())


if __name__ == "__main__":
    try:
        main()
    except (Refused, OSError) as error:
        sys.exit(str(error))
