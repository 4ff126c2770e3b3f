"""Faults are made through stack.control, so these tests run where the local stack does."""

import pytest


@pytest.fixture(autouse=True)
def _whole_again(whole_again: None) -> None:
    """Whatever a test stopped runs again for the next one."""
