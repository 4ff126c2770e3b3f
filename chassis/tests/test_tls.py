"""Each of our clients verifies who answers, and by name; a web process takes a renewed certificate as it serves."""

import os
import runpy
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import amqp
import psycopg
import pytest
import urllib3
from certificates import Authority, Front
from processes import address, database_url, web
from servers import serving
from test_web import get, health

from chassis.management.commands import prepare
from chassis.management.commands.declare_topology import BrokerAway
from chassis.messaging import topology
from chassis.messaging.dead_letters import DeadLetters
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import Relay
from chassis.messaging.worker import celery_app
from chassis.storage.http import Client, Unreachable
from chassis.storage.postgresql import BoundedConnection
from chassis.storage.redis import RedisUnavailable, breaker, redis_client
from chassis.testing import redis_url, wait_until
from chassis.web.health import DEPENDENCIES

pytestmark = pytest.mark.django_db(transaction=True)

Certificate = tuple[Path, Path]
FAULTS = ("of a stranger", "of another server", "expired")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Certificate]]:
    """A good certificate of 127.0.0.1 and one with each fault, by what is wrong. OpenSSL trusts their authority."""
    folder = tmp_path_factory.mktemp("certificates")
    ours, stranger = Authority(folder, "ours"), Authority(folder, "stranger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(ours.file))
        yield {
            "good": ours.sign("good"),
            "of a stranger": stranger.sign("of-a-stranger"),
            "of another server": ours.sign("of-another-server", host="elsewhere.example"),
            "expired": ours.sign("expired", days=-1),
        }


@pytest.fixture(scope="module")
def trusted(certificates: dict[str, Certificate]) -> str:
    return str(certificates["good"][0].with_name("ours.crt"))


Fronts = Callable[..., Front]


@pytest.fixture
def front(certificates: dict[str, Certificate]) -> Iterator[Fronts]:
    """front(url, default_port) → TLS before that server, with a good certificate."""
    fronts = []

    def make(url: str, default_port: int, *, postgresql: bool = False) -> Front:
        parts = urlsplit(url)
        made = Front(parts.hostname or "127.0.0.1", parts.port or default_port, postgresql=postgresql)
        made.show(certificates["good"])
        fronts.append(made)
        return made

    yield make
    for made in fronts:
        made.close()


def refuses(reason: type[BaseException] | tuple[type[BaseException], ...], call: Callable[[], object]) -> None:
    """It raises this, and because of the certificate, not because nobody was there."""
    with pytest.raises(reason) as raised:
        call()
    error: BaseException | None = raised.value
    told = []
    while error is not None:
        told.append(str(error))
        error = error.__cause__ or error.__context__
    assert "verify failed" in " ".join(told) or "does not match" in " ".join(told), told


def rabbitmq_clients(url: str) -> dict[str, Callable[[], object]]:
    """Whoever of us connects to RabbitMQ, by name."""
    service = celery_app(handlers={}, ticks={})
    clock = runpy.run_module("chassis.messaging.clock")["app"]
    publisher = Publisher(url, origin="test")

    def publish() -> None:
        publisher.publish([("chassis_events", dict.fromkeys(("id", "type", "source", "subject", "time"), "x"))])
        publisher.close()

    def connect(app: Any) -> None:
        with app.connection_for_write() as connection:
            connection.ensure_connection(
                max_retries=1, interval_start=0, interval_step=0, reraise_as_library_errors=False
            )

    return {
        "publisher": publish,
        "dead letters": DeadLetters([]).counts,
        "worker": lambda: connect(service),
        "scheduler and Flower": lambda: connect(clock),
        "health": DEPENDENCIES["rabbitmq"].ask,
    }


def test_whoever_connects_to_rabbitmq_verifies_it(
    queues: str,
    front: Fronts,
    certificates: dict[str, Certificate],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = front(queues, 5672)
    url = address(queues, made.port).replace("amqp:", "amqps:")
    settings.RABBITMQ_URL = url
    monkeypatch.setenv("RABBITMQ_URL", url)
    clients = rabbitmq_clients(url)
    topology.declare([], [])
    prepare._find(settings.QUEUE_NAME)
    for connect in clients.values():
        connect()
    for fault in FAULTS:
        made.show(certificates[fault])
        for connect in clients.values():
            refuses((OSError, amqp.AMQPError), connect)
    made.show(certificates["of another server"])
    refuses((OSError, amqp.AMQPError), lambda: topology.declare([], []))  # kombu waits before it gives up
    refuses(BrokerAway, lambda: prepare._find(settings.QUEUE_NAME))


def test_whoever_connects_to_postgresql_verifies_it(
    queues: str, front: Fronts, certificates: dict[str, Certificate], trusted: str
) -> None:
    made = front(database_url(), 5432, postgresql=True)
    url = f"{database_url(port=made.port)}?sslmode=verify-full&sslrootcert={trusted}"
    relay = Relay(url, queues, service="chassis")
    assert relay.publish_batch() == 0
    for fault in FAULTS:
        made.show(certificates[fault])
        relay._disconnect()
        refuses(psycopg.OperationalError, relay.publish_batch)
        refuses(psycopg.OperationalError, lambda: BoundedConnection.connect(url))
    relay.close()


def test_redis_is_verified(
    front: Fronts, certificates: dict[str, Certificate], redis_at: Callable[[str], None], trusted: str
) -> None:
    made = front(redis_url(), 6379)
    redis_at(f"{address(redis_url(), made.port).replace('redis:', 'rediss:')}?ssl_ca_certs={trusted}")
    client = redis_client()
    assert client.ping()
    for fault in FAULTS:
        made.show(certificates[fault])
        breaker.close()
        refuses(RedisUnavailable, client.ping)


def test_another_service_is_verified(front: Fronts, certificates: dict[str, Certificate]) -> None:
    with serving(lambda request: request.answer(200)) as server:
        made = front(server.base, 80)
        client = Client("t", f"https://127.0.0.1:{made.port}")
        assert client.get("/x").status == 200
        for fault in FAULTS:
            made.show(certificates[fault])
            refuses(Unreachable, lambda: client.get("/x"))
        assert len(server.requests) == 1


def test_a_web_process_says_of_a_server_that_it_cannot_verify_that_it_is_down(
    broker: str, front: Fronts, certificates: dict[str, Certificate], trusted: str
) -> None:
    """Its pool of connections, its cache and its health checks, as they are in production."""
    fronts = {
        "postgresql": front(database_url(), 5432, postgresql=True),
        "redis": front(redis_url(), 6379),
        "rabbitmq": front(broker, 5672),
    }
    redis = address(redis_url(), fronts["redis"].port).replace("redis:", "rediss:")
    with web(
        DATABASE_URL=f"{database_url(port=fronts['postgresql'].port)}?sslmode=verify-full&sslrootcert={trusted}",
        REDIS_URL=f"{redis}?ssl_ca_certs={trusted}",
        RABBITMQ_URL=address(broker, fronts["rabbitmq"].port).replace("amqp:", "amqps:"),
        WEB_WORKERS="1",
    ) as (_, base):

        def of_servers() -> tuple[int, dict[str, str]]:
            status, checks = health(base)
            return status, {name: checks[name] for name in fronts}

        wait_until(lambda: of_servers() == (200, dict.fromkeys(fronts, "up")))
        for made in fronts.values():
            made.show(certificates["of another server"])
        wait_until(lambda: of_servers() == (503, dict.fromkeys(fronts, "down")))
        assert get(f"{base}/queries").status == 503
        for made in fronts.values():
            made.show(certificates["good"])
        wait_until(lambda: of_servers() == (200, dict.fromkeys(fronts, "up")))


def serial(port: int, trusted: str) -> int:
    """Of the certificate that is shown there to somebody new, who verifies it."""
    context = ssl.create_default_context(cafile=trusted)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        found = secure.getpeercert()
    assert found
    return int(str(found["serialNumber"]), 16)


def test_a_renewed_certificate_is_shown_without_a_restart_and_no_request_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.sign("web")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with web(TLS_CERTIFICATE=str(certificate), TLS_CERTIFICATE_KEY=str(key), WEB_WORKERS="2") as (_, base):
        port = int(base.rpartition(":")[2])
        pool = urllib3.HTTPSConnectionPool("127.0.0.1", port, maxsize=1, retries=False)
        before = serial(port, str(authority.file))

        def served() -> bool:
            """On a connection that goes on and on one of its own; whether the certificate is another by now."""
            assert pool.request("GET", "/health/live").status == 200
            assert get(f"{base}/health/live").status == 200
            return serial(port, str(authority.file)) != before

        assert not served()
        # The new certificate is there before its key: until both are, the old one goes on.
        old_key = key.read_bytes()
        authority.sign("web")
        new_key = key.read_bytes()
        key.write_bytes(old_key)
        assert not served()
        key.write_bytes(new_key)
        wait_until(served)
        assert pool.num_connections == 1
        # Plain HTTP is no way in beside it, and hurts nobody.
        with pytest.raises(urllib3.exceptions.HTTPError):
            get(base.replace("https:", "http:") + "/health/live")
        assert served()


def test_a_worker_that_begins_while_one_file_of_two_is_renewed_shows_the_certificate_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.sign("web")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with web(TLS_CERTIFICATE=str(certificate), TLS_CERTIFICATE_KEY=str(key), WEB_WORKERS="1") as (process, base):
        port = int(base.rpartition(":")[2])
        before, first = serial(port, str(authority.file)), workers_of(process)
        old_key = key.read_bytes()
        authority.sign("web")
        key.write_bytes(old_key)
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: workers_of(process) and not set(workers_of(process)) & set(first))
        assert serial(port, str(authority.file)) == before


def workers_of(process: Any) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
