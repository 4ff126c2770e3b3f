"""For the conftest.py of tests that look with other people's programs: without them a test is skipped, and says why.

In a pipeline (CI=true) it fails: there it must not be left out.
"""

import os
from collections.abc import Generator

import pytest
import tools


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    return (yield from _skipped())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    return (yield from _skipped())


def _skipped() -> Generator[None, object, object]:
    try:
        return (yield)
    except tools.Missing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
