"""`manage.py prepare`: what must be there before this version of the service runs, in one start of Python."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import amqp
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection

from chassis.management.commands.declare_topology import BrokerAway
from chassis.messaging import broker
from chassis.storage.partitions import all_tables, make_ahead

PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Waits for PostgreSQL and migrates, then waits for RabbitMQ and declares the queues."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="how long for each server")
        parser.add_argument(
            "--spare-broker",
            action="store_true",
            help="go on when RabbitMQ does not answer in that time: workers and relays declare what they need as well",
        )
        parser.add_argument("--demo", action="store_true", help="fill in the demo data, where the service has any")
        parser.add_argument(
            "--after-queues",
            nargs="+",
            default=[],
            metavar="QUEUE",
            help="queues that must be there before the demo data is told of",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        seconds = options["wait"]
        _patiently(connection.ensure_connection, OperationalError, seconds)
        call_command("migrate", interactive=False, stdout=self.stdout)
        # Of a dump that is put back, for one: its partitions are of the days in which it was made.
        for by in all_tables():
            make_ahead(by)
        try:
            _patiently(lambda: call_command("declare_topology", stdout=self.stdout), BrokerAway, seconds)
            if options["demo"]:
                for queue in options["after_queues"]:
                    _patiently(partial(_find, queue), BrokerAway, seconds)
        except BrokerAway as away:
            if not options["spare_broker"]:
                raise
            self.stderr.write(f"{away}; going on: queues are declared by who uses them")
        if options["demo"] and "demo_data" in get_commands():
            call_command("demo_data", stdout=self.stdout)


def _patiently(do: Callable[[], object], away: type[Exception], seconds: float) -> None:
    """Does it, again and again while the server is away, for so many seconds; then its error is raised."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            do()
        except away:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _find(queue: str) -> None:
    """Raises BrokerAway while there is no queue of that name."""
    try:
        with broker.connection(settings.RABBITMQ_URL, seconds=5) as opened:
            opened.channel().queue_declare(queue, passive=True)
    except (OSError, amqp.AMQPError) as exc:
        raise BrokerAway(f"RabbitMQ: {queue}: {exc or type(exc).__name__}") from exc
