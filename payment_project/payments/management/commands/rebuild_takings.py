from typing import Any

from django.core.management.base import BaseCommand

from payments import takings


class Command(BaseCommand):
    help = "Makes the takings anew from receipts, credit notes and fees; those of before are read until it is through."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{takings.rebuild()} receipts, credit notes and fees are added up")
