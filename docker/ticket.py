"""Buys a ticket from the running containers, as the demo customer.

`python docker/ticket.py [--accounts FILE]`: FILE gets the demo accounts, for the tests of `tests/`. COMPOSE in the
environment names the compose command, with its options (default: `docker compose`, where there is none
`docker-compose`). Exits 1 saying which step failed.
"""

import argparse
import base64
import json
import os
import shlex
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from make_env import AUTHORITY, OF_TLS  # noqa: E402

from stack import credentials  # noqa: E402
from stack.buy_ticket import buy_ticket  # noqa: E402
from stack.errors import StackError  # noqa: E402

DEMO_DATA_SECONDS = 180
SETTLE_SECONDS = 600


def compose() -> list[str]:
    """The compose command of this machine."""
    if named := os.environ.get("COMPOSE"):
        return shlex.split(named)
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]


def accounts() -> str:
    """The demo accounts by role, as JSON, once the demo data is there."""
    command = [*compose(), "run", "--rm", "--no-deps", "-T", "auth-demo"]
    deadline = time.monotonic() + DEMO_DATA_SECONDS
    while True:
        result = subprocess.run([*command, "cat", "/data/accounts.json"], cwd=ROOT, capture_output=True, text=True)
        if result.returncode == 0:
            return result.stdout
        if time.monotonic() > deadline:
            raise StackError("there are no demo accounts: is the profile `demo` on?", details=result.stderr)
        time.sleep(1)


def wait_until_on_sale() -> None:
    """Until booking has heard of all the showtimes of the demo data: a sale would queue up behind them."""
    scheme = "http" if trusted() is None else "https"
    url = f"{scheme}://localhost:{setting('RABBITMQ_MANAGEMENT_PORT', '15672')}/api/queues/marquee/booking_queue"
    login = base64.b64encode(f"marquee:{setting('RABBITMQ_PASSWORD', '')}".encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {login}"})  # noqa: S310  (ours)
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        with urllib.request.urlopen(request, timeout=30, context=trusted()) as answer:  # noqa: S310  (ours)
            waiting = json.load(answer).get("messages")
        if waiting == 0:
            return
        if time.monotonic() > deadline:
            raise StackError(f"{waiting} messages are still in booking's queue")
        time.sleep(1)


def setting(name: str, default: str) -> str:
    file = ROOT / ".env"
    known = credentials.parse(file.read_text()) if file.exists() else {}
    return os.environ.get(name) or known.get(name, default).strip("'")


def gateway() -> str:
    """Where it is on this machine: over TLS where that is on."""
    if trusted() is not None:
        return f"https://localhost:{setting('GATEWAY_TLS_PORT', '443')}"
    return f"http://127.0.0.1:{setting('GATEWAY_PORT', '80')}"


def trusted() -> ssl.SSLContext | None:
    """Who signs what the containers show: the authority of `make env`."""
    if OF_TLS not in setting("COMPOSE_FILE", ""):
        return None
    return ssl.create_default_context(cafile=str(AUTHORITY.trusted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=Path, help="where to leave the demo accounts")
    options = parser.parse_args()
    found = accounts()
    if options.accounts:
        credentials.write_private(options.accounts, found)
    wait_until_on_sale()
    customer = json.loads(found)["customer"]
    ticket = buy_ticket(
        gateway=gateway(),
        trusting=trusted(),
        mailbox=f"http://127.0.0.1:{setting('MAILBOX_PORT', '8025')}",
        **customer,
    )
    print(
        f"ticket {ticket.reference}: {ticket.movie}, {ticket.theater}, {ticket.screen}, seat {ticket.seat},"
        f" {ticket.price}; paid after {ticket.captured_seconds:.2f} s,"
        f" in the mailbox after {ticket.mailed_seconds:.2f} s"
    )


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(f"marquee: {error}\n{error.details}".rstrip())
