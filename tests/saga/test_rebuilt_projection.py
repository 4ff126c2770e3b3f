"""What booking keeps of the catalog can be lost: the catalog tells it again, and it is as it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from waiting import wait_for
from world import Market, Person, World, showtime_body, wait_until_on_sale

from stack import environment, lifecycle, variables
from stack.services import service_named

DAYS_AHEAD = 70
# But for what booking has come to know of a showtime by itself.
SHOWTIME = (
    "SELECT movie_id, movie_title, theater_id, screen_id, screen_name, starts_at, ends_at, prices, rules, status,"
    " revision FROM showtimes WHERE id = %s"
)
SCREEN = "SELECT theater_id, name, rows, columns, revision, seats FROM screens WHERE id = %s"


@pytest.fixture
def projection(stack: lifecycle.Stack) -> Iterator[psycopg.Connection]:
    """Booking's own database."""
    address = variables.database_url(stack.instance, service_named("booking"), stack.ports, stack.secrets)
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


@pytest.fixture
def showtimes(world: World, market: Market, admin: Person) -> list[str]:
    """Two that nobody has a booking of, so that booking can lose them."""
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=DAYS_AHEAD)
    made = []
    for starts_at in (first, first + timedelta(days=1)):
        body = showtime_body(market.movie, market.screen, starts_at)
        made.append(admin.post("/api/showtimes", body).ok(201)["id"])
        wait_until_on_sale(world, made[-1])
    return made


def republish(stack: lifecycle.Stack) -> None:
    service = service_named("catalog")
    own = variables.of_service(stack.instance, service, ports=stack.ports, secrets=stack.secrets)
    words = ("manage.py", "republish", "screens", "showtimes")
    environment.python(*words, folder=service.folder, variables=own, complaint="catalog does not tell again")


def test_a_lost_projection_is_told_again_and_what_is_there_stays(
    stack: lifecycle.Stack, projection: psycopg.Connection, market: Market, showtimes: list[str]
) -> None:
    def kept(showtime: str) -> list[Any]:
        rows = [projection.execute(SHOWTIME, [showtime]), projection.execute(SCREEN, [market.screen["id"]])]
        return [row.fetchone() for row in rows]

    there, lost = showtimes
    before = kept(lost)
    assert all(before)
    projection.execute("DELETE FROM showtimes WHERE id = %s", [lost])
    projection.execute("DELETE FROM screens WHERE id = %s", [market.screen["id"]])
    projection.execute("UPDATE showtimes SET movie_title = 'as it was' WHERE id = %s", [there])
    republish(stack)
    wait_for(lambda: kept(lost) == before, what="projection as it was")
    assert kept(there)[0][1] == "as it was", "the revision that is known is no news"
