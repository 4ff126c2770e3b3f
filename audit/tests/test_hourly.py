"""The audit as a process: what it tells Prometheus and the log, and what it looks back to."""

import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from planted import stack
from prometheus_client import REGISTRY

from audit import hourly
from audit.hourly import Hourly
from audit.web import Unreadable
from chassis.ids import uuid7
from stack import variables
from stack.environment import PYTHON
from stack.instance import ROOT
from stack.ports import any_free_port

OVERDUE = "no hold outlives its end by a minute"


@pytest.fixture
def broken(world):
    """A hold that nobody ends."""
    world.plant(
        "booking", "bookings", id=uuid7(), reference="AAAA", status="PENDING", total_amount=1, currency="EUR",
        hold_expires_at=datetime.now(UTC) - timedelta(hours=1), showtime_id=uuid4(),
    )  # fmt: skip
    return world


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels)


def test_prometheus_and_the_log_are_told_what_is_violated(broken, caplog):
    caplog.set_level(logging.INFO, logger="audit")
    process = Hourly(patience=0.05, pause=0.01)
    process.run(broken.sources())
    assert value("audit_violations", invariant=OVERDUE) == 1
    assert value("audit_examined", invariant=OVERDUE) == 1
    (named,) = [vars(record) for record in caplog.records if record.message == "violated"]
    assert named["violation"].startswith("booking AAAA is pending")
    broken.execute("booking", "DELETE FROM bookings")
    process.run(broken.sources())
    assert value("audit_violations", invariant=OVERDUE) == 0


def test_the_first_looks_back_a_day_and_each_other_to_where_the_last_one_began(world, monkeypatch):
    looked = []
    settle = hourly.settle

    def noticing(sources, **how):
        looked.append(how["since"])
        return settle(sources, **how)

    monkeypatch.setattr(hourly, "settle", noticing)
    process = Hourly(patience=0)
    process.run(world.sources())
    began = process.seen
    process.run(world.sources())
    assert datetime.now(UTC) - looked[0] > timedelta(days=1)
    assert looked[1] == began - timedelta(hours=1)


def test_what_did_not_come_to_its_end_is_no_audit(world):
    process = Hourly(patience=0)
    process.run(world.sources())
    seen, ended = process.seen, value("audit_ended_timestamp_seconds")
    world.addresses, there = world.addresses | {"notify": "postgres://auditor:x@127.0.0.1:1/none"}, world.addresses
    try:
        with pytest.raises(Unreadable):
            process.run(world.sources())
    finally:
        world.addresses = there
    assert (process.seen, value("audit_ended_timestamp_seconds")) == (seen, ended)


@pytest.fixture
def environment(world):
    running = stack()
    own = variables.of_audit(running.instance, ports=running.ports, secrets=running.secrets)
    own |= {f"{name.upper()}_DATABASE_URL": address for name, address in world.addresses.items()}
    # The stand-in for a card gateway does not run beside these tests.
    del own["GATEWAY_RECORD_URL"]
    return own | {"METRICS_PORT": str(any_free_port())}


def test_its_process_serves_its_numbers_until_it_is_told_to_stop(environment):
    with subprocess.Popen([str(PYTHON), "-m", "audit", "hourly"], cwd=ROOT, env=environment) as process:
        deadline = time.monotonic() + 60
        page = ""
        while 'audit_examined{invariant="no seat' not in page and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{environment['METRICS_PORT']}/metrics") as answer:
                    page = answer.read().decode()
            except OSError:
                assert process.poll() is None, "it ended"
        assert 'audit_violations{invariant="no seat of a showtime is sold or held twice"} 0.0' in page
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_once_says_what_is_violated_and_exits_accordingly(environment, broken):
    words = [str(PYTHON), "-m", "audit", "once", "0", "--hours", "3"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "booking AAAA is pending" in done.stdout
    assert "marquee: 1 violations" in done.stdout


def test_without_what_it_needs_it_does_not_start(environment):
    del environment["BOOKING_DATABASE_URL"]
    for what in ("hourly", "once"):
        words = [str(PYTHON), "-m", "audit", what]
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "BOOKING_DATABASE_URL is not set" in done.stdout + done.stderr


def test_it_loads_nothing_of_a_stack_or_of_django():
    asked = "import audit.hourly, sys; print([n for n in sys.modules if n.partition('.')[0] in ('stack', 'django')])"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
