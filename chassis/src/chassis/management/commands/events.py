"""`manage.py events`: what this service hears and tells, as JSON for the tools that hold it against the contracts."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from chassis.messaging.events import told_by
from chassis.messaging.worker import service_tables


class Command(BaseCommand):
    help = "Prints the events this service handles and emits, and its ticks, as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        handlers, ticks = service_tables()
        known = {"handles": sorted(handlers), "ticks": sorted(ticks), "tells": sorted(told_by(settings.SERVICE_APP))}
        self.stdout.write(json.dumps(known))
