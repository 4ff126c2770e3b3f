from typing import Any

import amqp
from django.core.management.base import BaseCommand, CommandError

from chassis.messaging.heard import remember
from chassis.messaging.topology import declare
from chassis.messaging.worker import service_tables


class BrokerAway(CommandError):
    """RabbitMQ does not answer, or not yet."""


class Command(BaseCommand):
    help = (
        "Declares this service's exchanges, queues and bindings, before anything publishes to them, "
        "and notes since when it hears each type of event."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        handlers, ticks = service_tables()
        try:
            names = declare(handlers, ticks)
        except amqp.PreconditionFailed as exc:
            # RabbitMQ does not change a queue that is there.
            raise CommandError(f"{exc.reply_text}. Empty that queue, delete it, and run this again.") from exc
        except (OSError, amqp.AMQPError) as exc:
            raise BrokerAway(f"RabbitMQ: {exc or type(exc).__name__}") from exc
        remember(handlers)
        for name in names:
            self.stdout.write(name)
