"""Pods and connections that so many bookings a second need: `python3 helm/capacity.py` prints the table of scale.md.

What it assumes stands here, and in docs/operations/scale.md in words. CPU was measured on a running stack, as seconds
of a process for one booking with one seat, paid at once (scale.md says how); it errs on the side of too many pods.
"""

import math
from dataclasses import dataclass

RATES = (10, 100, 1000)
# Of a container's CPU limit of one core: where the autoscaler adds pods.
USE = 0.7
# Customers look around: reads for each booking, CPU of one, and how many the gateway answers from its own cache.
READS, READ_SECONDS, READS_CACHED = 30, 0.006, 0.5
# A saga asks the card gateway twice (authorise, capture), and sends two mails; a worker waits for so many at once.
GATEWAY_CALLS, GATEWAY_SECONDS, GATEWAY_AT_ONCE = 2, 0.3, 16
MAILS, MAIL_SECONDS, MAILS_AT_ONCE = 2, 0.1, 4


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
    cores = [" | ".join(f"{math.ceil(need(service, rate).postgres_cores)}" for rate in RATES) for service in SERVICES]
    lines += [f"| PostgreSQL of {service.name}, cores | {row} |" for service, row in zip(SERVICES, cores, strict=True)]
    lines.append(
        f"| RabbitMQ, cores of all nodes | {' | '.join(str(math.ceil(rate * RABBITMQ / USE)) for rate in RATES)} |"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
