from typing import Any

from django.core.management.base import BaseCommand

from payments import tasks


class Command(BaseCommand):
    help = "Seals saved cards with the first of PAYMENT_SECRET_KEYS; after it the others open nothing that is kept."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{tasks.reseal_tokens()} sealed with the first key")
