"""Prometheus metrics that add up over the processes of a service; without Django, for the relay counts too.

PROMETHEUS_MULTIPROC_DIR names the folder that the processes of a service share; without it each counts for itself.
"""

import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

# prometheus_client looks at it once, when it is first imported, and takes an empty value for the working directory.
FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if FOLDER:
    Path(FOLDER).mkdir(parents=True, exist_ok=True)
else:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)

from prometheus_client import (  # noqa: E402
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST

_HOST = socket.gethostname().replace("_", "-")


def _process(pid: int) -> str:
    """Containers that share the folder have the same process ids, and one file may not have two writers."""
    return f"{_HOST}-{pid}"


if FOLDER:
    values.ValueClass = values.MultiProcessValue(lambda: _process(os.getpid()))

# Twice the minute after which the clock has a gauge measured anew, and a bit.
FRESH_SECONDS = 150.0
Kind = Literal["livesum", "livemostrecent", "livemax"]
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def counter(name: str, doc: str, labels: Sequence[str] = ()) -> Counter:
    return Counter(name, doc, labels)


def histogram(name: str, doc: str, labels: Sequence[str] = (), buckets: Sequence[float] = BUCKETS) -> Histogram:
    return Histogram(name, doc, labels, buckets=buckets)


def gauge(name: str, doc: str, labels: Sequence[str] = (), mode: Kind = "livemostrecent") -> Gauge:
    """mode says how several processes add up: livesum, livemostrecent, livemax (prometheus_client)."""
    return Gauge(name, doc, labels, multiprocess_mode=mode)


def forget_metric(metric: Counter | Gauge | Histogram) -> None:
    """What a library made by being imported, and nobody asked for."""
    REGISTRY.unregister(metric)


def forget_process(pid: int) -> None:
    """What a process that ended counted stays in the sums; what it was at that moment (gauges) goes."""
    if FOLDER:
        multiprocess.mark_process_dead(_process(pid))


def exposition() -> bytes:
    """What all processes of the folder counted, in Prometheus's text format."""
    registry = REGISTRY
    if FOLDER:
        registry = CollectorRegistry()
        # Its __init__ is prometheus_client's, which has no types there.
        _Collector(registry, path=FOLDER)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


class _Collector(multiprocess.MultiProcessCollector):
    """Gauges of the kind "the most recent value counts" are left out once they are old.

    A tick of the clock is taken by one process; where a service has several machines, the next one may be taken on
    another, and what this one measured last would be told for ever.

    merge() is prometheus_client's (0.26) with a line in its middle; what it is made of has private names, and a test
    that a gauge goes stale breaks with them.
    """

    @staticmethod
    def merge(files: Any, accumulate: bool = True) -> Any:
        read = multiprocess.MultiProcessCollector._read_metrics(files)
        oldest = time.time() - FRESH_SECONDS
        for metric in read.values():
            if getattr(metric, "_multiprocess_mode", "").endswith("mostrecent"):
                metric.samples = [sample for sample in metric.samples if float(sample.timestamp or 0) > oldest]
        return multiprocess.MultiProcessCollector._accumulate_metrics(read, accumulate)
