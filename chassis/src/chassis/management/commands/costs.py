"""`manage.py costs`: what runs by itself and what staff open, each with what it costs on this database."""

import json
import time
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from django.test import Client

from chassis import testing_costs
from chassis.ids import uuid7
from chassis.web.staff import local_user
from chassis.web.staff_tokens import StaffToken


class Command(BaseCommand):
    help = (
        "Prints, as JSON, the pages of the database that ticks, lists of the admin site and given reads look at."
        " All is taken back. Not for production."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--read", action="append", default=[], metavar="PATH", help="of the service, by who is not signed in"
        )

        parser.add_argument(
            "--page", action="append", default=[], metavar="PATH", help="of the desk, and nothing else is measured"
        )
        parser.add_argument("--theater", default="", metavar="ID", help="that who opens the pages is limited to")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = '60s'")
            if options["page"]:
                found = list(testing_costs.desk(_superuser(), _at_work(options["theater"]), options["page"]))
            else:
                read = testing_costs.reads(Client(HTTP_HOST="localhost"), options["read"])
                found = [*testing_costs.ticks(), *testing_costs.lists(_superuser()), *read]
            transaction.set_rollback(True)
        rows = [
            {"what": each.what, "wanted": each.wanted, "buffers": each.buffers, "bytes": each.bytes} for each in found
        ]
        self.stdout.write(json.dumps(rows))


def _at_work(theater: str) -> StaffToken:
    """An admin, or a manager who is limited to the theater."""
    until = time.time() + 900
    return StaffToken(
        account_id=uuid7(),
        username="costs",
        roles=frozenset({"manager" if theater else "admin"}),
        session_id="",
        since=0.0,
        ends_at=until,
        issued_at=0.0,
        expires_at=until,
        theaters=frozenset({UUID(theater)}) if theater else None,
    )


def _superuser() -> Any:
    """Who may look at every page."""
    users = get_user_model()
    if users._meta.swapped or users._meta.label == "auth.User":
        return local_user("costs", {"admin"})
    return users._default_manager.filter(groups__name="admin").first()
