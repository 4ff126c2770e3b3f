"""What tests do to their replica: a real server beside the primary, which its supervisor starts again."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error as DatabaseFailure
from django.db import connections

from chassis.storage.replicas import REPLAYED, WRITTEN, _place
from chassis.testing import wait_until

ALIAS = "replica1"
PATIENCE = 60.0


def wait_until_level() -> None:
    """Until the replica has all that was written up to now."""
    written = _place("default", WRITTEN)
    wait_until(lambda: _replayed() >= written, PATIENCE)


def _replayed() -> int:
    try:
        return _place(ALIAS, REPLAYED)
    except DatabaseFailure:  # it starts, or does not know the test database yet
        connections[ALIAS].close()
        return 0


def kill() -> None:
    os.kill(_postmaster(), signal.SIGKILL)


@contextmanager
def frozen() -> Iterator[None]:
    """It keeps its connections open, takes new ones, and answers nobody."""
    postmaster = _postmaster()
    with _stopped([postmaster, *_children(postmaster)]):
        yield


@contextmanager
def behind() -> Iterator[None]:
    """It answers, and replays nothing of what is written meanwhile."""
    with _stopped([pid for pid, title in _children(_postmaster()).items() if "startup" in title]):
        yield


@contextmanager
def _stopped(pids: list[int]) -> Iterator[None]:
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _postmaster() -> int:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    return int(_ps("-o", "ppid=", "-p", str(backend)))


def _children(parent: int) -> dict[int, str]:
    """Process id → what it calls itself."""
    rows = [line.split(None, 2) for line in _ps("-A", "-o", "pid=,ppid=,command=").splitlines()]
    return {int(pid): title for pid, of, title in rows if int(of) == parent}


def _ps(*words: str) -> str:
    return subprocess.run(["ps", *words], capture_output=True, text=True, check=True).stdout
