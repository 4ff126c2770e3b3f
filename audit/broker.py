"""What RabbitMQ knows: which service wants which events, and what lies among its dead letters."""

from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

from audit.rules import SERVICES, DeadLetter
from audit.web import Unreadable, Web

QUEUES = {"notification_queue": "notify"} | {f"{name}_queue": name for name in SERVICES if name != "notify"}
# Dead letters are named up to this many a queue.
DEAD_LETTERS_READ = 1000


@dataclass(frozen=True)
class Broker:
    """bound: by service, "exchange type" of each event that is bound for its queue."""

    bound: dict[str, set[str]] = field(default_factory=dict)
    dead_letters: tuple[DeadLetter, ...] = ()

    @classmethod
    def read(cls, web: Web, vhost: str) -> Self:
        """Raises Unreadable."""
        host = quote(vhost, safe="")
        bound: dict[str, set[str]] = {}
        letters: list[DeadLetter] = []
        try:
            for binding in web.ask(f"/api/bindings/{host}"):
                consumer = QUEUES.get(binding["destination"])
                if binding["source"] and consumer:
                    bound.setdefault(consumer, set()).add(f"{binding['source']} {binding['routing_key']}")
            for queue in sorted(_with_something_in(web, host) & {f"{name}.dead" for name in SERVICES}):
                letters += _letters(web, host, queue)
        except (KeyError, TypeError, AttributeError) as error:
            raise Unreadable(f"cannot read {web.name}: {error!r}") from error
        return cls(bound, tuple(letters))

    def dead(self, consumer: str) -> set[str]:
        """Ids of the events that it has laid aside."""
        return {letter.event_id for letter in self.dead_letters if letter.queue == f"{consumer}.dead"}


def _with_something_in(web: Web, host: str) -> set[str]:
    queues = web.ask(f"/api/queues/{host}?columns=name,messages")
    # A queue that was made a moment ago has not been counted yet.
    return {queue["name"] for queue in queues if queue.get("messages", 1)}


def _letters(web: Web, host: str, queue: str) -> list[DeadLetter]:
    """They stay where they are: looking is a delivery, and there is no limit of those."""
    peek: dict[str, Any] = {"count": DEAD_LETTERS_READ, "ackmode": "ack_requeue_true", "encoding": "auto"}
    found = []
    for message in web.ask(f"/api/queues/{host}/{quote(queue, safe='')}/get", peek):
        headers = message["properties"].get("headers", {})
        found.append(DeadLetter(queue, str(headers.get("task", "?")), str(headers.get("id", "?"))))
    return found
