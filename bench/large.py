"""`python -m bench.large`: what should cost the same however much history there is, on the running stack.

A run on a stack that `make load-large` has loaded is shown beside the newest run on a small one. Each is kept as JSON
in bench/results/.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from bench import desk, system
from bench import reads as public
from bench.figures import in_parallel
from bench.http import Client
from bench.market import BenchError, Market, sign_in, wait_for
from bench.report import RESULTS, Figure, keep, say
from stack.errors import StackError
from stack.lifecycle import Stack
from stack.services import SERVICES

KIND = "large-"
# A world with fewer bookings is a small one.
LARGE = 50_000
BOOKINGS = 300
BUYERS = 8
AUDIT_SECONDS = 600


def run(wanted: Sequence[str] = ()) -> dict[str, Any]:
    """Each figure once, or those of the parts that are wanted. Raises BenchError, StackError."""
    stack = system.running()
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": system.machine(),
        "bookings": _one(stack, "booking", "SELECT count(*) FROM bookings"),
    }
    figures: list[Figure] = []
    # Renaming is last: thousands are told of it by mail, before whoever comes next.
    for part in (costs, desk.desk, reads, cancelling, auditing, renaming):
        if wanted and part.__name__ not in wanted:
            continue
        say(part.__name__)
        figures += part(stack)
    found["figures"] = [{"what": what, "value": value, "wanted": wanted} for what, value, wanted in figures]
    return found


def costs(stack: Stack) -> Iterator[Figure]:
    """Pages of the database, of what runs by itself, of lists and searches of staff, and of public lists."""
    known = public.subjects(stack)
    asked = {f"/{public.address(read, known[0])}": read for read in public.READS}
    for service in SERVICES:
        read = [f"--read={path}" for path in asked] if service.name == "catalog" else []
        rows = system.costs_of(stack, service.name, *read)
        for tick in ("clock.second", "clock.minute"):
            yield f"{service.name}: {tick}, buffers", *_most([row for row in rows if row["what"] == tick])
        in_lists = [row for row in rows if row["what"] not in asked and not row["what"].startswith("clock.")]
        for kind, wanted in (("list of staff", 5000), ("search by id", 200)):
            yield f"{service.name}: dearest {kind}, buffers", *_most([r for r in in_lists if r["wanted"] == wanted])
        yield f"{service.name}: largest page of staff, kB", round(max(r["bytes"] for r in in_lists) / 1000, 1), 150.0
        for row in rows:
            if row["what"] in asked:
                yield f"GET {asked[row['what']].removesuffix('?')}, buffers", row["buffers"], row["wanted"]


def _most(rows: list[dict[str, Any]]) -> tuple[float, float]:
    dearest = max(rows, key=lambda row: row["buffers"])
    return dearest["buffers"], dearest["wanted"]


def reads(stack: Stack) -> Iterator[Figure]:
    """Through the gateway."""
    with system.unlimited(stack):
        found = list(public.measured(stack))
    for what, milliseconds in found:
        yield f"{what}, uncached, p95 ms", milliseconds, public.WANTED_MS


def renaming(stack: Stack) -> Iterator[Figure]:
    """The film with the most showtimes to come."""
    film, count = _row(
        stack,
        "catalog",
        "SELECT movie_id, count(*) FROM showtimes WHERE starts_at > now() AND status = 'scheduled'"
        " GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
    )
    staff = Client(system.gateway(stack), token=sign_in(system.gateway(stack), *system.manager(stack)))
    answer = staff.call("PATCH", f"/api/movies/{film}", {"title": f"Another name {secrets.token_hex(2)}"})
    if answer.status != 200:
        raise BenchError(f"not renamed: {answer.status}")
    yield "showtimes to come of the film that is renamed", count, None
    yield "renaming it, ms", round(answer.seconds * 1000, 1), 300.0
    untold = "SELECT count(*) FROM untold_changes"
    wait_for(lambda: _one(stack, "catalog", untold) == 0, 300, "the new name was not told")


def cancelling(stack: Stack) -> Iterator[Figure]:
    """A showtime with BOOKINGS bookings, bought and paid before."""
    with system.unlimited(stack):
        market = system.market(stack, showtimes=1, customers=BOOKINGS // 4, rows=BOOKINGS // 20)
        ids = _bought(market)
        paid = "SELECT count(*) FROM bookings WHERE id = ANY(%s) AND payment_status = 'captured' AND ticket <> ''"
        wait_for(lambda: _one(stack, "booking", paid, [ids]) == len(ids), 300, "not all were paid")
        staff = Client(market.gateway, token=sign_in(market.gateway, *system.manager(stack)))
        started = time.perf_counter()
        if staff.delete(f"/api/showtimes/{market.showtimes[0].id}?reason=The+projector+failed").status != 204:
            raise BenchError("the showtime was not cancelled")
        ended = "SELECT count(*) FROM bookings WHERE id = ANY(%s) AND status = 'CANCELLED'"
        wait_for(lambda: _one(stack, "booking", ended, [ids]) == len(ids), 120, "not all bookings ended")
        cancelled = time.perf_counter() - started
        keys = [f"ended:{booking}" for booking in ids]
        told = "SELECT count(*) FROM notifications WHERE natural_key = ANY(%s) AND status = 'sent'"
        wait_for(lambda: _one(stack, "notify", told, [keys]) == len(ids), 300, "not all were told")
    yield f"{BOOKINGS} bookings of a cancelled showtime ended, s", round(cancelled, 2), 3.0
    yield "the same, told by mail, s", round(time.perf_counter() - started, 2), 15.0


def _bought(market: Market) -> list[UUID]:
    ids: list[UUID] = []

    def buy(index: int) -> None:
        for number in range(index, BOOKINGS, BUYERS):
            client = market.customer(number)
            wanted = {"seat_ids": [market.showtimes[0].seats[number]], "payment_method": {"token": "tok_visa"}}
            answer = client.post("/api/bookings", {"showtime_id": market.showtimes[0].id, **wanted})
            if answer.status == 201:
                ids.append(UUID(answer.json()["id"]))
            client.close()

    in_parallel(BUYERS, buy)
    if len(ids) != BOOKINGS:
        raise BenchError(f"{len(ids)} of {BOOKINGS} were accepted")
    return ids


def auditing(stack: Stack) -> Iterator[Figure]:
    """Of `make audit`: how long it takes, and the most memory that it has."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "audit", str(stack.instance.state), "0"],
        stdout=subprocess.DEVNULL,
        cwd=Path(__file__).parent.parent,
    )
    most = 0
    while process.poll() is None:
        most = max(most, _resident(process.pid))
        if time.perf_counter() - started > AUDIT_SECONDS:
            process.kill()
            process.wait()
        time.sleep(0.1)
    yield "make audit, s", round(time.perf_counter() - started, 1), 120.0
    yield "the same, MiB at most", round(most / 2**20, 1), 300.0
    yield "the same, exit code", process.returncode, 0.0


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _row(stack: Stack, service: str, statement: str, parameters: Any = None) -> tuple[Any, ...]:
    with psycopg.connect(system.database(stack, service)) as connection:
        row = connection.execute(statement, parameters).fetchone()
    if row is None:
        raise BenchError(f"{service} has nothing to measure")
    return tuple(row)


