from typing import Any

from django.core.management.base import BaseCommand

from chassis.topology import declare
from chassis.worker import service_tables


class Command(BaseCommand):
    help = "Declares this service's exchanges, queues and bindings; before anything publishes to them."

    def handle(self, *args: Any, **options: Any) -> None:
        handlers, ticks = service_tables()
        for name in declare(handlers, ticks):
            self.stdout.write(name)
