"""`python -m bench.replicas`: what catalog's replicas take off its primary, in CPU a read that no cache has.

On a stack with replicas (`make up REPLICAS=2`). Catalog's web process is asked itself, first with its replicas and then
without them: lists that nobody has asked for before. PostgreSQL's CPU is that of all its processes, from /proc.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from bench import figures, system
from bench.http import Client
from bench.market import BenchError
from bench.processor import seconds_of
from stack import control, variables
from stack.errors import StackError
from stack.lifecycle import Stack
from stack.servers import replicas

CLIENTS = 8
FIRST_DAY = date(1000, 1, 1)


@dataclass(frozen=True)
class Found:
    """cpu: milliseconds of PostgreSQL's CPU for one read, by server."""

    tally: figures.Tally
    seconds: float
    cpu: dict[str, float]


class Questions:
    """Pages of twenty rows, no two of them the same; for several threads."""

    def __init__(self) -> None:
        self._numbers = itertools.count(int(time.time()) % 100_000)

    def __call__(self) -> str:
        number = next(self._numbers)
        day = FIRST_DAY + timedelta(days=number)
        return f"/showtimes?starts_after={day}T00:00:00Z" if number % 2 else f"/movies?released_after={day}"


def measure(stack: Stack, ask: Callable[[], str], *, seconds: float) -> Found:
    """The answers of CLIENTS who ask one thing after the other for so many seconds."""
    servers = [replicas.PRIMARY, *replicas.names(stack.instance)]
    address = variables.secured_url(stack.instance, stack.ports["catalog"])
    tallies = [figures.Tally() for _ in range(CLIENTS)]
    before = {server: seconds_of(stack, server) for server in servers}
    deadline = time.monotonic() + seconds

    def read(index: int) -> None:
        client = Client(address)
        while time.monotonic() < deadline:
            tallies[index].add(client.get(ask()))
        client.close()

    spent = figures.in_parallel(CLIENTS, read)
    whole = figures.Tally()
    for tally in tallies:
        whole.statuses += tally.statuses
        whole.seconds += tally.seconds
    answers = sum(whole.statuses.values())
    cpu = {server: 1000 * (seconds_of(stack, server) - before[server]) / answers for server in servers}
    return Found(whole, spent, cpu)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.replicas", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    try:
        stack = system.running()
        copies = replicas.names(stack.instance)
        if not copies:
            raise BenchError("there are no replicas: `make up REPLICAS=2`")
        ask = Questions()
        runs: dict[str, dict[str, str]] = {
            f"{len(copies)} replicas": {},
            "the primary alone": {"DATABASE_REPLICA_URLS": ""},
        }
        print(f"{'':18} {'reads/s':>8} {'p50, ms':>8} {'p99, ms':>8}  CPU of PostgreSQL for a read, ms; answers")
        for name, environment in runs.items():
            with control.running_with(environment, "catalog-web"):
                measure(stack, ask, seconds=2)  # its pools are filled, its statements planned
                found = measure(stack, ask, seconds=options.seconds)
            told = found.tally.summary()
            rate = sum(found.tally.statuses.values()) / found.seconds
            cpu = ", ".join(f"{server} {spent:.2f}" for server, spent in found.cpu.items())
            print(f"{name:18} {rate:8.0f} {told['p50_ms']:8} {told['p99_ms']:8}  {cpu}; {told['answers']}", flush=True)
    except (BenchError, StackError) as error:
        print(f"bench.replicas: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