def _one(stack: Stack, service: str, statement: str, parameters: Any = None) -> int:
    return int(_row(stack, service, statement, parameters)[0])


def small() -> dict[str, float]:
    """The newest figures of a small world that are kept."""
    kept = [json.loads(file.read_text()) for file in sorted(RESULTS.glob(f"{KIND}*.json"))]
    of_small = [each for each in kept if each["bookings"] < LARGE]
    return {figure["what"]: figure["value"] for figure in of_small[-1]["figures"]} if of_small else {}


def print_table(found: dict[str, Any], beside: dict[str, float]) -> None:
    is_large = found["bookings"] >= LARGE
    print(f"\n| what | small | {found['bookings']:,} bookings | wanted | |\n|---|---|---|---|---|")
    for row in found["figures"]:
        wanted, value = row["wanted"], row["value"]
        met = "" if wanted is None else "met" if value <= wanted else "MISSED"
        before = beside.get(row["what"], "-") if is_large else "-"
        print(f"| {row['what']} | {before} | {value:g} | {'-' if wanted is None else f'≤ {wanted:g}'} | {met} |")


def main() -> int:
    try:
        found = run(sys.argv[1:])
    except (BenchError, StackError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    beside = small()
    kept = keep(found, kind=KIND)
    print_table(found, beside)
    print(f"\nkept in {kept}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
