"""/health/live: the process answers. /health/ready and /health: each dependency by name, with its latency.

PostgreSQL decides readiness. Redis and RabbitMQ are reported, but a service goes on without them: bookings are taken
as holds while the broker is away, and seats are guarded by PostgreSQL while Redis is.
"""

import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from chassis.redis import RedisUnavailable, redis_client


def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok", "service": settings.SERVICE_NAME})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when this service can do its work, 503 when not; `degraded` when a dependency it can spare is away."""
    checks = {
        "postgresql": _check(_ask_postgresql, DatabaseError, required=True),
        "redis": _check(_ask_redis, RedisUnavailable, required=False),
        "rabbitmq": _check(_ask_rabbitmq, OSError, required=False),
    }
    if any(check["required"] and check["status"] == "down" for check in checks.values()):
        status = "down"
    elif any(check["status"] == "down" for check in checks.values()):
        status = "degraded"
    else:
        status = "ok"
    response = JsonResponse(
        {"status": status, "service": settings.SERVICE_NAME, "checks": checks},
        status=503 if status == "down" else 200,
    )
    response["Cache-Control"] = "no-store"
    if status == "down":
        response["Retry-After"] = "2"
    return response


def _check(ask: Callable[[], object], away: type[Exception], *, required: bool) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        ask()
        status = "up"
    except away:
        status = "down"
    milliseconds = round((time.perf_counter() - started) * 1000, 2)
    return {"status": status, "latency_ms": milliseconds, "required": required}


def _ask_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis() -> None:
    redis_client().ping()


def _ask_rabbitmq() -> None:
    address = urlsplit(settings.RABBITMQ_URL)
    with socket.create_connection((address.hostname, address.port or 5672), timeout=0.5):
        pass
