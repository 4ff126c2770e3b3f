"""What waits for somebody of staff in a service: counted for the desk's first page, with the list that shows it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import amqp
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from chassis.messaging.dead_letters import DeadLetters
from chassis.messaging.worker import service_tables
from chassis.web.desk import may, named_by_service, panel
from chassis.web.staff_admin import StaffAdmin
from chassis.web.theaters import theaters_of

# So many are counted: whoever has more needs no number.
MOST = 100


@dataclass(frozen=True, slots=True)
class Need:
    """A service names its own in `NEEDS` of `<app>/desk_pages.py`.

    name: of one of them, and plural. rows: those that wait, by an index. page: of their list, as reverse() takes it.
    query: that filters it, "": as it opens. permission: to see them.
    """

    name: str
    plural: str
    rows: Callable[[], QuerySet[Any]]
    page: str
    query: str
    permission: str


@dataclass(frozen=True, slots=True)
class Counted:
    count: str
    name: str
    address: str


@require_safe
def needs_view(request: HttpRequest) -> HttpResponse:
    """For all staff, of what each of them may see."""
    return panel(request, "chassis/needs.html", "What needs somebody", needs=[*_waiting(request), *_dead_letters()])


def _waiting(request: HttpRequest) -> Iterator[Counted]:
    for need in named_by_service("NEEDS"):
        if may(request, need.permission):
            count = len(_theirs(request, need.rows()).order_by().values_list("pk")[: MOST + 1])
            if count:
                yield _counted(count, need.name, need.plural, f"{reverse(need.page)}?{need.query}".rstrip("?"))


def _theirs(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """As the list that shows them has them."""
    theaters, page = theaters_of(request), admin.site._registry[rows.model]
    return page.of_theaters(rows, theaters) if theaters is not None and isinstance(page, StaffAdmin) else rows


def _dead_letters() -> Iterator[Counted]:
    address = reverse("dead_letters")
    try:
        # What nobody wanted is in a queue of all services, and has an alert of its own.
        count = DeadLetters(service_tables()[0]).counts()[f"{settings.SERVICE_NAME}.dead"]
    except (OSError, amqp.AMQPError):
        yield Counted("?", "dead letters: RabbitMQ does not answer", address)
    else:
        if count:
            yield _counted(count, "dead letter", "dead letters", address)


def _counted(count: int, name: str, plural: str, address: str) -> Counted:
    return Counted(f"{MOST}+" if count > MOST else str(count), name if count == 1 else plural, address)
