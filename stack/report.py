"""What a person sees at the end of `up`."""

from stack import demo, variables
from stack.buy_ticket import Ticket
from stack.lifecycle import Stack
from stack.ports import HOST
from stack.servers import rabbitmq, replicas
from stack.services import NAMES


def addresses(stack: Stack) -> dict[str, str]:
    """What there is → where it is."""
    copies = replicas.names(stack.instance)
    gateway = variables.gateway_url(stack.instance, stack.ports)
    return {
        "shop": f"{gateway}/",
        "gateway": gateway,
        **{f"{name} API": f"{gateway}/api/{name}/docs/" for name in NAMES},
        **{f"{name} admin": f"{gateway}/admin/{name}/" for name in NAMES},
        "mailbox": f"{variables.url(stack.ports['mailbox'])}/",
        "Flower": f"{gateway}/flower/  ({variables.FLOWER_USER} / {stack.secrets['FLOWER_PASSWORD']})",
        "RabbitMQ": f"{variables.secured_url(stack.instance, stack.ports['rabbitmq-management'])}/  "
        f"({rabbitmq.USER} / {stack.secrets['RABBITMQ_PASSWORD']})",
        "PostgreSQL": ", ".join(f"{name} {HOST}:{stack.ports[f'postgres-{name}']}" for name in NAMES),
        **({"replicas of catalog": ", ".join(f"{HOST}:{stack.ports[name]}" for name in copies)} if copies else {}),
    }


def print_addresses(stack: Stack) -> None:
    table = addresses(stack)
    width = max(map(len, table))
    for what, where in table.items():
        print(f"  {what:{width}}  {where}")


def print_ticket(ticket: Ticket) -> None:
    print(f"\n  A ticket was bought: {ticket.movie}, {ticket.starts_at}")
    print(f"  {ticket.theater}, {ticket.screen}, seat {ticket.seat}, {ticket.price}, booking {ticket.reference}")
    print(f"  paid after {ticket.captured_seconds:.2f} s, in the mailbox after {ticket.mailed_seconds:.2f} s\n")


def print_accounts(stack: Stack) -> None:
    if accounts := demo.accounts(stack):
        print("\n  Demo accounts (customers sign in at the shop or by the API, the others also at the admin sites)")
    for role, account in accounts.items():
        print(f"  {role:10}  {account['username']} / {account['password']}")
