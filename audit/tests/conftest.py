from collections.abc import Iterator
from datetime import timedelta

import pytest
from planted import (
    BOOKING,
    EVENT,
    NOW,
    PAYMENT,
    SEAT,
    TOTAL,
    World,
    claim,
    issue,
    keep,
    ledger,
    mails,
    operation,
    plant_booking,
    stack,
)


@pytest.fixture(scope="session")
def databases() -> Iterator[World]:
    world = World(stack())
    yield world
    world.close()


@pytest.fixture
def world(databases: World) -> World:
    databases.empty()
    return databases


@pytest.fixture
def sale(world):
    """One confirmed booking of one seat, paid, its messages sent."""
    plant_booking(world, BOOKING, "AAAA", "CONFIRMED", ends=NOW - timedelta(hours=1))
    claim(world, BOOKING, SEAT)
    keep(world, SEAT, "sold")
    world.plant(
        "payment", "payments", id=PAYMENT, booking_id=BOOKING, status="captured", currency="VND", amount=TOTAL,
        captured_amount=TOTAL, captured_at=NOW, sale={},
    )  # fmt: skip
    issue(world, 1, TOTAL)
    operation(world, "authorise", TOTAL)
    operation(world, "capture", TOTAL)
    ledger(world, PAYMENT, customer=-TOTAL, authorised=0, cash=TOTAL)
    world.gateway.entry(PAYMENT, authorised=TOTAL, captured=TOTAL)
    world.plant(
        "booking", "outbox", id=EVENT, type="booking.created", exchange="booking_events", body={}, published_at=NOW
    )
    for service, queue in (("payment", "payment_queue"), ("notify", "notification_queue")):
        world.broker.bindings.append(("booking_events", "booking.created", queue))
        world.plant(service, "inbox", consumer=service, event_id=EVENT, type="booking.created")
    for template in ("receipt", "ticket"):
        mails(world, BOOKING, template, 1)
    return world


@pytest.fixture
def cancelled(sale):
    """The booking has ended, and nobody has its seat; its money is still here."""
    sale.change("booking", "bookings", status="CANCELLED")
    sale.execute("booking", "DELETE FROM seat_status")
    return sale
