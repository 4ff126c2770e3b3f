"""What counts as violated, what is looked at again, and what an audit of the last hours costs."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from audit.auditing import look, settle
from audit.rules import SERVICES
from audit.sources import Sources
from audit.web import Unreadable
from chassis.ids import first_uuid7_at, uuid7

SHOWTIME = uuid4()


def overdue(world, reference, made=None):
    """A hold that nobody ends."""
    id_ = made or uuid7()
    world.plant(
        "booking", "bookings", id=id_, reference=reference, status="PENDING", total_amount=1, currency="EUR",
        hold_expires_at=datetime.now(UTC) - timedelta(hours=1), showtime_id=SHOWTIME,
    )  # fmt: skip
    return id_


class Changing(Sources):
    """Something happens in the world whenever the broker is asked: before each look."""

    def __init__(self, *words):
        super().__init__(*words)
        self.looks = []
        self.happens = iter(())

    def broker(self):
        next(self.happens, lambda: None)()
        self.looks.append(self.seen())
        return super().broker()

    def seen(self):
        return datetime.now(UTC)


def test_what_ends_meanwhile_is_no_violation(world):
    overdue(world, "AAAA")
    sources = world.sources(kind=Changing)
    sources.happens = iter((lambda: None, lambda: world.change("booking", "bookings", status="EXPIRED")))
    with sources:
        assert settle(sources, seconds=60, pause=0).violations == []
    assert len(sources.looks) == 2


def test_what_stays_is_one_after_that_time(world):
    overdue(world, "AAAA")
    with world.sources() as sources:
        (words,) = settle(sources, seconds=0.5, pause=0.1).violations
    assert words.startswith("booking AAAA is pending")


@pytest.fixture
def one_goes_and_another_comes(world):
    """A hold ends late before the second look, and then there is another one."""
    first = overdue(world, "AAAA")

    def happens():
        world.change("booking", "bookings", f"id = '{first}'", status="EXPIRED")
        overdue(world, "BBBB")

    sources = world.sources(kind=Changing)
    sources.happens = iter((lambda: None, happens))
    with sources:
        yield sources


def test_what_comes_meanwhile_is_seen_to_its_end(one_goes_and_another_comes):
    """Who waits for a stack to settle is told of what came of its settling."""
    (words,) = settle(one_goes_and_another_comes, seconds=0.5, pause=0.05).violations
    assert words.startswith("booking BBBB is pending")


def test_what_is_under_way_all_the_time_is_no_violation_where_business_goes_on(one_goes_and_another_comes):
    assert settle(one_goes_and_another_comes, seconds=0.5, pause=0.05, go_on=False).violations == []


def test_only_what_was_violated_is_looked_at_again(world):
    kept = overdue(world, "AAAA")
    for number in range(50):
        world.plant(
            "booking", "bookings", id=uuid7(), reference=f"C{number}", status="CANCELLED", total_amount=1,
            currency="EUR", showtime_id=SHOWTIME,
        )  # fmt: skip

    class Recording(Sources):
        def look(self, rule, keys, rows, *, most):
            if rule.of == "bookings":
                asked.append(list(keys))
            return super().look(rule, keys, rows, most=most)

    asked: list[list[str]] = []
    with world.sources(kind=Recording) as sources:
        settle(sources, seconds=0.2, pause=0.1, go_on=False)
    assert len(asked[0]) == 51
    assert asked[-1] == [str(kept)]


def test_an_invariant_that_is_broken_everywhere_is_not_looked_at_for_ever(world):
    world.execute(
        "booking",
        "INSERT INTO bookings (id, reference, user_id, showtime_id, status, payment_status, total_amount, currency,"
        " hold_expires_at, created_at, ticket) SELECT gen_random_uuid(), 'R' || n, gen_random_uuid(),"
        " gen_random_uuid(), 'PENDING', '', 1, 'EUR', now() - interval '1 hour', now(), ''"
        " FROM generate_series(1, 1500) AS n",
    )
    with world.sources() as sources:
        (finding,) = (finding for finding in look(sources).findings if finding.violations)
    assert (finding.number, len(finding.violations), finding.more) == (4, 1000, True)


def test_the_last_hours_are_what_changed_in_them_and_what_is_open(world):
    """Whatever changed says so in an event; what is old and closed is left to the audit of everything."""
    day_ago = datetime.now(UTC) - timedelta(days=1)
    old = [first_uuid7_at(day_ago + timedelta(seconds=number)) for number in range(3)]
    world.plant(
        "booking",
        "outbox",
        id=uuid7(),
        exchange="",
        type="",
        body={"data": {"booking_id": str(old[1])}},
        published_at="now",
    )
    for id_, reference, status in zip(
        old, ("OPEN", "TOLD", "PAID"), ("PENDING", "CONFIRMED", "CONFIRMED"), strict=True
    ):
        overdue(world, reference, made=id_)
        world.change("booking", "bookings", f"id = '{id_}'", status=status)
    with world.sources() as sources:
        everything = look(sources).violations
        lately = look(sources, since=datetime.now(UTC) - timedelta(hours=1)).violations
    assert {words.split()[1] for words in everything} == {"OPEN", "TOLD", "PAID"}
    assert {words.split()[1] for words in lately} == {"OPEN", "TOLD"}


def test_what_changed_in_payment_alone_is_looked_at_in_booking_as_well(world):
    old = first_uuid7_at(datetime.now(UTC) - timedelta(days=1))
    overdue(world, "AAAA", made=old)
    world.change("booking", "bookings", status="CONFIRMED")
    payment = UUID(int=1)
    world.plant("payment", "payments", id=payment, booking_id=old, amount=2, captured_amount=2, currency="EUR")
    world.plant("payment", "transactions", id=uuid7(), payment_id=payment, account="cash", amount=2)
    world.plant("payment", "transactions", id=uuid7(), payment_id=payment, account="customer", amount=-2)
    with world.sources(has_record=False) as sources:
        lately = look(sources, since=datetime.now(UTC) - timedelta(hours=1)).violations
    assert "booking AAAA costs 1 EUR, 2 EUR were captured" in lately


def test_the_auditor_can_change_nothing(world):
    for name in SERVICES:
        with psycopg.connect(world.addresses[name]) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM outbox")


@pytest.mark.parametrize("service", ["booking", "notify"])
def test_a_database_that_does_not_answer_is_named(world, service):
    addresses = world.addresses | {service: "postgres://auditor:x@127.0.0.1:1/none"}
    with Sources(addresses, world.broker, None) as sources, pytest.raises(Unreadable, match=f"{service}'s database"):
        look(sources)


class Costing(Sources):
    """Counts the pages (8 KiB) that are looked at."""

    pages = 0

    def keys(self, service, sql, *values):
        self._cost(service, sql, values)
        yield from super().keys(service, sql, *values)

    def _ask(self, service, statement, values):
        self._cost(service, statement, values)
        return super()._ask(service, statement, values)

    def _cost(self, service, statement, values):
        explained = super()._ask(service, f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)
        plan = explained[0][0] if not isinstance(explained[0][0], str) else json.loads(explained[0][0])
        self.pages += plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]


HISTORY = {
    "booking": (
        "INSERT INTO bookings (id, reference, user_id, showtime_id, status, payment_status, total_amount, currency,"
        " hold_expires_at, created_at, ticket) SELECT overlay(gen_random_uuid()::text placing '00' from 1)::uuid,"
        " '{rows}-' || n, gen_random_uuid(), gen_random_uuid(), 'CANCELLED', '', 1, 'EUR', now(), now(), ''"
        " FROM generate_series(1, {rows}) AS n",
        "INSERT INTO seat_status (showtime_id, seat_id, status) SELECT gen_random_uuid(), gen_random_uuid(), 'blocked'"
        " FROM generate_series(1, {rows})",
    ),
    "payment": (
        "INSERT INTO payments (id, booking_id, booking_reference, user_id, status, amount, currency, booking_state)"
        " SELECT overlay(gen_random_uuid()::text placing '00' from 1)::uuid, gen_random_uuid(), '', gen_random_uuid(),"
        " 'voided', 1, 'EUR', 'ended' FROM generate_series(1, {rows})",
        "INSERT INTO receipts (id, payment_id, theater_id, position, number, total, currency, lines, card_last4,"
        " issued_at) SELECT overlay(gen_random_uuid()::text placing '00' from 1)::uuid, gen_random_uuid(),"
        " gen_random_uuid(), 1, '{rows}-' || n, 0, 'EUR', '[]', '', now() FROM generate_series(1, {rows}) AS n",
        "INSERT INTO gift_card_lines (id, card_id, move, account, amount, currency, payment_id, created_at)"
        " SELECT overlay(gen_random_uuid()::text placing '00' from 1)::uuid, gen_random_uuid(), 'issue', 'balance', 1,"
        " 'EUR', gen_random_uuid(), now() FROM generate_series(1, {rows}) AS n",
    ),
    "notify": (
        "INSERT INTO inbox (consumer, event_id, type, handled_at) SELECT 'notify',"
        " overlay(gen_random_uuid()::text placing '00' from 1)::uuid, '', now() FROM generate_series(1, {rows})",
    ),
}
OUTBOX = (
    "INSERT INTO outbox (id, exchange, type, body, created_at, published_at)"
    " SELECT overlay(gen_random_uuid()::text placing '00' from 1)::uuid, '', '', '{{}}', now(), now()"
    " FROM generate_series(1, {rows})"
)


def test_what_the_last_hours_cost_does_not_grow_with_history(world):
    for _ in range(20):
        overdue(world, uuid4().hex[:12])
    costs = []
    for rows in (3_000, 12_000):
        for service in SERVICES:
            for statement in (*HISTORY.get(service, ()), OUTBOX):
                world.execute(service, statement.format(rows=rows))
            for table in ("bookings", "seat_status", "payments", "receipts", "gift_card_lines", "outbox", "inbox"):
                if table in ("outbox", "inbox") or any(f"INTO {table} " in each for each in HISTORY.get(service, ())):
                    world.execute(service, f"VACUUM ANALYZE {table}")
        with world.sources(kind=Costing) as sources:
            report = look(sources, since=datetime.now(UTC) - timedelta(hours=1))
            costs.append(sources.pages)
    assert len(report.violations) == 20
    assert costs[0] > 0
    # An index of five times as many rows may be a page deeper.
    assert costs[1] < 1.5 * costs[0], costs
    assert costs[1] < 3_000, costs
