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

    reset_max: each try that fails doubles those seconds, up to this; by default they stay as they are.
    counts: whether an exception is a failure; others pass through and say that the other side is there.
    """

    def __init__(
        self,
        *,
        failures: int,
        reset: float,
        reset_max: float | None = None,
        counts: Callable[[BaseException], bool] = lambda _: True,
    ) -> None:
        self._limit = failures
        self._reset = self._pause = reset
        self._reset_max = reset if reset_max is None else reset_max
        self._counts = counts
        self._failed = 0
        self._try_at = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether a call would not be made now: for who can do something else meanwhile."""
        return self._has_failed() and time.monotonic() < self._try_at

    def close(self) -> None:
        """Forgets what failed: the next call is made."""
        self._leave(failed=False)

    def _has_failed(self) -> bool:
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
        if not self._has_failed():
            return
        with self._lock:
            if not self._has_failed():  # closed by another thread meanwhile
                return
            now = time.monotonic()
            if now < self._try_at:
                raise BreakerOpen
            # This thread is the one that tries; the others are turned away until it is known how it went. Only a try
            # makes the pause longer: calls that were under way together and fail together are one piece of news.
            self._pause = min(self._pause * 2, self._reset_max)
            self._try_at = now + self._pause

    def _leave(self, *, failed: bool) -> None:
        if not failed and not self._failed:
            return
        with self._lock:
            if failed:
                self._failed += 1
                self._try_at = time.monotonic() + self._pause
            else:
                self._failed = 0
                self._pause = self._reset
