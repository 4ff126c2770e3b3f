import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from accounts import services
from accounts.models import User
from accounts.roles import Role

NAMES = {
    Role.CUSTOMER: ("Mai Tran", "+84901234567"),
    Role.SUPPORT: ("Sam Okafor", ""),
    Role.MANAGER: ("Marta Keller", ""),
    Role.ADMIN: ("Ada Lindqvist", ""),
}


class Command(BaseCommand):
    help = (
        "Opens one account for each role, with generated passwords. DEMO_PASSWORDS_FILE keeps them over runs;"
        " without it every run sets new ones and prints them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        path = os.environ.get("DEMO_PASSWORDS_FILE")
        known: dict[str, dict[str, str]] = {}
        if path and Path(path).exists():
            known = json.loads(Path(path).read_text())
        with _quiet_log():
            accounts = {role.value: _account(role, known.get(role.value)) for role in Role}
        if path:
            _write_privately(Path(path), accounts)
        else:
            self.stdout.write(json.dumps(accounts, indent=2))


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Log lines go to standard output too, and what is printed there must be JSON alone."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _account(role: Role, known: dict[str, str] | None) -> dict[str, str]:
    """An account that has its password from an earlier run is left as it is."""
    username, email = role.value, f"{role.value}@marquee.example"
    user = User.objects.filter(username=username).first()
    if user is not None and known is not None:
        return known
    password = known["password"] if known else secrets.token_urlsafe(12)
    if user is None:
        full_name, phone = NAMES.get(role, (f"Demo {role.value}", ""))
        services.register(
            username=username,
            email=email,
            password=password,
            full_name=full_name,
            phone=phone,
            roles={Role.CUSTOMER, role},
            email_verified=True,
        )
    else:
        services.set_password(user_id=user.id, new_password=password)
    return {"username": username, "email": email, "password": password}


def _write_privately(path: Path, accounts: dict[str, dict[str, str]]) -> None:
    """In one step, and readable by its owner alone from the first byte on."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(accounts, file, indent=2)
    temporary.replace(path)
