"""The routes every service has, beside its own."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.negotiation import DefaultContentNegotiation as ByFormat

from chassis import health, metrics


def service_urls(app_urls: str) -> list[URLPattern | URLResolver]:
    """app_urls: the dotted name of the service's own routes."""
    admin.autodiscover()
    admin.site.site_header = admin.site.site_title = settings.SERVICE_TITLE
    admin.site.index_title = "Administration"
    return [
        path("health", health.ready),
        path("health/live", health.live),
        path("health/ready", health.ready),
        path("metrics", metrics.metrics_view),
        path("schema/", SpectacularAPIView.as_view(content_negotiation_class=ByFormat), name="schema"),
        path("docs/", SpectacularSwaggerView.as_view(url="../schema/"), name="docs"),
        path(f"admin/{settings.SERVICE_NAME}/", admin.site.urls),
        path("", include(app_urls)),
    ]
