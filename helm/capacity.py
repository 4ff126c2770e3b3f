"""Pods, connections and disks that so many bookings need: `python3 helm/capacity.py` prints the tables of scale.md.

What it assumes stands here, and in docs/operations/scale.md in words. CPU was measured on a running stack, as seconds
of a process for one booking with one seat, paid at once (scale.md says how); it errs on the side of too many pods.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
SCALE = HERE.parent / "docs" / "operations" / "scale.md"
VALUES = HERE / "marquee" / "values.yaml"
RATES = (10, 100, 1000)
# Of a container's CPU limit of one core: where the autoscaler adds pods.
USE = 0.7
# Customers look around: reads for each booking, CPU of one, and how many the gateway answers from its own cache.
READS, READ_SECONDS, READS_CACHED = 30, 0.006, 0.5
# A saga asks the card gateway twice (authorise, capture), and sends two mails; a worker waits for so many at once.
GATEWAY_CALLS, GATEWAY_SECONDS, GATEWAY_AT_ONCE = 2, 0.3, 16
MAILS, MAIL_SECONDS, MAILS_AT_ONCE = 2, 0.1, 4
# Pages of the shop for each booking and CPU of one: those that are everybody's, of which the gateway has as many as of
# reads, and those of who buys (seats priced twice, who, checkout twice, paying, how it stands, the tickets).
PAGES, PAGE_SECONDS = 10, 0.021
OWN_PAGES, OWN_PAGE_SECONDS = 8, 0.014
FEWEST_SHOP = 2
# Pages that watch seats go, for each booking, and for how long (seconds); open sockets of a pod, and its connections to
# booking's database (four readers and a probe).
WATCHING, WATCHING_SECONDS = 3, 90
SOCKETS_A_POD, LIVE_CONNECTIONS = 5000, 5
FEWEST_LIVE = 2


@dataclass(frozen=True)
class Service:
    """CPU seconds for a booking of web, worker and relay; connections that a worker may have (config/celery.py).

    waits: seconds that something else takes for a booking, of which a worker waits for `at_once` at the same time.
    """

    name: str
    web: float
    worker: float
    relay: float
    connections: int
    waits: float = 0.0
    at_once: int = 1
    postgres: float = 0.001
    fewest_web: int = 2
    fewest_worker: int = 1


SERVICES = (
    Service("auth", web=0.002, worker=0.0, relay=0.0002, connections=4),
    Service(
        "catalog",
        web=READS * (1 - READS_CACHED) * READ_SECONDS,
        worker=0.005,
        relay=0.0005,
        connections=4,
        fewest_web=3,
    ),
    Service(
        "booking", web=0.020, worker=0.008, relay=0.003, connections=6, postgres=0.007, fewest_web=3, fewest_worker=2
    ),
    Service(
        "payment",
        web=0.002,
        worker=0.015,
        relay=0.002,
        connections=14,
        waits=GATEWAY_CALLS * GATEWAY_SECONDS,
        at_once=GATEWAY_AT_ONCE,
        postgres=0.006,
        fewest_worker=2,
    ),
    Service(
        "notify",
        web=0.0005,
        worker=0.015,
        relay=0.0005,
        connections=6,
        waits=MAILS * MAIL_SECONDS,
        at_once=MAILS_AT_ONCE,
        postgres=0.010,
        fewest_worker=2,
    ),
)
RABBITMQ = 0.006
WEB_CONNECTIONS = 2 * 4


@dataclass(frozen=True)
class Need:
    web: int
    worker: int
    relay: int
    connections: int
    postgres_cores: float


def need(service: Service, rate: int) -> Need:
    """Pods of a service at so many bookings a second, and what they ask of its PostgreSQL."""
    web = max(service.fewest_web, math.ceil(rate * service.web / USE))
    by_cpu = rate * service.worker / USE
    by_waiting = rate * service.waits / service.at_once / USE
    worker = max(service.fewest_worker, math.ceil(max(by_cpu, by_waiting)))
    relay = max(1, math.ceil(rate * service.relay / USE))
    connections = web * WEB_CONNECTIONS + worker * service.connections + relay
    return Need(web, worker, relay, connections, rate * service.postgres / USE)


def shop(rate: int) -> int:
    """Pods of the shop at so many bookings a second."""
    seconds = PAGES * (1 - READS_CACHED) * PAGE_SECONDS + OWN_PAGES * OWN_PAGE_SECONDS
    return max(FEWEST_SHOP, math.ceil(rate * seconds / USE))


def live_seats(rate: int) -> int:
    """Pods that tell pages which seats go: by open sockets, of which one's CPU and memory carry more."""
    return max(FEWEST_LIVE, math.ceil(rate * WATCHING * WATCHING_SECONDS / SOCKETS_A_POD))


