"""A circuit breaker for threads. Ours, because pybreaker (1.4) holds its lock during the guarded call: one slow answer
would make every other thread wait its turn.
"""

import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class BreakerOpen(Exception):
    """The last calls failed, so this one was not made."""


class Breaker:
    """Opens after `failures` failed calls in a row; then one call in `reset` seconds is let through to try.

    counts: whether an exception is a failure; others pass through and say that the other side is there.
    """

    def __init__(
        self, *, failures: int, reset: float, counts: Callable[[BaseException], bool] = lambda _: True
    ) -> None:
        self._limit = failures
        self._reset = reset
        self._counts = counts
        self._failed = 0
        self._try_at = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._failed >= self._limit

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """function(*args, **kwargs). Raises BreakerOpen without calling it while the breaker is open."""
        self._enter()
        try:
            answer = function(*args, **kwargs)
        except BaseException as exc:
            self._leave(failed=self._counts(exc))
            raise
        self._leave(failed=False)
        return answer

    def _enter(self) -> None:
        if not self.is_open:
            return
        with self._lock:
            now = time.monotonic()
            if self.is_open and now < self._try_at:
                raise BreakerOpen
            # This thread is the one that tries; the others are turned away until it is known how it went.
            self._try_at = now + self._reset

    def _leave(self, *, failed: bool) -> None:
        if not failed and not self._failed:
            return
        with self._lock:
            if failed:
                self._failed += 1
                self._try_at = time.monotonic() + self._reset
            else:
                self._failed = 0
