"""Making metrics, without Django: the relay counts too."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def counter(name: str, doc: str, labels: Sequence[str] = ()) -> Counter:
    return Counter(name, doc, labels)


def histogram(
    name: str, doc: str, labels: Sequence[str] = (), buckets: Sequence[float] = BUCKETS
) -> Histogram:
    return Histogram(name, doc, labels, buckets=buckets)


def gauge(name: str, doc: str, labels: Sequence[str] = (), mode: str = "livemostrecent") -> Gauge:
    """mode says how several processes add up: livesum, livemostrecent, livemax (prometheus_client)."""
    return Gauge(name, doc, labels, multiprocess_mode=mode)  # type: ignore[arg-type]
