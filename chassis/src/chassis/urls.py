"""The routes every service has, beside its own."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.negotiation import DefaultContentNegotiation as ByFormat

from chassis.web import health, metrics
from chassis.web.dead_letters_admin import dead_letters_view
from chassis.web.desk import desk_urls, pages
from chassis.web.desk_needs import needs_view
from chassis.web.desk_search import search_view


def service_urls(app_urls: str) -> list[URLPattern | URLResolver]:
    """app_urls: the dotted name of the service's own routes."""
    admin.autodiscover()
    root = f"admin/{settings.SERVICE_NAME}/"
    admin.site.site_header = admin.site.site_title = settings.SERVICE_TITLE
    # What the gateway has at / is an address book for programmes.
    admin.site.site_url = None
    admin.site.index_title = "Lists"
    admin.site.index_template = "chassis/admin_index.html"
    return [
        # First, for most requests are theirs and each route before them is tried.
        path("", include(app_urls)),
        path("health", health.ready),
        path("health/live", health.live),
        path("health/ready", health.ready),
        path("metrics", metrics.metrics_view),
        path("schema/", SpectacularAPIView.as_view(content_negotiation_class=ByFormat), name="schema"),
        path("docs/", SpectacularSwaggerView.as_view(url="../schema/"), name="docs"),
        path(f"{root}dead-letters/", admin.site.admin_view(dead_letters_view), name="dead_letters"),
        path(f"{root}panels/needs/", admin.site.admin_view(needs_view), name="desk_needs"),
        path(f"{root}panels/search/", admin.site.admin_view(search_view), name="desk_search"),
        *desk_urls(pages()),
        path(root, admin.site.urls),
    ]
