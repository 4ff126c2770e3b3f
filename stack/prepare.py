"""Makes a service's database and its part of RabbitMQ what the code expects; run in the service's folder.

`migrate` first, and with the argument `demo` the service's demo data if it has any; then it says `migrated`, and only
when a line comes in it declares the topology. One start of Python does for all, and most of it is done while RabbitMQ
is still starting.
"""

import os
import sys

import django
from django.core.management import call_command, get_commands


def main() -> None:
    sys.path.insert(0, os.getcwd())
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    if "demo" in sys.argv[1:] and "demo_data" in get_commands():
        call_command("demo_data", stdout=sys.stderr)
    print("migrated", flush=True)
    if sys.stdin.readline():
        call_command("declare_topology", verbosity=0)


if __name__ == "__main__":
    main()
