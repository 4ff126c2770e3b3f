"""Demo data: the services' own commands load it; auth's keeps the accounts' passwords in the instance's folder."""

import json
import subprocess
from typing import TypedDict

from stack import variables
from stack.buy_ticket import Ticket, buy_ticket
from stack.certificates import trusting
from stack.environment import PYTHON
from stack.errors import StackError
from stack.lifecycle import Stack
from stack.services import SERVICES


class Account(TypedDict):
    username: str
    email: str
    password: str


def accounts(stack: Stack) -> dict[str, Account]:
    """Role → account; none when there is no demo data."""
    try:
        stored: dict[str, Account] = json.loads(stack.accounts_file.read_text())
    except FileNotFoundError:
        return {}
    return stored


def load(stack: Stack) -> None:
    """Load the demo data into the running stack, or add what it has come to lack."""
    for service in SERVICES:
        if not (service.folder / service.app / "management" / "commands" / "demo_data.py").exists():
            continue
        own = variables.of_service(stack.instance, service, ports=stack.ports, secrets=stack.secrets)
        result = subprocess.run(
            [str(PYTHON), "manage.py", "demo_data"],
            cwd=service.folder,
            env={**own, "DEMO_PASSWORDS_FILE": str(stack.accounts_file)},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise StackError(f"demo data of {service.name}", details="\n".join(result.stderr.splitlines()[-12:]))


def buy_one(stack: Stack) -> Ticket:
    """Buy a ticket as the demo customer."""
    try:
        customer = accounts(stack)["customer"]
    except KeyError:
        raise StackError("there is no demo customer to buy a ticket: run `make demo-data`") from None
    return buy_ticket(
        gateway=variables.gateway_url(stack.instance, stack.ports),
        mailbox=variables.url(stack.ports["mailbox"]),
        username=customer["username"],
        email=customer["email"],
        password=customer["password"],
        trusting=trusting(stack.instance),
    )
