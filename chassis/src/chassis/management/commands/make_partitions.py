"""`manage.py make_partitions`: what the tick does each minute, with the time that a migration has."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS

from chassis.management.commands.migrate import limits_of_migrations
from chassis.storage.partitions import all_tables, make_ahead


class Command(BaseCommand):
    help = "Makes the partitions of the time to come, and moves all rows into them that had none, under a lock."

    def handle(self, *args: Any, **options: Any) -> None:
        with limits_of_migrations(DEFAULT_DB_ALIAS):
            for by in all_tables():
                self.stdout.write(f"{by.table}: {make_ahead(by, moving=10**12)} made")
