from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.selectors import user_by_login
from chassis.storage.audit_log import of_command
from chassis.web.problems import Problem


class Command(BaseCommand):
    help = "Sets the password of an account, and ends all its sessions, as everywhere else where one changes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_by_login(options["username"])
        if user is None:
            raise CommandError("there is no account with this name")
        password = getpass("Password: ")
        if getpass("Password (again): ") != password:
            raise CommandError("the passwords differ")
        try:
            services.set_password(user_id=user.id, new_password=password, actor=of_command())
        except Problem as problem:
            raise CommandError(" ".join(error["detail"] for error in problem.errors or ()) or problem.title) from None
        self.stdout.write(self.style.SUCCESS(f"The password of {user.username} is set."))
