"""Faults are made through stack.control, so these tests run where the local stack does."""

from collections.abc import Iterator

import pytest

from stack import control


@pytest.fixture(autouse=True)
def whole_again() -> Iterator[None]:
    """Whatever a test stopped runs again for the next one."""
    yield
    for name in control.names():
        if not control.pid(name):
            control.start(name)
    control.wait_ready()
