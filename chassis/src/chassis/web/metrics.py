"""Requests counted and timed by django-prometheus, and GET /metrics: what all processes of a service counted."""

from typing import Any

from chassis.telemetry.metrics import CONTENT_TYPE, counter, exposition, forget_metric, histogram

# isort: split
# After ours, which says how prometheus_client keeps its values.
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django_prometheus import models as unasked
from django_prometheus.middleware import Metrics, PrometheusAfterMiddleware
from django_prometheus.utils import Time

REQUESTS = counter("http_requests_total", "HTTP requests", ["service", "method", "endpoint", "status"])
DURATION = histogram("http_request_duration_seconds", "HTTP request latency", ["service", "endpoint"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

for metric in (unasked.model_inserts, unasked.model_updates, unasked.model_deletes):
    forget_metric(metric)


class _Untold:
    """In the place of a metric that nobody reads: each series is a cell in a file of every process."""

    def inc(self, _: float = 1) -> None:
        pass

    observe = inc


UNTOLD = _Untold()


class RequestMetrics(Metrics):  # type: ignore[misc]  # django-prometheus has no types
    """Two of what django-prometheus can tell, by the names that the dashboards read."""

    def register_metric(self, metric_cls: Any, name: str, *_: Any, **__: Any) -> Any:
        told = {
            "django_http_responses_total_by_status_view_method": REQUESTS,
            "django_http_requests_latency_seconds_by_view_method": DURATION,
        }
        return told.get(name, UNTOLD)


class MetricsMiddleware(PrometheusAfterMiddleware):  # type: ignore[misc]  # nor has this
    """Counts and times requests by route; the path itself would make a series per booking."""

    metrics_cls = RequestMetrics

    def label_metric(self, metric: Any, request: HttpRequest, response: Any = None, **labels: str) -> Any:
        if metric is UNTOLD:
            return metric
        match = request.resolver_match
        endpoint = f"/{match.route}" if match is not None else "unmatched"
        if metric is DURATION:
            return metric.labels(settings.SERVICE_NAME, endpoint)
        method = request.method if request.method in METHODS else "other"
        return metric.labels(settings.SERVICE_NAME, method, endpoint, labels["status"])

    def process_request(self, request: HttpRequest) -> None:
        # What else it would look at here is told by none of the two, and a Content-Length may be anything.
        request.prometheus_after_middleware_event = Time()  # type: ignore[attr-defined]  # its own name for it

    def process_view(self, *_: Any) -> None:
        """Counts views, whose responses are counted."""

    def process_exception(self, *_: Any) -> None:
        """Times what failed, which is timed once more as the response that it becomes."""

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        return response


@csrf_exempt
@require_safe
def metrics_view(request: HttpRequest) -> HttpResponse:
    """GET /metrics, for Prometheus; the gateway does not route it."""
    response = HttpResponse(exposition(), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response
