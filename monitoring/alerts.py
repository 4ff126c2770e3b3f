"""`make alerts`: makes each alert fire by a real fault, sees it reach its route, and clear when the fault is gone.

On a running stack that may be thrown away: `make up INSTANCE=drill REPLICAS=1`, `make alerts INSTANCE=drill`. Waits
are cut (watching.py): what is looked at is that the fault, the numbers, the rule and the route hang together. What a
machine without a cluster cannot break is told at the end.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import faults
from drill_world import World
from faults import Fault
from queries import alerts
from receiver import PAGER, SLACK
from watching import Watch, running

from bench import system
from bench.market import BenchError
from stack import control
from stack.errors import StackError

# Made together and taken back together; within a round none hides another.
ROUNDS: list[Mapping[str, Fault]] = [
    {
        "ConnectionsRunOut": faults.connections_are_left_open,
        "RedisMemoryRunsOut": faults.redis_has_no_memory_left,
        "QueueBacklog": faults.a_queue_is_written_to_and_not_read,
        "DeadLetters": faults.an_event_is_told_that_nobody_wants,
        "RowsOutsidePartitions": faults.an_event_is_of_a_time_that_is_far_ahead,
        "DiskRunsOut": faults.a_disk_is_full,
        "ServiceDown": faults.a_web_process_is_stopped,
        "QueueWithoutConsumer": faults.a_worker_is_stopped,
        "LiveSeatsAway": faults.nobody_tells_of_seats,
    },
    {
        "ServerDown": faults.redis_is_stopped,
        "ServiceAbsent": faults.a_service_is_not_deployed,
        "ReplicaLeftOut": faults.a_replica_is_stopped,
    },
    {"HighErrorRate": faults.a_database_is_stopped_while_customers_come},
    {"LiveSeatsRefused": faults.no_seat_map_is_read_while_pages_come},
    {"HighLatency": faults.a_table_is_locked_while_customers_come},
    {"PoolExhausted": faults.the_database_takes_no_connections},
    {
        "HoldsOutliveTheirEnd": faults.a_hold_has_ended_and_is_locked,
        "PaymentsNeedAttention": faults.the_money_was_given_back_at_the_provider_already,
        "GatewayRecordDiffers": faults.the_money_is_given_back_at_the_provider_by_hand,
        "AuditViolation": faults.a_sold_seat_is_somebody_elses,
        "PaymentsFail": faults.most_cards_are_declined,
        # The last, as nobody can pay after it.
        "PaymentOutcomeUnknown": faults.the_card_gateway_is_stopped_while_somebody_pays,
    },
    {"ClockStopped": faults.the_scheduler_is_stopped},
    {"OutboxLag": faults.the_broker_is_stopped_while_somebody_registers},
    {"OutboxUnwatched": faults.a_relay_and_its_worker_are_stopped},
]
# What only a cluster has: containers with limits, CronJobs, cert-manager.
OF_A_CLUSTER = {"HighCpuUsage", "HighMemoryUsage", "PodRestarts", "BackupTooOld", "CertificateRunsOut"}
# What is late only after hours: audit/tests/test_hourly.py sees its number stand still.
OF_HOURS = {"AuditLate"}
# Gauges are measured once a minute, and go two and a half minutes after the last time.
FIRES_SECONDS = 240
CLEARS_SECONDS = 240


@dataclass(frozen=True)
class Outcome:
    """fired, cleared: seconds from the fault to the message, and from its end. complaint: why not."""

    alert: str
    fault: str
    to: str
    fired: float = 0.0
    cleared: float = 0.0
    complaint: str = ""


def run_round(world: World, chosen: Mapping[str, Fault]) -> list[Outcome]:
    """Makes the faults, waits for their messages, takes them back, and waits for theirs."""
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in alerts()}
    routes = {alert: PAGER if severities[alert] == "critical" else SLACK for alert in chosen}
    receiver = world.watch.receiver
    fired: dict[str, float] = {}
    complaints: dict[str, str] = {}
    made: dict[str, float] = {}
    with ExitStack() as there:
        for alert, fault in chosen.items():
            made[alert] = time.monotonic()
            try:
                there.enter_context(fault(world))
            except (OSError, AssertionError, subprocess.CalledProcessError, StackError) as error:
                complaints[alert] = f"the fault could not be made: {error}"
        for alert in chosen.keys() - complaints.keys():
            try:
                message = receiver.wait(
                    alert, to=routes[alert], status="firing", since=made[alert], seconds=FIRES_SECONDS
                )
            except TimeoutError as error:
                complaints[alert] = str(error)
                continue
            fired[alert] = message.at - made[alert]
            if not message.runbook.endswith(f"#{alert.lower()}"):
                complaints[alert] = f"links to {message.runbook!r}"
            if routes[alert] == SLACK and any(it.to == PAGER for it in receiver.of(alert)):
                complaints[alert] = "a warning paged somebody"
    ended = time.monotonic()
    control.wait_ready()
    cleared: dict[str, float] = {}
    for alert in fired:
        try:
            message = receiver.wait(
                alert, to=routes[alert], status="resolved", since=made[alert], seconds=CLEARS_SECONDS
            )
        except TimeoutError as error:
            complaints[alert] = str(error)
            continue
        cleared[alert] = max(0.0, message.at - ended)
    return [
        Outcome(
            alert,
            fault.__name__.replace("_", " "),
            routes[alert],
            fired.get(alert, 0.0),
            cleared.get(alert, 0.0),
            complaints.get(alert, ""),
        )
        for alert, fault in chosen.items()
    ]


def run(only: list[str]) -> list[Outcome]:
    stack = running()
    outcomes = []
    with system.unlimited(stack), Watch(stack) as watch:
        market = system.market(stack, showtimes=2, customers=12)
        world = World(watch, market)
        for number, faults_of_round in enumerate(ROUNDS, start=1):
            chosen = {alert: fault for alert, fault in faults_of_round.items() if not only or alert in only}
            if chosen:
                print(f"round {number}: {', '.join(chosen)}", flush=True)
                outcomes += run_round(world, chosen)
                for outcome in outcomes[-len(chosen) :]:
                    print(f"  {outcome.complaint or 'fired and cleared':20}  {outcome.alert}", flush=True)
    return outcomes


def print_table(outcomes: list[Outcome]) -> None:
    """As it stands in docs/operations/monitoring.md."""
    print("\n| alert | fault | told | after, s | cleared after, s |\n|---|---|---|---|---|")
    for it in outcomes:
        times = f"{it.fired:.0f} | {it.cleared:.0f}" if not it.complaint else f"- | {it.complaint}"
        print(f"| {it.alert} | {it.fault} | {it.to} | {times} |")
    print(f"\nnot tried, for they need a cluster, or hours: {', '.join(sorted(OF_A_CLUSTER | OF_HOURS))}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make alerts", description=__doc__)
    parser.add_argument("only", nargs="*", help="names of alerts; all if none is named")
    options = parser.parse_args()
    try:
        outcomes = run(options.only)
    except (BenchError, StackError, TimeoutError) as error:
        print(f"alerts: {error}", file=sys.stderr)
        return 1
    print_table(outcomes)
    return 1 if not outcomes or any(outcome.complaint for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
