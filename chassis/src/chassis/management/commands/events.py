"""`manage.py events`: what this service hears and tells, as JSON for the tools that hold it against the contracts."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.management.base import BaseCommand
from django.urls import reverse

from chassis.messaging.events import told_by
from chassis.messaging.worker import service_tables
from chassis.web import desk


def _pages() -> Iterator[str]:
    """Of the desk: the pages of its own, and each list of the admin site, as a browser asks for them."""
    import_module(settings.ROOT_URLCONF)  # which registers the lists
    yield from (f"/admin/{settings.SERVICE_NAME}/{page.route}" for page in desk.pages())
    for model in admin.site._registry:
        yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


class Command(BaseCommand):
    help = "Prints the events this service handles and emits, and its ticks, as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        handlers, ticks = service_tables()
        known = {
            "handles": sorted(handlers),
            "ticks": sorted(ticks),
            "tells": sorted(told_by(settings.SERVICE_APP)),
            "pages": sorted(_pages()),
        }
        self.stdout.write(json.dumps(known))
