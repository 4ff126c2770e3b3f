"""How the worker's tasks, which are events and ticks, end and how long they take."""

import time
from typing import Any

from celery import signals

from chassis.telemetry import metrics_port
from chassis.telemetry.metrics import counter, histogram

TASKS = counter("celery_tasks_total", "Tasks by how they ended", ["task", "outcome"])
SECONDS = histogram("celery_task_seconds", "Time a task took", ["task"])
UNREADABLE = counter("celery_messages_unreadable_total", "Messages dead-lettered because no task could be made of them")


def connect() -> None:
    """Counts the tasks of this process, and gives the worker its metrics port, where it is to have one."""
    signals.worker_init.connect(_serve)
    signals.task_prerun.connect(_begin)
    signals.task_postrun.connect(_end)


def _serve(**_: Any) -> None:
    metrics_port.serve()


def _begin(task: Any, **_: Any) -> None:
    task.request.began = time.perf_counter()


def _end(task: Any, state: str, **_: Any) -> None:
    began = getattr(task.request, "began", None)
    if began is not None:
        ended(task.name, "succeeded" if state == "SUCCESS" else "failed", time.perf_counter() - began)


def ended(task: str, outcome: str, seconds: float) -> None:
    """A tick or an event; seconds: since an event has arrived, since a tick has begun."""
    TASKS.labels(task, outcome).inc()
    SECONDS.labels(task).observe(seconds)
