"""What came of things that are done side by side, each in a thread of its own."""

from collections.abc import Callable

from django.db import connection

from chassis.web.problems import Problem


def came_of(act: Callable[[], object]) -> str:
    """ "done", or the code of the problem; the thread's connection is closed."""
    try:
        act()
    except Problem as problem:
        return problem.code
    finally:
        connection.close()
    return "done"
