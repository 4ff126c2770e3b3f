"""Asking for many operations side by side, so that a slow card holds up nobody: it is left to the thread that asks.

A process has so many places for questions that are under way, slow ones too. Whoever asks takes half of them at most,
so that others can ask beside it; and when slow ones have taken them all, what could not be asked comes back.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass, field
from functools import cache
from queue import Empty, SimpleQueue

from payments import gateways
from payments.gateways.interface import AT_THE_SAME_TIME, Outcome
from payments.models import GatewayOperation

log = logging.getLogger(__name__)

AT_ONCE = AT_THE_SAME_TIME // 2
# Seconds for which an answer is waited for; and for which, from the first answer on, others may come with it.
PATIENCE = 0.1
TOGETHER = 0.05

_places = threading.BoundedSemaphore(AT_THE_SAME_TIME)

Late = Callable[[GatewayOperation, Outcome], object]


@dataclass(slots=True, eq=False)
class _Question:
    operation: GatewayOperation
    context: Context
    asked_at: float = 0.0
    outcome: Outcome | None = None
    failure: BaseException | None = None
    over: bool = False
    left: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def leave(self) -> bool:
        """Nobody waits for it any more. False: it has just been answered."""
        with self.lock:
            self.left = not self.over
            return self.left

    def end(self) -> bool:
        """It is answered. False: nobody waits for it any more."""
        with self.lock:
            self.over = True
            return not self.left


class SideBySide:
    """Operations that are asked for by one thread, AT_ONCE at the same time.

    late: called with an operation and its outcome, in the thread that asked, when that took longer than PATIENCE.
    """

    def __init__(self, *, late: Late) -> None:
        self._late = late
        self._waiting: deque[_Question] = deque()
        self._running: list[_Question] = []
        self._answered: SimpleQueue[_Question] = SimpleQueue()
        self.failures: list[BaseException] = []

    def put(self, operation: GatewayOperation, *, context: Context) -> None:
        """To be asked for in this context, which is of this operation alone."""
        self._waiting.append(_Question(operation, context))

    def answers(self) -> list[tuple[GatewayOperation, Outcome]]:
        """Those that come together; none when there is nothing left to wait for. What raised is among the failures."""
        while self._ask():
            came = self._gathered()
            self._leave(asked_before=time.monotonic() - PATIENCE)
            if came:
                return came
        return []

    @property
    def unasked(self) -> list[GatewayOperation]:
        """For which there was no place."""
        return [question.operation for question in self._waiting]

    def leave_all(self) -> None:
        """What is still under way is late."""
        self._leave(asked_before=time.monotonic())

    def _ask(self) -> bool:
        """Starts what there is a place for; whether anything is under way."""
        while self._waiting and len(self._running) < AT_ONCE:
            # Whoever has nothing under way may wait for others that are quick; slow ones it cannot wait for.
            if not _places.acquire(timeout=0 if self._running else PATIENCE):
                break
            question = self._waiting.popleft()
            question.asked_at = time.monotonic()
            self._running.append(question)
            _threads().submit(question.context.run, self._answer, question)
        return bool(self._running)

    def _gathered(self) -> list[tuple[GatewayOperation, Outcome]]:
        came: list[tuple[GatewayOperation, Outcome]] = []
        until = self._running[0].asked_at + PATIENCE
        while self._running:
            try:
                question = self._answered.get(timeout=max(until - time.monotonic(), 0))
            except Empty:
                break
            self._running.remove(question)
            if question.failure is not None:
                self.failures.append(question.failure)
            elif question.outcome is not None:
                if not came:
                    until = time.monotonic() + TOGETHER
                came.append((question.operation, question.outcome))
            self._ask()
        return came

    def _leave(self, *, asked_before: float) -> None:
        """To the threads that ask; what was answered just now stays, and is read next."""
        self._running = [
            question for question in self._running if question.asked_at > asked_before or not question.leave()
        ]

    def _answer(self, question: _Question) -> None:
        """In a thread of the pool."""
        try:
            question.outcome = gateways.perform(question.operation)
        except BaseException as exc:  # noqa: BLE001  (raised where it is waited for)
            question.failure = exc
        if question.end():
            # First, so that whoever reads the answer finds the place free.
            _places.release()
            self._answered.put(question)
            return
        try:
            if question.outcome is not None:
                self._late(question.operation, question.outcome)
            else:
                log.error("gateway not asked", extra={"kind": question.operation.asks}, exc_info=question.failure)
        finally:
            _places.release()


@cache
def _threads() -> ThreadPoolExecutor:
    """Made when the first question is asked, so not before a fork."""
    return ThreadPoolExecutor(AT_THE_SAME_TIME, thread_name_prefix="gateway")
