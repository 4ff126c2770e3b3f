from typing import Any

from django.core.management.base import BaseCommand

from bookings import occupancy


class Command(BaseCommand):
    help = "Counts anew, by their bookings, how full the showtimes were whose seats are forgotten."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{occupancy.rebuild()} showtimes are counted")
