"""gunicorn as in production: several processes, servers that go away, and a signal in the middle of a request."""

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from processes import PATIENCE, Process, address, database_url, web

from chassis.ids import uuid7
from chassis.storage.postgresql import BoundedConnection
from chassis.storage.redis import redis_client
from chassis.testing import access_token, redis_url, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def get(url: str, *, timeout: float = 8, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", url, headers=headers, retries=False, timeout=timeout)


def total(metrics: str, name: str, **labels: str) -> float:
    """The sum of a metric's series that carry these labels."""
    found = 0.0
    for line in metrics.splitlines():
        match = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
        if match and all(f'{label}="{value}"' in (match[1] or "") for label, value in labels.items()):
            found += float(match[2])
    return found


def test_metrics_of_several_processes_add_up_and_survive_the_death_of_one(tmp_path: Path) -> None:
    folder = tmp_path / "not-made-yet"
    with web(PROMETHEUS_MULTIPROC_DIR=str(folder), WEB_WORKERS="2", WEB_THREADS="2") as (process, base):

        def counted() -> float:
            return total(get(f"{base}/metrics").data.decode(), "http_requests_total", endpoint="/public", status="200")

        names = [uuid7().hex for _ in range(3)]
        asked = [threading.Thread(target=get, args=[f"{base}/slow/{name}"]) for name in names]
        for thread in asked:
            thread.start()
        # With two threads each, both workers are at work.
        wait_until(lambda: all(redis_client().exists(f"slow:{name}") for name in names))
        for name in names:
            redis_client().set(f"go-on:{name}", "1", ex=60)
        for thread in asked:
            thread.join()
        for _ in range(20):
            assert get(f"{base}/public").status == 200
        assert counted() == 20
        slow = total(get(f"{base}/metrics").data.decode(), "http_requests_total", endpoint="/slow/<str:name>")
        assert slow == 3
        assert len(list(folder.glob("counter_*.db"))) >= 2

        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        wait_until(lambda: still_answers(base), PATIENCE)
        assert counted() == 20


def still_answers(base: str) -> bool:
    try:
        return get(f"{base}/public/", timeout=2).status == 404
    except urllib3.exceptions.HTTPError:
        return False


@pytest.fixture(scope="module")
def site(django_db_setup: None) -> Iterator[tuple[Process, str]]:
    """One process, for the tests that leave it as it is."""
    with web(PROMETHEUS_MULTIPROC_DIR="", WEB_WORKERS="1") as (process, base):
        yield process, base


def test_without_a_metrics_folder_a_process_counts_for_itself(site: tuple[Process, str]) -> None:
    _, base = site
    for _ in range(3):
        get(f"{base}/queries")
    metrics = get(f"{base}/metrics").data.decode()
    assert total(metrics, "http_requests_total", endpoint="/queries") == 3
    assert not list(Path(__file__).parent.glob("*.db"))


def test_a_request_in_flight_is_answered_after_sigterm(tmp_path: Path) -> None:
    with web(WEB_WORKERS="1") as (process, base):
        name = uuid7().hex
        answers: list[int] = []
        thread = threading.Thread(target=lambda: answers.append(get(f"{base}/slow/{name}", timeout=20).status))
        thread.start()
        wait_until(lambda: redis_client().exists(f"slow:{name}"))
        process.ask_to_stop()
        redis_client().set(f"go-on:{name}", "1", ex=60)
        thread.join(20)
        assert answers == [200]
        assert process.exit_code() == 0
        for line in process.said().splitlines():
            assert json.loads(line)["service"] == "chassis"


def test_servers_that_vanish_or_hang_cost_little_and_are_found_again(proxied: Any, broker: str) -> None:
    database, redis = proxied(database_url(), 5432), proxied(redis_url(), 6379)
    rabbitmq = proxied(broker, 5672)
    token = access_token(user_id=uuid7())
    with web(
        DATABASE_URL=database_url(port=database.port),
        REDIS_URL=address(redis_url(), redis.port),
        RABBITMQ_URL=address(broker, rabbitmq.port),
        AUTH_URL="http://127.0.0.1:9",
        WEB_WORKERS="1",
        WEB_THREADS="4",
    ) as (_, base):
        statuses = health(base)
        assert statuses == (200, {"postgresql": "up", "schema": "up", "redis": "up", "rabbitmq": "up"})

        rabbitmq.cut()
        redis.cut()
        without = {"postgresql": "up", "schema": "up", "redis": "down", "rabbitmq": "down"}
        wait_until(lambda: health(base) == (200, without))
        rabbitmq.mend()
        redis.mend()
        wait_until(lambda: health(base)[1] == {"postgresql": "up", "schema": "up", "redis": "up", "rabbitmq": "up"})

        redis.freeze()
        wait_until(lambda: health(base)[1]["redis"] == "down")
        redis.mend()
        wait_until(lambda: health(base)[1]["redis"] == "up")

        database.freeze()
        status, checks = health(base)
        assert (status, checks["postgresql"]) == (503, "down")
        asked = time.monotonic()
        assert get(f"{base}/queries").status == 503
        assert time.monotonic() - asked < BoundedConnection.answer_seconds + 3
        database.mend()
        wait_until(lambda: health(base)[0] == 200)

        database.cut()
        answer = get(f"{base}/queries")
        assert answer.status == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
        assert health(base)[0] == 503
        database.mend()
        wait_until(lambda: get(f"{base}/queries").status == 200, 5)

        # Nobody could be asked for a key: that is not the fault of who asks.
        refused = get(f"{base}/things", Authorization=f"Bearer {token}")
        assert refused.status == 503
        assert refused.headers["Retry-After"]


def test_through_the_gateway_health_is_up_or_down_and_no_more(site: tuple[Process, str]) -> None:
    _, base = site
    for path in ("health", "health/live", "health/ready"):
        told = get(f"{base}/{path}", **{"X-Forwarded-Prefix": "/api/chassis"})
        assert (told.status, told.json()) == (200, {"status": "ok", "service": "chassis"})
    assert set(get(f"{base}/health").json()["checks"]) == {"postgresql", "schema", "redis", "rabbitmq"}


def health(base: str) -> tuple[int, dict[str, str]]:
    answer = get(f"{base}/health/ready")
    return answer.status, {name: check["status"] for name, check in answer.json()["checks"].items()}


def test_a_body_over_the_limit_is_413_and_the_connection_lives_on(site: tuple[Process, str]) -> None:
    _, base = site
    pool = urllib3.HTTPConnectionPool("127.0.0.1", int(base.rpartition(":")[2]), maxsize=1, retries=False)
    headers = {"Content-Type": "application/json"}
    answer = pool.request("POST", "/echo", body=b'"' + b"x" * 3_000_000 + b'"', headers=headers)
    assert answer.status == 413
    assert answer.json()["code"] == "payload_too_large"
    assert pool.request("POST", "/echo", body=b'{"a": 1}', headers=headers).json() == {"a": 1}


UNREAD = {
    "401": ("POST", "/things"),
    "403": ("POST", "/admin/chassis/login/"),
    "404": ("POST", "/nowhere"),
    "405": ("DELETE", "/echo"),
    "413": ("POST", "/echo"),
    "415": ("POST", "/echo"),
    "429": ("POST", "/echo"),
}


@pytest.mark.parametrize("status", UNREAD)
def test_a_refusal_leaves_nothing_of_its_body_to_the_next_request(site: tuple[Process, str], status: str) -> None:
    """On one connection, as the gateway uses it for everybody: the next request on it is another client's."""
    _, base = site
    method, path = UNREAD[status]
    headers = {"Content-Type": "text/plain" if status == "415" else "application/json"}
    headers |= {"X-Forwarded-For": f"2001:db8:{uuid7().int & 0xFFFF:x}:1::1", "X-Rate-Per-Address": "1"}
    headers |= {} if status == "429" else {"X-Rate-Per-Address": "1000"}
    fine = {"Content-Type": "application/json"}
    pool = urllib3.HTTPConnectionPool("127.0.0.1", int(base.rpartition(":")[2]), maxsize=1, retries=False)
    for _ in range(20):
        answer = pool.request(method, path, body=b"9" * 900_000, headers=headers)
        assert answer.status == int(status) or (status == "429" and answer.status == 413)
        assert pool.request("POST", "/echo", body=b'{"a": 1}', headers=fine).status == 200
    assert answer.status == int(status)
    assert pool.num_connections == 1


def test_a_long_address_and_many_long_headers_are_read(site: tuple[Process, str]) -> None:
    _, base = site
    long = {f"X-Long-{n}": "x" * 8000 for n in range(3)} | {f"X-{n}": "y" for n in range(300)}
    for path in ("/public?format=" + "%25" * 2500, "/nowhere/" + "a" * 8100, "/nowhere/" + "%C3%A9" * 4000):
        answer = get(base + path, **long)
        assert answer.status in (200, 404)
        assert answer.headers["Content-Type"] in ("application/json", "application/problem+json")


def test_header_values_cannot_smuggle_headers_or_log_lines(site: tuple[Process, str]) -> None:
    process, base = site
    evil = "x" * 20 + "\u00ff\t{injected}"
    answer = get(f"{base}/nowhere", **{"X-Correlation-ID": evil, "Authorization": "Bearer \u00ff.a.b"})
    assert evil not in str(answer.headers)
    assert len(answer.headers["X-Correlation-ID"]) == 36
    raw = raw_request(base, b"GET /public HTTP/1.1\r\nHost: a\r\nX-Correlation-ID: a\x00bcdefgh\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 400")
    assert "injected" not in process.said()


def raw_request(base: str, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])), timeout=5) as opened:
        opened.sendall(request)
        return opened.recv(4096)
