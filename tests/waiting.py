import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05


def wait_for(condition: Callable[[], T], *, seconds: float = 60, what: str = "") -> T:
    """The first true value of condition(); fails the test after that many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"after {seconds} s still no {what or condition}"
        time.sleep(POLL_SECONDS)
    return value
