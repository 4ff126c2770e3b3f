"""/health/live: the process answers. /health/ready and /health: each dependency by name, with its latency, for those
who ask from inside.

PostgreSQL decides readiness, and whether the schema of this version is in it: without that each request would fail.
Redis and RabbitMQ are reported, but a service goes on without them: bookings are taken as holds while the broker is
away, and seats are guarded by PostgreSQL while Redis is.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponsePermanentRedirect, JsonResponse
from django.middleware.common import CommonMiddleware
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.web.gateway import prefix_of

LIMIT_SECONDS = 2.0
PROBED = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})


class HostMiddleware(CommonMiddleware):
    """Django's CommonMiddleware, except that who probes or scrapes a pod by its address is not refused for its Host."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if request.path_info in PROBED else super().process_request(request)


@dataclass(frozen=True, slots=True)
class Dependency:
    ask: Callable[[], object]
    away: type[Exception]
    required: bool


class Asking(threading.Thread):
    """One question in a thread of its own: a server that hangs must not hang the answer about it."""

    def __init__(self, dependency: Dependency) -> None:
        super().__init__(daemon=True)
        self.dependency = dependency
        self.since = time.perf_counter()
        self.seconds = 0.0
        self.answered = False

    def run(self) -> None:
        try:
            self.dependency.ask()
            self.answered = True
        except self.dependency.away:
            pass
        finally:
            self.seconds = time.perf_counter() - self.since

    @property
    def hangs(self) -> bool:
        return self.is_alive() and time.perf_counter() - self.since > LIMIT_SECONDS

    def result(self) -> dict[str, Any]:
        self.join(max(0.0, self.since + LIMIT_SECONDS - time.perf_counter()))
        return {
            "status": "up" if self.answered else "down",
            "latency_ms": round((self.seconds or time.perf_counter() - self.since) * 1000, 2),
            "required": self.dependency.required,
        }


_latest: dict[str, Asking] = {}


def _ask(name: str) -> Asking:
    """A new question, unless an earlier one still hangs: one thread waits for a frozen server, not one a request."""
    earlier = _latest.get(name)
    if earlier is not None and earlier.hangs:
        return earlier
    asking = _latest[name] = Asking(DEPENDENCIES[name])
    asking.start()
    return asking


@csrf_exempt
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    response = JsonResponse({"status": "ok", "service": settings.SERVICE_NAME})
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when this service can do its work, 503 when not; `degraded` when a dependency it can spare is away.

    Through the gateway, where everybody may ask, that is up or down, and nothing of what it stands on.
    """
    told = standing()
    status = told["status"]
    if prefix_of(request):
        told = {"status": "down" if status == "down" else "ok", "service": settings.SERVICE_NAME}
    response = JsonResponse(told, status=503 if status == "down" else 200)
    response["Cache-Control"] = "no-store"
    if status == "down":
        response["Retry-After"] = "2"
    return response


def standing(of: Iterable[str] | None = None) -> dict[str, Any]:
    """The status, `ok`, `degraded` or `down`, and each dependency by name; what hangs is waited for LIMIT_SECONDS.

    of: those that are asked, if not all that this service depends on.
    """
    asked = {name: _ask(name) for name in (settings.DEPENDS_ON if of is None else of)}
    checks = {name: asking.result() for name, asking in asked.items()}
    down = [check for check in checks.values() if check["status"] == "down"]
    status = "degraded" if down else "ok"
    if any(check["required"] for check in down):
        status = "down"
    return {"status": status, "service": settings.SERVICE_NAME, "checks": checks}


def _ask_postgresql() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # this thread's own


class NotMigrated(Exception):
    """Migrations of this version are not applied yet."""


_migrated = threading.Event()


def _ask_schema() -> None:
    """Whether each migration is applied. Once it is so it stays so, and is not asked again."""
    if _migrated.is_set():
        return
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise NotMigrated
        _migrated.set()
    except DatabaseFailure as failure:
        raise NotMigrated from failure
    finally:
        connection.close()  # this thread's own


def _ask_redis() -> None:
    redis_client().ping()


def _ask_rabbitmq() -> None:
    """Whether it can be reached, and shows a certificate that is good. More, such as AMQP's own handshake, would leave
    lines in its log with every probe; so would going without a farewell that TLS knows.
    """
    address = urlsplit(settings.RABBITMQ_URL)
    secure = address.scheme == "amqps"
    port, limit = (address.port or 5671, 1.5) if secure else (address.port or 5672, 0.5)
    with socket.create_connection((address.hostname, port), timeout=limit) as plain:
        if secure:
            with (
                ssl.create_default_context().wrap_socket(plain, server_hostname=address.hostname) as verified,
                contextlib.suppress(OSError),  # it need not answer the farewell
            ):
                verified.unwrap()


DEPENDENCIES = {
    "postgresql": Dependency(_ask_postgresql, DatabaseFailure, required=True),
    "schema": Dependency(_ask_schema, NotMigrated, required=True),
    "redis": Dependency(_ask_redis, RedisUnavailable, required=False),
    "rabbitmq": Dependency(_ask_rabbitmq, OSError, required=False),
}
