"""Prometheus metrics that add up over the processes of a service (its web workers, Celery workers and relay).

PROMETHEUS_MULTIPROC_DIR names the folder they share; without it each process counts for itself.
"""

import os
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from chassis.metrics_registry import counter, gauge, histogram

__all__ = ["counter", "gauge", "histogram"]

REQUESTS = counter("http_requests_total", "HTTP requests", ["service", "method", "endpoint", "status"])
DURATION = histogram("http_request_duration_seconds", "HTTP request latency", ["service", "endpoint"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class MetricsMiddleware:
    """Counts and times requests by route; the path itself would make a series per booking."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.service = settings.SERVICE_NAME

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        endpoint = f"/{match.route}" if match is not None else "unmatched"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(self.service, method, endpoint, response.status_code).inc()
        DURATION.labels(self.service, endpoint).observe(time.perf_counter() - started)
        return response


def metrics_view(request: HttpRequest) -> HttpResponse:
    """GET /metrics, for Prometheus; the gateway does not route it."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
