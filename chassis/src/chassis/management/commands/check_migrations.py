"""`manage.py check_migrations`: the migrations are all there, and none locks a large table or breaks the version that
runs beside it.
"""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from chassis.storage.migration_rules import faults


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError with what is wrong. Django's and the libraries' own migrations are theirs."""
        call_command("makemigrations", check_changes=True, dry_run=True, stdout=self.stdout)
        ours = {"chassis", settings.SERVICE_APP}
        loader = MigrationLoader(None)
        state, found = ProjectState(), []
        for key in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True):
            migration = loader.graph.nodes[key]
            if migration is None:
                continue
            if migration.app_label not in ours:
                state = migration.mutate_state(state)
                continue
            of_it = list(faults(migration, state))
            if not getattr(migration, "beside_traffic", ""):
                found += [f"{migration}: {fault}" for fault in of_it]
        if found:
            raise CommandError("\n".join(found))
