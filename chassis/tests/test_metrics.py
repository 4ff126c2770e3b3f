import json
import os
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.core.signals import request_started
from django.db import connection
from psycopg_pool import ConnectionPool, PoolTimeout

from chassis.messaging import task_metrics
from chassis.storage import database_metrics
from chassis.telemetry import metrics_port
from chassis.testing import metric, wait_until
from chassis.testing_ports import free_port
from chassis.web import metrics  # noqa: F401  (so that this process counts requests as well)

# A process of its own: prometheus_client decides when it is imported how it keeps its values.
GAUGES = """
import json, sys, time
from chassis.telemetry import metrics as registry
clock = time.time()
kept = registry.gauge("kept", "Measured a minute ago")
old = registry.gauge("old", "Measured on another machine since")
summed = registry.gauge("summed", "Not a matter of age", mode="livesum")
never = registry.gauge("never", "Not measured here")
for gauge, age in ((kept, 60), (old, 600), (summed, 600)):
    time.time = lambda age=age: clock - age
    gauge.set(7)
time.time = lambda: clock
lines = registry.exposition().decode().splitlines()
print(json.dumps(dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))))
"""


def test_a_gauge_that_nobody_renews_is_told_no_more(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", GAUGES],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(told.stdout) == {"kept": "7.0", "summed": "7.0"}


@pytest.fixture
def port(monkeypatch):
    port = free_port()
    monkeypatch.setenv("METRICS_PORT", str(port))
    monkeypatch.setenv("BIND", "127.0.0.1")
    return port


def test_a_process_without_http_tells_its_metrics_on_a_port_of_its_own(port):
    server = metrics_port.serve()
    assert server is not None
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b"http_requests_total" in answer.read()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live") as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/")
    finally:
        server.shutdown()
        server.server_close()


def test_without_a_port_nothing_is_served(monkeypatch):
    monkeypatch.delenv("METRICS_PORT", raising=False)
    assert metrics_port.serve() is None


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("SUCCESS", "succeeded"),
        ("FAILURE", "failed"),
    ],
)
def test_ticks_are_counted_by_how_they_end(state, outcome):
    task = SimpleNamespace(name="thing.happened", request=SimpleNamespace())
    before = metric("celery_tasks_total", task="thing.happened", outcome=outcome)
    timed = metric("celery_task_seconds_count", task="thing.happened")
    task_metrics._begin(task)
    task_metrics._end(task, state)
    assert metric("celery_tasks_total", task="thing.happened", outcome=outcome) == before + 1
    assert metric("celery_task_seconds_count", task="thing.happened") == timed + 1


@pytest.mark.django_db(transaction=True)
def test_statements_are_timed_and_slow_ones_counted(monkeypatch):
    connection.close()
    counted, slow = metric("database_query_seconds_count"), metric("database_slow_queries_total")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        monkeypatch.setattr(database_metrics, "SLOW_SECONDS", 0.0)
        cursor.execute("SELECT 1")
    assert metric("database_query_seconds_count") >= counted + 2
    assert metric("database_slow_queries_total") == slow + 1


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_connection_is_counted_while_nobody_gets_one(monkeypatch):
    where = connection.settings_dict
    names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}
    login = {name: where[key] for name, key in names.items()}
    with ConnectionPool(kwargs=login, min_size=1, max_size=1) as pool, ThreadPoolExecutor(2) as threads:
        monkeypatch.setattr(database_metrics, "default_connection", SimpleNamespace(pool=pool))
        monkeypatch.setattr(database_metrics, "_sampled", 0.0)
        request_started.send(sender=None, environ={})
        with pool.connection():
            # Neither of them has ever had one.
            patient, hasty = threads.submit(pool.getconn, 10), threads.submit(pool.getconn, 1)
            wait_until(lambda: metric("database_pool_connections", state="waiting") == 2)
            with pytest.raises(PoolTimeout):
                hasty.result(10)
            assert metric("database_pool_connections", state="waiting") == 1
        pool.putconn(patient.result(10))
        assert metric("database_pool_connections", state="waiting") == 0


# Another process of its own, of the kind that a service has: its samples are in a folder.
REQUESTS = """
import json, django
from django.conf import settings
django.setup()
settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
from chassis.telemetry.metrics import exposition
client = Client(raise_request_exception=False)
client.get("/public", headers={"x-requested-with": "XMLHttpRequest"})
client.get("/plain/bug")
client.get("/no/such/page")
client.generic("BREW", "/public", CONTENT_LENGTH="a lot")
told = [line for line in exposition().decode().splitlines() if not line.startswith("#")]
print(json.dumps([line.rsplit(" ", 1) for line in told if line.startswith(("http_", "django_"))]))
"""


def test_requests_are_told_by_two_metrics_and_by_no_other_of_django_prometheus(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", REQUESTS],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SERVICE_NAME": "chassis",
            "PYTHONPATH": os.path.dirname(__file__),
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    samples = dict(json.loads(told.stdout.splitlines()[-1]))
    counted = {name: number for name, number in samples.items() if name.startswith("http_requests_total")}
    timed = {name: number for name, number in samples.items() if "_seconds_count" in name}
    series = 'http_requests_total{{endpoint="{}",method="{}",service="chassis",status="{}"}}'
    assert counted == {
        series.format("/public", "GET", 200): "1.0",
        series.format("/plain/<str:what>", "GET", 500): "1.0",
        series.format("unmatched", "GET", 404): "1.0",
        series.format("/public", "other", 405): "1.0",
    }
    series = 'http_request_duration_seconds_count{{endpoint="{}",service="chassis"}}'
    assert timed == {
        series.format("/public"): "2.0",
        series.format("/plain/<str:what>"): "1.0",
        series.format("unmatched"): "1.0",
    }
    assert {name.partition("{")[0].removesuffix("_bucket").removesuffix("_sum") for name in samples} == {
        "http_requests_total",
        "http_request_duration_seconds",
        "http_request_duration_seconds_count",
    }
