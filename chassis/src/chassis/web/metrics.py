"""Requests counted and timed, and GET /metrics: what all processes of a service counted."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from chassis.telemetry.metrics import CONTENT_TYPE, counter, exposition, histogram

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


@csrf_exempt
@require_safe
def metrics_view(request: HttpRequest) -> HttpResponse:
    """GET /metrics, for Prometheus; the gateway does not route it."""
    response = HttpResponse(exposition(), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response
