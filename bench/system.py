"""The running stack, as the runs see it: addresses, databases, memory, and the edge limit out of the way."""

import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from audit import of_stack as audit
from bench.http import Client
from bench.market import ROWS, BenchError, Market, make_gift_cards, make_word, open_market, wait_for
from stack import control, demo, lifecycle, memory, variables
from stack.instance import MAIN, Instance
from stack.lifecycle import Stack
from stack.servers import nginx
from stack.services import service_named

COSTS_SECONDS = 600
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def running() -> Stack:
    """The instance that MARQUEE_STATE names, else the main one. Raises StackError when it does not run."""
    state = os.environ.get("MARQUEE_STATE")
    stack = lifecycle.load(Instance.at(state) if state else Instance.named(MAIN))
    control.wait_ready("gateway")
    return stack


def gateway(stack: Stack) -> str:
    return variables.gateway_url(stack.instance, stack.ports)


def database(stack: Stack, service: str) -> str:
    """The address of a service's database."""
    return variables.database_url(stack.instance, service_named(service), stack.ports, stack.secrets)


def manager(stack: Stack) -> tuple[str, str]:
    """User name and password of the demo manager."""
    account = demo.accounts(stack)["manager"]
    return account["username"], account["password"]


def verify(stack: Stack) -> None:
    """Proves the addresses of the customers of load runs, which nobody reads the mails of."""
    with psycopg.connect(database(stack, "auth")) as connection:
        connection.execute(
            "UPDATE users SET email_verified_at = now() WHERE email LIKE '%@load.example' AND email_verified_at IS NULL"
        )


def market(
    stack: Stack, *, showtimes: int, customers: int, rows: int = ROWS, tickets: Mapping[str, int] | None = None
) -> Market:
    """A theater with so many showtimes in halls of so many rows, and customers whose addresses are proved.

    Raises BenchError.
    """
    return open_market(
        gateway(stack),
        manager=manager(stack),
        verify=lambda: verify(stack),
        showtimes=showtimes,
        customers=customers,
        rows=rows,
        tickets=tickets,
    )


def promo_code(stack: Stack, *, most_uses: int | None) -> str:
    """A word that so many bookings may have at a time, or any number. Raises BenchError."""
    return make_word(gateway(stack), manager=manager(stack), most_uses=most_uses)


def gift_cards(stack: Stack, *, count: int, amount: int) -> list[str]:
    """The codes of gift cards of so many cents each. Raises BenchError."""
    admin = demo.accounts(stack)["admin"]
    colleague = admin["username"], admin["password"]
    return make_gift_cards(gateway(stack), manager=manager(stack), colleague=colleague, count=count, amount=amount)


@contextmanager
def unlimited(stack: Stack) -> Iterator[None]:
    """The gateway without its limits, and so the services too, for the time of a run; and afterwards as it was.

    Being told to stop is being interrupted, so it is put back then too, and nothing interrupts that. What a run that
    was killed has left lifted, the next run puts back, or the next start of a stack that was down.
    """
    handlers = {number: signal.signal(number, signal.default_int_handler) for number in STOPPING}
    try:
        nginx.lift_limit(stack.instance, ports=stack.ports)
        _reload(stack)
        yield
    finally:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        nginx.restore(stack.instance)
        _reload(stack)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _reload(stack: Stack) -> None:
    control.kill("gateway", "HUP")
    client = Client(gateway(stack))
    wait_for(lambda: client.get("/health").status == 200, 10, "the gateway did not come back")


class Receipts:
    """Counts the receipts that notify has recorded as sent."""

    def __init__(self, stack: Stack) -> None:
        self._connection = psycopg.connect(database(stack, "notify"), autocommit=True)

    def __call__(self) -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM delivery_log l JOIN notifications n ON n.id = l.notification_id"
            " WHERE n.template = 'receipt' AND l.outcome = 'sent'"
        ).fetchone()
        return int(row[0]) if row else 0


def costs_of(stack: Stack, service: str, *asked: str) -> list[dict[str, Any]]:
    """What `manage.py costs` says of a service's database. Raises BenchError."""
    of = service_named(service)
    own = variables.of_service(stack.instance, of, ports=stack.ports, secrets=stack.secrets)
    command = [sys.executable, "manage.py", "costs", *asked]
    try:
        result = subprocess.run(
            command, cwd=of.folder, env=dict(own), capture_output=True, text=True, check=False, timeout=COSTS_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"costs of {service}: not known after {COSTS_SECONDS} s") from None
    if result.returncode:
        raise BenchError(f"costs of {service}: {result.stderr[-1000:]}")
    rows: list[dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])
    return rows


def settle(stack: Stack, *, seconds: float = 180) -> None:
    """Waits until every event is handled and the audit is clean. Raises BenchError, with what is not, after that."""
    report = audit.settle(stack, seconds=seconds)
    broken = [f"{finding.invariant}: {finding.violations[0]}" for finding in report.findings if finding.violations]
    if broken:
        raise BenchError("; ".join(broken))


def memory_per_kind(stack: Stack) -> dict[str, float]:
    """Mebibytes (proportional set size) of the web processes and of the workers, together."""
    table = memory.by_kind(stack.instance)
    return {kind: round(size / 2**20, 1) for kind, (_, size) in table.items()}


def machine() -> dict[str, Any]:
    """What the run ran on."""
    model = ""
    try:
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        pass
    return {
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "cpu": model,
    }
