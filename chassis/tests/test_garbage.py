"""Python's garbage collector leaves alone what processes have loaded when they begin to serve."""

import subprocess
import sys

import pytest
from celery.signals import worker_ready

import chassis.messaging.worker  # noqa: F401  (it hears of a worker that is ready)
from chassis import garbage


def test_what_is_loaded_is_looked_through_no_more_and_what_comes_less_often() -> None:
    code = (
        "import gc; from chassis import garbage; garbage.settle(); print(gc.get_freeze_count(), gc.get_threshold()[0])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    frozen, threshold = map(int, said.split())
    assert frozen > 1000
    assert threshold == garbage.THRESHOLD


def test_a_worker_that_is_ready_has_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[bool] = []
    monkeypatch.setattr(garbage, "settle", lambda: settled.append(True))
    worker_ready.send(sender=None)
    assert settled == [True]
