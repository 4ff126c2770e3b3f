"""Which event does what: auth reads nobody's events, and works by the clock alone."""

from collections.abc import Callable

from accounts.revocations import publish_due
from accounts.tasks import forget_expired
from chassis.messaging.inbox import Handler

HANDLERS: dict[str, Handler] = {}
TICKS: dict[str, list[Callable[[], object]]] = {
    "clock.second": [publish_due],
    "clock.hour": [forget_expired],
}
