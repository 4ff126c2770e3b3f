"""Live seats: how long it takes until thousands of pages know of a booking, and what that costs."""

import json
import os
import subprocess
import sys
import threading
import time
from typing import Any

from bench.http import Client
from bench.market import BenchError, Market, Showtime
from bench.processor import seconds_of
from stack import control
from stack.instance import ROOT
from stack.lifecycle import Stack
from stack.processes import proportional_set_size

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "5000"))
# Of the hall: 20 seats each, and none is held twice.
ROWS = 26
PER_SECOND = 50
SECONDS = 8
# What one customer may hold of one showtime.
HOLDS = 4
WORKERS = 8
PROCESS = "booking-live"


def live_seats(stack: Stack, market: Market, showtime: Showtime) -> dict[str, Any]:
    """Seats held at PER_SECOND of one showtime that SOCKETS pages watch; they are let go of afterwards.

    Raises BenchError.
    """
    path = f"/api/showtimes/{showtime.id}/seats"
    version = Client(market.gateway).get(path).json()["version"]
    url = f"{market.gateway}{path}/live?version={version}"
    command = [sys.executable, "-m", "bench.live_client", url, str(SOCKETS)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pages:
        assert pages.stdin is not None
        assert pages.stdout is not None
        if pages.stdout.readline().strip() != "ready":
            raise BenchError(f"{SOCKETS} sockets could not be opened")
        spent = seconds_of(stack, PROCESS)
        began = time.monotonic()
        answered, bookings = _hold(market, showtime)
        if not answered:
            raise BenchError("no booking was accepted while pages watched")
        took = time.monotonic() - began
        used = seconds_of(stack, PROCESS) - spent
        size = proportional_set_size(control.pid(PROCESS))
        pages.stdin.write(json.dumps(answered) + "\n")
        pages.stdin.flush()
        found: dict[str, Any] = json.loads(pages.stdout.readline())
    for client, booking_id in bookings:
        client.delete(f"/api/bookings/{booking_id}")
    return {
        **found,
        "per_second": round(len(answered) / took, 1),
        "memory_mib": round(size / 2**20, 1),
        "cpu_of_a_core": round(used / took, 2),
    }


def _hold(market: Market, showtime: Showtime) -> tuple[dict[str, float], list[tuple[Client, str]]]:
    """By seat when its booking was answered; and the bookings, with the clients who may cancel them."""
    answered: dict[str, float] = {}
    bookings: list[tuple[Client, str]] = []
    began = time.monotonic()

    def buy(worker: int) -> None:
        for number in range(worker, PER_SECOND * SECONDS, WORKERS):
            time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
            seat, client = showtime.seats[number], market.customer(number // HOLDS)
            answer = client.post("/api/bookings", {"showtime_id": showtime.id, "seat_ids": [seat]})
            if answer.status == 201:
                answered[seat] = time.monotonic()
                bookings.append((client, answer.json()["id"]))
            client.close()

    threads = [threading.Thread(target=buy, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered, bookings
