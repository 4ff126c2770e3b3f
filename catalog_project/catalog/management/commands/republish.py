from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.republish import BATCH, KINDS, republish

MOST = 1000


class Command(BaseCommand):
    help = (
        "Tells theaters, movies, screens and the showtimes to come again, each with the revision that it has: a"
        " consumer that has lost them takes them, one that has them leaves them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; default: all")
        parser.add_argument("--batch", type=int, default=BATCH, metavar="N", help=f"a transaction; default {BATCH}")

    def handle(self, *args: Any, **options: Any) -> None:
        if unknown := sorted(set(options["kinds"]) - set(KINDS)):
            raise CommandError(f"There is no {unknown[0]!r}: {', '.join(KINDS)}.")
        if not 1 <= options["batch"] <= MOST:
            raise CommandError(f"A batch is of 1 to {MOST}.")
        for kind in KINDS:
            if not options["kinds"] or kind in options["kinds"]:
                told = sum(republish(kind, batch=options["batch"]))
                self.stdout.write(f"{kind}: {told} told")
