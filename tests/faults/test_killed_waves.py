"""Every process there is is killed with SIGKILL, kind by kind, and comes back: what `make chaos` does at random."""

import pytest
from endpoints import SERVICES
from killing import kill_and_wait
from waiting import wait_for
from world import Market, book, patient, settled

from stack import control

WAVES = {
    "web processes": [*(f"{service}-web" for service in SERVICES), "booking-live", "frontend-web"],
    "workers": [f"{service}-worker" for service in SERVICES],
    "relays, scheduler, Flower and audit": [
        *(f"{service}-relay" for service in SERVICES),
        *("scheduler", "flower", "audit"),
    ],
    "databases": [*(f"postgres-{service}" for service in SERVICES), "postgres-catalog-replica-1"],
    "Redis, gateways and the mail server": ["redis", "gateway", "gateway-simulator", "message-sink"],
    "the broker and its port mapper": ["rabbitmq", "epmd"],
}


@pytest.mark.parametrize("wave", WAVES)
def test_what_is_killed_comes_back_and_sells(market: Market, wave: str) -> None:
    kill_and_wait(*WAVES[wave])
    control.wait_ready()
    customer = patient(market.customer())
    settled(customer, book(customer, market.seats(1), "tok_visa"), "CONFIRMED", "captured", seconds=60)


def test_every_process_is_killed_by_one_of_these() -> None:
    assert {name for wave in WAVES.values() for name in wave} == set(control.names())


def test_the_supervisor_itself_is_started_again(market: Market) -> None:
    old = control.kill("supervisord")
    wait_for(lambda: supervisor_pid() not in (0, old), seconds=60, what="new supervisor")
    control.wait_ready()
    customer = patient(market.customer())
    settled(customer, book(customer, market.seats(1), "tok_visa"), "CONFIRMED", "captured", seconds=60)


def supervisor_pid() -> int:
    from stack.errors import StackError

    try:
        return control.pid("supervisord")
    except StackError:
        return 0
