from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from chassis.web import health, metrics
from shop import cards, crawlers, installing, mailed, pages

urlpatterns = [
    path("", pages.front, name="front"),
    # Where the card company sends its visitors back to, in whichever language they were.
    path("card-entered", cards.card_entered, name="card_entered"),
    # What mailed links open, in whichever language the mail was.
    path("verify", mailed.opened, {"page": "verify"}),
    path("reset", mailed.opened, {"page": "reset"}),
    path("robots.txt", crawlers.robots),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("manifest.webmanifest", installing.manifest),
    path("favicon.ico", installing.favicon),
    path("sw.js", installing.worker),
    path("health", health.ready),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics.metrics_view),
    *i18n_patterns(path("", include("shop.urls"))),
]
handler400 = "shop.errors_pages.bad_request"
handler403 = "shop.errors_pages.permission_denied"
handler404 = "shop.errors_pages.not_found"
handler500 = "shop.errors_pages.server_error"