def table() -> str:
    """Markdown: for each service and rate web + worker + relay pods, and connections to its database."""
    lines = [f"| pods: web + worker + relay (connections) | {' | '.join(f'{rate:,} a second' for rate in RATES)} |"]
    lines.append("|---" * (len(RATES) + 1) + "|")
    for service in SERVICES:
        cells = []
        for rate in RATES:
            one = need(service, rate)
            cells.append(f"{one.web} + {one.worker} + {one.relay} ({one.connections})")
        lines.append(f"| {service.name} | {' | '.join(cells)} |")
    lines.append(f"| shop: web | {' | '.join(str(shop(rate)) for rate in RATES)} |")
    live = [f"{live_seats(rate)} ({live_seats(rate) * LIVE_CONNECTIONS})" for rate in RATES]
    lines.append(f"| live seats (connections to booking's database) | {' | '.join(live)} |")
    cores = [" | ".join(f"{math.ceil(need(service, rate).postgres_cores)}" for rate in RATES) for service in SERVICES]
    lines += [f"| PostgreSQL of {service.name}, cores | {row} |" for service, row in zip(SERVICES, cores, strict=True)]
    lines.append(
        f"| RabbitMQ, cores of all nodes | {' | '.join(str(math.ceil(rate * RABBITMQ / USE)) for rate in RATES)} |"
    )
    return "\n".join(lines)


# What the default volumes are made for, and for how long; then they are grown, or bookings of old years are taken out.
BOOKINGS_A_YEAR, MONTHS = 25_000_000, 12
# Pages are not full, a dump waits for vacuum, and an alert wants to come before the end: a third more.
SPARE = 1.35
# The write-ahead log (max_wal_size, and what a standby may be behind), catalogs, and what does not grow with bookings.
FIXED_GIB = 8
DAYS_A_YEAR = 365
GIB = 2**30


@dataclass(frozen=True)
class Stored:
    """A table: rows of a booking, bytes of a row with its indexes, and for how many days it is there (None: for ever).

    days: as the settings keep it, and the length of a partition beyond it.
    """

    table: str
    rows: float
    size: int
    days: float | None = None


OUTBOX_DAYS, INBOX_DAYS, NOTIFICATION_DAYS, HISTORY_DAYS = 7 + 1, 30 + 7, 400 + 28, 1100 + 28
# A showtime for every fifty bookings, an account for every ten: those sizes with all that belongs to one.
STORED: dict[str, tuple[Stored, ...]] = {
    "auth": (Stored("users", 0.1, 3000), Stored("outbox", 0.2, 1700, OUTBOX_DAYS)),
    "catalog": (
        Stored("showtimes", 0.02, 2900),
        Stored("showtime_occupancy", 1.0, 160),
        Stored("outbox", 0.02, 3300, OUTBOX_DAYS),
        Stored("inbox", 2.0, 150, INBOX_DAYS),
    ),
    "booking": (
        Stored("bookings", 1.0, 2720),
        Stored("booking_seats", 2.2, 275),
        Stored("showtimes", 0.02, 850),
        Stored("booking_history", 2.0, 270, HISTORY_DAYS),
        # Most are bought in the last week.
        Stored("seat_status", 2.0, 185, 7 + 1),
        Stored("idempotency_keys", 1.0, 2000, 1),
        Stored("outbox", 2.9, 2000, OUTBOX_DAYS),
        Stored("inbox", 2.7, 150, INBOX_DAYS),
    ),
    "payment": (
        Stored("payments", 1.0, 900),
        Stored("transactions", 3.7, 245),
        Stored("gateway_operations", 1.9, 430),
        # Of two seats and a fee, loaded by a test: 2,015 with five lines.
        Stored("receipts", 1.05, 1500),
        Stored("outbox", 1.9, 850, OUTBOX_DAYS),
        Stored("inbox", 2.0, 150, INBOX_DAYS),
    ),
    "notify": (
        Stored("notifications", 2.0, 1350, NOTIFICATION_DAYS),
        Stored("delivery_log", 2.3, 420, NOTIFICATION_DAYS),
        Stored("booking_summaries", 1.0, 555, 400),
        Stored("inbox", 3.0, 150, INBOX_DAYS),
    ),
}


