import os
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import services
from accounts.models import User
from accounts.roles import Role
from chassis.storage.audit_log import of_command, record
from chassis.web.problems import Problem


class Command(BaseCommand):
    help = (
        "Opens the account of an admin, which is a role like any other. With --noinput the answers are the options, or"
        " DJANGO_SUPERUSER_USERNAME, DJANGO_SUPERUSER_EMAIL and DJANGO_SUPERUSER_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username")
        parser.add_argument("--email")
        parser.add_argument(
            "--noinput", "--no-input", action="store_false", dest="interactive", help="Asks for nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        interactive: bool = options["interactive"]
        username = options["username"] or _asked_for("username", interactive=interactive)
        email = options["email"] or _asked_for("email", interactive=interactive)
        try:
            # What a request's serializer refuses is refused here too.
            User(username=username, email=email).clean_fields(exclude={"password"})
            password, roles = _password(interactive=interactive), [Role.CUSTOMER, Role.ADMIN]
            with transaction.atomic():
                user = services.register(username=username, email=email, password=password, roles=roles)
                made = {"username": username, "email": email, "groups": [str(role) for role in roles]}
                record(of_command(), "user.added", ("user", user.pk), after=made)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except Problem as problem:
            said = [f"{error['pointer'].lstrip('/')}: {error['detail']}" for error in problem.errors or ()]
            raise CommandError(" ".join(said) or problem.title) from None
        self.stdout.write(self.style.SUCCESS(f"{username} is an admin."))


def _asked_for(field: str, *, interactive: bool) -> str:
    variable = f"DJANGO_SUPERUSER_{field.upper()}"
    value = os.environ.get(variable) or (input(f"{field.capitalize()}: ").strip() if interactive else "")
    if not value:
        raise CommandError(f"--{field} or {variable} is needed")
    return value


def _password(*, interactive: bool) -> str:
    if password := os.environ.get("DJANGO_SUPERUSER_PASSWORD"):
        return password
    if not interactive:
        raise CommandError("DJANGO_SUPERUSER_PASSWORD is needed")
    password = getpass("Password: ")
    if getpass("Password (again): ") != password:
        raise CommandError("the passwords differ")
    return password
