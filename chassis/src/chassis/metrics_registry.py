"""Making metrics, without Django: the relay counts too.

PROMETHEUS_MULTIPROC_DIR names the folder that the processes of a service share; without it each counts for itself.
"""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

# prometheus_client looks at it once, when it is first imported, and takes an empty value for the working directory.
FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if FOLDER:
    Path(FOLDER).mkdir(parents=True, exist_ok=True)
else:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)

from prometheus_client import Counter, Gauge, Histogram, multiprocess, values  # noqa: E402

_HOST = socket.gethostname().replace("_", "-")


def _process(pid: int) -> str:
    """Containers that share the folder have the same process ids, and one file may not have two writers."""
    return f"{_HOST}-{pid}"


if FOLDER:
    values.ValueClass = values.MultiProcessValue(lambda: _process(os.getpid()))

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def counter(name: str, doc: str, labels: Sequence[str] = ()) -> Counter:
    return Counter(name, doc, labels)


def histogram(name: str, doc: str, labels: Sequence[str] = (), buckets: Sequence[float] = BUCKETS) -> Histogram:
    return Histogram(name, doc, labels, buckets=buckets)


def gauge(name: str, doc: str, labels: Sequence[str] = (), mode: str = "livemostrecent") -> Gauge:
    """mode says how several processes add up: livesum, livemostrecent, livemax (prometheus_client)."""
    return Gauge(name, doc, labels, multiprocess_mode=mode)  # type: ignore[arg-type]


def forget_process(pid: int) -> None:
    """What a process that ended counted stays in the sums; what it was at that moment (gauges) goes."""
    if FOLDER:
        multiprocess.mark_process_dead(_process(pid))
