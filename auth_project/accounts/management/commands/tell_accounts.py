"""`manage.py tell_accounts`: tells of every account anew, for a service that has only now begun to listen."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.events import UserUpdated
from accounts.models import User
from chassis.messaging.outbox import emit_all

BATCH = 500


class Command(BaseCommand):
    help = "Emits user.updated for every account, a batch a transaction. Whoever knew them learns nothing new by it."

    def handle(self, *args: Any, **options: Any) -> None:
        told, after = 0, UUID(int=0)
        while batch := self._tell(after):
            told, after = told + len(batch), batch[-1].id
        self.stdout.write(f"Told of {told} accounts.")

    @transaction.atomic
    def _tell(self, after: UUID) -> list[User]:
        """Of the next ones by their ids. Locked, so that a change that is being made is told after this."""
        users = list(User.objects.select_for_update(no_key=True).filter(id__gt=after).order_by("id")[:BATCH])
        emit_all([(UserUpdated.of(user), user.id) for user in users])
        return users
