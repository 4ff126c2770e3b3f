import json
from collections.abc import Callable
from typing import Any

import amqp
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from chassis.messaging.dead_letter_records import record_taken_out
from chassis.messaging.dead_letters import Choice, DeadLetters
from chassis.messaging.worker import service_tables
from chassis.storage.audit_log import of_command


class Command(BaseCommand):
    help = "Messages that no handler could take, or no queue wanted: list, show, replay, discard."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="the oldest of each queue; nothing is taken out")
        listing.add_argument("--limit", type=int, default=100)
        actions.add_parser("show", help="one message, with its payload").add_argument("id")
        for action, does in (("replay", "send again"), ("discard", "throw away")):
            which = actions.add_parser(action, help=does).add_mutually_exclusive_group(required=True)
            which.add_argument("id", nargs="?")
            which.add_argument("--all", action="store_true", help="all that are this service's to handle")

    def handle(self, *args: Any, **options: Any) -> None:
        handlers, _ = service_tables()
        letters = DeadLetters(handlers)
        try:
            getattr(self, f"_{options['action']}")(letters, options)
        except (OSError, amqp.AMQPError) as exc:
            raise CommandError(f"RabbitMQ: {exc or type(exc).__name__}") from exc

    def _list(self, letters: DeadLetters, options: dict[str, Any]) -> None:
        for letter in letters.all(limit=options["limit"]):
            died_at = letter.died_at.isoformat() if letter.died_at else "-"
            columns = (letter.queue, letter.id, letter.type, letter.subject, letter.reason, died_at)
            self.stdout.write("\t".join(column or "-" for column in columns))
        for queue, count in letters.counts().items():
            self.stderr.write(f"{count} in {queue}")

    def _show(self, letters: DeadLetters, options: dict[str, Any]) -> None:
        found = letters.find(options["id"])
        if not found:
            raise CommandError(f"There is no dead letter {options['id']}.")
        for letter in found:
            headers = letter.message.properties.get("application_headers")
            shown = {"queue": letter.queue, "headers": headers, "event": letter.attributes}
            self.stdout.write(json.dumps(shown, indent=2, default=str))

    def _replay(self, letters: DeadLetters, options: dict[str, Any]) -> None:
        self._report(self._take_out(letters.replay, letters, options), "sent again", options)

    def _discard(self, letters: DeadLetters, options: dict[str, Any]) -> None:
        self._report(self._take_out(letters.discard, letters, options), "discarded", options)

    def _take_out(self, action: Callable[[Choice], int], letters: DeadLetters, options: dict[str, Any]) -> int:
        with transaction.atomic():
            count = action(self._chosen(letters, options))
            chosen = [] if options["all"] else [options["id"]]
            record_taken_out(of_command(), options["action"], chosen=chosen, count=count)
        return count

    def _chosen(self, letters: DeadLetters, options: dict[str, Any]) -> Choice:
        return letters.own if options["all"] else lambda letter: letter.id == options["id"]

    def _report(self, count: int, done: str, options: dict[str, Any]) -> None:
        if not count and not options["all"]:
            raise CommandError(f"There is no dead letter {options['id']}.")
        self.stdout.write(f"{count} {done}")