def stored_gib(service: str, *, bookings_a_year: int = BOOKINGS_A_YEAR, months: int = MONTHS) -> float:
    """What the rows of a service take after so many months from the first booking on."""
    days = months * DAYS_A_YEAR / 12
    a_day = bookings_a_year / DAYS_A_YEAR
    return sum(a_day * min(days, each.days or days) * each.rows * each.size for each in STORED[service]) / GIB


def volume_gib(service: str) -> int:
    """The volume of its PostgreSQL in the chart's default values, in steps of ten."""
    needed = stored_gib(service) * SPARE + FIXED_GIB
    return math.ceil(needed / 10) * 10


def disks() -> str:
    """Markdown: bytes of a booking and GiB in each database, by how long it is kept."""
    lines = [
        "| database | bytes of a booking, kept for ever | while it is kept | GiB after a year | after three | volume |",
        "|---|---|---|---|---|---|",
    ]
    for service, tables in STORED.items():
        for_ever = sum(each.rows * each.size for each in tables if each.days is None)
        for_a_time = sum(each.rows * each.size for each in tables if each.days is not None)
        years = " | ".join(f"{stored_gib(service, months=12 * years):.0f}" for years in (1, 3))
        lines.append(f"| {service} | {for_ever:,.0f} | {for_a_time:,.0f} | {years} | {volume_gib(service)} GiB |")
    return "\n".join(lines)


def measured(sizes: Mapping[str, Mapping[str, int]], bookings: int) -> dict[str, tuple[float, int]]:
    """Rows of a booking and bytes of a row by table, out of what `manage.py table_sizes` says of a database."""
    return {
        table: (round(said["rows"] / bookings, 2), round(said["bytes"] / said["rows"]))
        for table, said in sizes.items()
        if said["rows"] >= bookings / 10
    }


def faults() -> list[str]:
    """Where the chart's volumes and what is documented are not what is computed here; a sentence for each."""
    documented = SCALE.read_text()
    said = [
        f"docs/operations/scale.md has not the table of {what}: python3 helm/capacity.py prints it"
        for what, computed in (("pods", table()), ("disks", disks()))
        if computed not in documented
    ]
    services = yaml.safe_load(VALUES.read_text())["services"]
    volumes = {name: services[name]["database"]["storage"] for name in STORED}
    return said + [
        f"values.yaml: the volume of {name} is {volume}, and has to be {volume_gib(name)}Gi"
        for name, volume in volumes.items()
        if volume != f"{volume_gib(name)}Gi"
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when chart and documentation say something else")
    parser.add_argument(
        "--measured", nargs=2, metavar=("FILE", "BOOKINGS"), help="what table_sizes said, and of how many bookings"
    )
    options = parser.parse_args()
    if options.check:
        found = faults()
        print("\n".join(found), end="\n" if found else "")
        return 1 if found else 0
    if options.measured:
        file, bookings = options.measured
        for name, (rows, size) in measured(json.loads(Path(file).read_text()), int(bookings)).items():
            print(f"{name}: {rows} rows of a booking, {size} bytes each")
        return 0
    print(f"{table()}\n\n{disks()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
