"""Every metric that a query names is told by the running stack, or by an exporter whose list we keep.

MARQUEE_STATE is the folder of a running instance; `make test SUITE=metrics` starts one and sells a ticket.
"""

import json
import os
import re
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from queries import all_queries, exported

FAMILY = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
SERVICES = ("auth", "catalog", "booking", "payment", "notify", "frontend")
# The clock's minute, after which the gauges are measured anew.
RENEWED_SECONDS = 60
# What the agreement names: these may not be lost, whoever asks for them.
AGREED = {
    "http_requests_total": {"service", "method", "endpoint", "status"},
    "http_request_duration_seconds_bucket": {"service", "endpoint", "le"},
    "booking_active_count": set(),
    "payment_success_rate": set(),
}


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  (ours)
        return str(answer.read().decode())


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """/metrics of each service, and RabbitMQ's; once each agreed metric has a value.

    Gauges are renewed once a minute, and a worker that has just been started again has not told them yet.
    """
    ports = json.loads((Path(os.environ["MARQUEE_STATE"]) / "ports.json").read_text())
    addresses = {name: f"http://127.0.0.1:{ports[name]}/metrics" for name in SERVICES}
    addresses["rabbitmq"] = f"http://127.0.0.1:{ports['rabbitmq-prometheus']}/metrics/per-object"
    addresses["audit"] = f"http://127.0.0.1:{ports['audit']}/metrics"
    deadline = time.monotonic() + 2 * RENEWED_SECONDS
    while True:
        pages = {name: fetch(address) for name, address in addresses.items()}
        if all(samples(name, pages) for name in AGREED) or time.monotonic() > deadline:
            return pages
        threading.Event().wait(1)


def samples(name: str, pages: dict[str, str]) -> list[str]:
    """The lines of a metric on all pages."""
    return [line for page in pages.values() for line in page.splitlines() if re.match(rf"{name}[{{ ]", line)]


def told(page: str) -> set[str]:
    names = set()
    for name, kind in FAMILY.findall(page):
        # The text format names a counter's family as its samples; older ones leave _total out.
        names |= {name + suffix for suffix in SUFFIXES.get(kind, ("", "_total") if kind == "counter" else ("",))}
    return names


def test_every_metric_of_every_query_exists(pages):
    there = exported().union(*(told(page) for page in pages.values()))
    queries = all_queries()
    assert len(queries) > 80
    unknown = {query.where: query.metrics - there for query in queries if query.metrics - there}
    assert not unknown


def test_no_list_of_an_exporter_hides_a_metric_of_ours(pages):
    ours = set().union(*(told(pages[name]) for name in SERVICES))
    assert not exported() & ours


def test_the_agreed_metrics_carry_their_labels(pages):
    for name, labels in AGREED.items():
        lines = samples(name, pages)
        assert lines, name
        for line in lines:
            assert set(re.findall(r'[{,](\w+)="', line.partition(" ")[0])) == labels, line


def test_no_endpoint_is_a_path(pages):
    """A series for each booking would fill Prometheus."""
    for name in SERVICES:
        endpoints = set(re.findall(r'endpoint="([^"]*)"', pages[name]))
        assert endpoints
        assert not [endpoint for endpoint in endpoints if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", endpoint)]
