"""`python -m bench`: every figure of one run, as a table and as JSON in bench/results/."""

import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bench import figures, limits, live, offers, system
from bench.http import Client
from bench.market import BenchError
from bench.report import judged, keep, print_judged, say
from stack.errors import StackError

# As many as there are clients at once, and as many who fill their hands with what is accepted in ten seconds.
# The last 64 are 8,192 pairs of seats: what is settled in a minute on a machine twice as fast.
SHOWTIMES = 28 + 64
CUSTOMERS = figures.SHOPPERS + figures.HOLDERS


def run() -> dict[str, Any]:
    """Takes each figure once; each finds the queues level, and the audit clean. Raises BenchError, StackError."""
    stack = system.running()
    found: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": system.machine()}
    with system.unlimited(stack):
        say("making a theater, showtimes and customers")
        market = system.market(stack, showtimes=SHOWTIMES, customers=CUSTOMERS)
        idle, hot, read, stale, slow = market.showtimes[:5]
        watched = system.market(stack, showtimes=1, customers=0, rows=live.ROWS).showtimes[0]
        system.settle(stack)
        found["memory_before"] = system.memory_per_kind(stack)
        say("confirmation on an idle stack")
        found["confirmation"] = figures.confirmation(market, idle)
        say("confirmation beside slow cards")
        found["beside_slow_cards"] = figures.beside_slow_cards(market, slow)
        system.settle(stack)
        say("live seats")
        found["live"] = live.live_seats(stack, market, watched)
        system.settle(stack)
        say("pgbench")
        limit = limits.transactions_per_second(system.database(stack, "booking"), clients=figures.CLIENTS, seconds=10)
        found["pgbench_per_second"] = round(limit)
        say("accepted bookings")
        found["accepted"] = figures.accepted(market, market.showtimes[5:28], seconds=10)
        system.settle(stack)
        say("bookings with ticket types and a code")
        found["offers"] = _offers(stack)
        system.settle(stack)
        say("the hot showtime")
        found["hot"] = figures.hot_showtime(market, hot)
        say("refused attempts")
        found["refused"] = figures.refused(market, hot, seconds=5)
        say("seat maps")
        found["seat_map"] = _seat_map(stack, market.gateway, read.id)
        found["seat_map"]["stale_seconds"] = round(figures.staleness(market, stale), 2)
        system.settle(stack)
        say("settled bookings, a minute")
        found["settled"] = figures.settled(market, market.showtimes[28:], system.Receipts(stack), seconds=60)
        system.settle(stack)
        found["memory_after"] = system.memory_per_kind(stack)
    found["ratios"] = _ratios(found)
    return found


def _seat_map(stack: Any, address: str, showtime_id: str) -> dict[str, Any]:
    url = f"{address}/api/showtimes/{showtime_id}/seats"
    content = Client(address).get(f"/api/showtimes/{showtime_id}/seats").body
    served = limits.reads_per_second(url, connections=figures.CLIENTS, seconds=5)
    with limits.file_server(content, port=stack.ports["gateway"] + 7) as file_url:
        limit = limits.reads_per_second(file_url, connections=figures.CLIENTS, seconds=5)
    return {"per_second": round(served), "file_per_second": round(limit), "bytes": len(content)}


def _offers(stack: Any) -> dict[str, float]:
    tickets = dict(zip(offers.TYPES, (1200, 900), strict=True))
    market = partial(system.market, stack, showtimes=offers.SHOWTIMES, customers=offers.CUSTOMERS, tickets=tickets)
    code = system.promo_code(stack, most_uses=None)
    return offers.compared(stack, market(), code) | offers.at_once(market(), code)


def _ratios(found: dict[str, Any]) -> list[dict[str, Any]]:
    limit, offered = found["pgbench_per_second"], found["offers"]
    accepted, hot, seats = found["accepted"]["per_second"], found["hot"], found["seat_map"]
    before, after = found["memory_before"], found["memory_after"]
    rows: list[tuple[str, float, str, float]] = [
        ("bookings accepted / pgbench", accepted / limit, ">=", 0.10),
        ("bookings settled / pgbench", found["settled"]["per_second"] / limit, ">=", 0.02),
        ("types and a code / plain, CPU", offered["offered_ms"] / offered["plain_ms"], "<=", 1.03),
        ("types and a code / plain, accepted", offered["offered_per_second"] / offered["plain_per_second"], ">=", 0.97),
        ("hot showtime, s until sold out", hot["sold_out_seconds"], "<=", 2.0),
        ("hot showtime, p99 ms", hot["p99_ms"], "<=", 500),
        ("hot showtime, seats sold twice", hot["sold_twice"], "<=", 0),
        (
            "hot showtime, answers but 201 and 409",
            sum(hot["answers"].values()) - hot["answers"].get("201", 0) - hot["answers"].get("409", 0),
            "<=",
            0,
        ),
        ("refused / accepted", found["refused"]["per_second"] / accepted, ">=", 2.0),
        ("seat maps / NGINX with a file", seats["per_second"] / seats["file_per_second"], ">=", 0.10),
        ("seat map, s stale", seats["stale_seconds"], "<=", 1.0),
        ("booking to CONFIRMED, p50 ms", found["confirmation"]["confirmed_p50_ms"], "<=", 80),
        ("booking to CONFIRMED, p95 ms", found["confirmation"]["confirmed_p95_ms"], "<=", 150),
        ("beside 5 % slow cards, p99 ms", found["beside_slow_cards"]["p99_ms"], "<=", 400),
        ("live seats, p95 ms", found["live"]["p95_ms"], "<=", 500),
        ("live seats, last one told, ms", found["live"]["max_ms"], "<=", 1000),
        ("live seats, told too little", found["live"]["untold"] + found["live"]["closed"], "<=", 0),
        (f"live seats, MiB with {live.SOCKETS} sockets", found["live"]["memory_mib"], "<=", 300),
        ("memory of web after / before", after["web"] / before["web"], "<=", 1.1),
        ("memory of workers after / before", after["worker"] / before["worker"], "<=", 1.1),
    ]
    return [judged(*row) for row in rows]


def print_table(found: dict[str, Any]) -> None:
    print_judged(found["ratios"])
    print(
        f"\npgbench {found['pgbench_per_second']}/s · accepted {found['accepted']['per_second']}/s"
        f" (p50 {found['accepted']['p50_ms']} ms) · settled {found['settled']['per_second']}/s"
        f" · seat maps {found['seat_map']['per_second']}/s"
        f" · live seats p50 {found['live']['p50_ms']} ms at {found['live']['per_second']} bookings/s"
    )


def main() -> int:
    try:
        found = run()
    except (BenchError, StackError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench: interrupted; the edge limit is as it was", file=sys.stderr)
        return 130
    kept = keep(found)
    print_table(found)
    print(f"kept in {kept}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
