"""The desk among a million bookings: each page as an admin opens it, and as somebody limited to a theater does."""

import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import psycopg

from bench import system
from bench.browser import Browser
from bench.http import Client, percentile
from bench.market import BenchError, sign_in
from bench.report import Figure
from stack import demo
from stack.lifecycle import Stack

TIMES = 5
WANTED_MS, WANTED_BUFFERS = 300.0, 5000.0
# Below /admin/<service>/; {names} are of a booking of the last days. A page, and then the parts that it fetches.
PAGES: Mapping[str, Sequence[str]] = {
    "auth": (
        "search/?q={reference}",
        "search/?q={name}",
        "customers/{user}/",
        "panels/customers/{user}/person/",
        *("panels/search/?q={name}", "panels/search/?q={email}", "panels/needs/", "second-factor/"),
    ),
    "catalog": ("board/?theater={theater}&day={day}", "panels/needs/", "panels/search/?q={film}"),
    "booking": (
        *("panels/houses/", "panels/needs/", "tonight/?theater={theater}&day={day}"),
        *("panels/tonight/?theater={theater}&day={day}", "door/?theater={theater}&day={day}"),
        *("showtimes/{showtime}/map/", "door/{showtime}/", "bookings/{booking}/whole/", "bookings/{booking}/exchange/"),
        "panels/customers/{user}/bookings/",
        *("showtimes/{open}/counter/?seat={seat}", "bookings/{sold}/counter/", "panels/counter/{sold}/"),
        *("panels/search/?q={reference}", "panels/search/?q={email}", "panels/search/?q={last4}"),
    ),
    "payment": (
        *("panels/takings-today/", "panels/needs/", "takings/", "takings/?by=day&by=theater&by=film&by=type"),
        *("panels/bookings/{booking}/money/", "panels/bookings/{booking}/steps/", "panels/customers/{user}/money/"),
        *("panels/search/?q={reference}", "panels/search/?q={last4}"),
        *("reconciliation/", "payments/payout/?q={till}", "payments/payout/?owed=no"),
    ),
    "notify": (
        *("panels/bookings/{booking}/messages/", "panels/bookings/{booking}/steps/"),
        *("panels/customers/{user}/messages/", "panels/needs/", "panels/search/?q={email}"),
    ),
}
_SUBJECT = """
SELECT bookings.id AS booking, reference, card_last4 AS last4, bookings.user_id AS user, showtimes.id AS showtime,
    theater_id AS theater, movie_title AS film, (starts_at AT TIME ZONE time_zone)::date AS day
FROM bookings JOIN showtimes ON showtimes.id = showtime_id
WHERE bookings.status = 'CONFIRMED' AND card_last4 <> '' AND theater_id = (
    SELECT theater_id FROM counter_sales JOIN bookings ON bookings.id = booking_id
    JOIN showtimes ON showtimes.id = showtime_id
    WHERE bookings.status = 'CONFIRMED' ORDER BY booking_id DESC LIMIT 1
) ORDER BY bookings.id DESC LIMIT 1
"""
# A sale at the counter of a theater, and a seat that could be sold there next.
_COUNTER = """
SELECT booking_id AS sold, reference AS till, coming.id AS open, free.id AS seat
FROM counter_sales JOIN bookings ON bookings.id = booking_id
JOIN showtimes AS shown ON shown.id = showtime_id
CROSS JOIN (
    SELECT showtimes.id, screens.seats FROM showtimes JOIN screens ON screens.id = screen_id
    WHERE showtimes.theater_id = %(theater)s AND showtimes.status = 'scheduled'
        AND starts_at > now() + interval '1 hour' ORDER BY starts_at LIMIT 1
) AS coming
CROSS JOIN LATERAL (
    SELECT id FROM jsonb_to_recordset(coming.seats) AS seat(id uuid, category text)
    WHERE category = 'standard'
        AND NOT EXISTS (SELECT FROM seat_status WHERE showtime_id = coming.id AND seat_id = seat.id) LIMIT 1
) AS free
WHERE shown.theater_id = %(theater)s ORDER BY booking_id DESC LIMIT 1
"""


def desk(stack: Stack) -> Iterator[Figure]:
    """Of each page, and of the first page of each list, how long it takes through the gateway, and at how many pages of
    the database it looks; as each of both readers. Raises BenchError."""
    about = _subject(stack)
    admin = Visitor(stack, **_account(stack, "admin"))
    limited = Visitor(stack, **_limited(stack, str(about["theater"])))
    with system.unlimited(stack):
        yield "the desk's first page, ms", max(each.milliseconds("/admin/") for each in (admin, limited)), WANTED_MS
        for service, pages in PAGES.items():
            named = {page: page.format_map(about) for page in (*pages, *admin.lists(service))}
            looked = _buffers(stack, service, list(named.values()), str(about["theater"]))
            for page, path in named.items():
                for who, visitor in (("", admin), (", limited to a theater", limited)):
                    took = visitor.milliseconds(f"/admin/{service}/{path}")
                    yield f"desk: {service}/{page}{who}, ms", took, WANTED_MS
                    yield f"desk: {service}/{page}{who}, buffers", looked[bool(who), path], WANTED_BUFFERS


class Visitor:
    """Somebody of staff in a browser."""

    def __init__(self, stack: Stack, *, username: str, password: str) -> None:
        self._browser = Browser(system.gateway(stack))
        self._browser.sign_in(username, password)

    def lists(self, service: str) -> list[str]:
        """As `bookings/booking/`: those that the front page of the site leads to."""
        return sorted(set(re.findall(rf'href="/admin/{service}/([a-z_]+/[a-z_]+/)"', self._page(f"/admin/{service}/"))))

    def milliseconds(self, path: str) -> float:
        """The median of some. A page that asks for a right nobody gave is answered as fast as that."""
        seconds = []
        for _ in range(TIMES):
            started = time.perf_counter()
            self._page(path)
            seconds.append(time.perf_counter() - started)
        return round(percentile(seconds, 0.5) * 1000, 1)

    def _page(self, path: str) -> str:
        status, page = self._browser.get(path)
        if status not in (200, 403, 404):
            raise BenchError(f"{path}: {status}")
        return page


def _subject(stack: Stack) -> dict[str, Any]:
    with psycopg.connect(system.database(stack, "booking"), row_factory=psycopg.rows.dict_row) as connection:
        found = connection.execute(_SUBJECT).fetchone()
        counter = found and connection.execute(_COUNTER, {"theater": found["theater"]}).fetchone()
    if found is None or counter is None:
        raise BenchError("nothing was sold, or nothing at the counter")
    with psycopg.connect(system.database(stack, "auth")) as connection:
        person = connection.execute("SELECT username, email FROM users WHERE id = %s", [found["user"]]).fetchone()
    name, email = person or ("nobody", "nobody@example.com")
    return {key: quote(str(value)) for key, value in {**found, **counter, "name": name, "email": email}.items()}


def _account(stack: Stack, role: str) -> dict[str, str]:
    account = demo.accounts(stack)[role]
    return {"username": account["username"], "password": account["password"]}


def _limited(stack: Stack, theater: str) -> dict[str, str]:
    """A manager of that theater alone, made for this run."""
    gateway, account = system.gateway(stack), _account(stack, "admin")
    name = f"bench-{secrets.token_hex(4)}"
    made = {"username": name, "email": f"{name}@load.example", "password": secrets.token_urlsafe(16)}
    opened = Client(gateway).post("/api/auth/register", made)
    admin = Client(gateway, token=sign_in(gateway, account["username"], account["password"]))
    rights = {"roles": ["customer", "manager"], "theaters": [theater]}
    given = admin.call("PATCH", f"/api/auth/users/{opened.json().get('id')}/rights", rights)
    if given.status != 200:
        raise BenchError(f"nobody is limited to a theater: {given.status}")
    return {"username": name, "password": made["password"]}


def _buffers(stack: Stack, service: str, paths: Sequence[str], theater: str) -> dict[tuple[bool, str], float]:
    """By whether it is of somebody limited to the theater, and the path."""
    asked = [f"--page=/admin/{service}/{path}" for path in paths]
    found = {}
    for limited, more in ((False, ()), (True, (f"--theater={theater}",))):
        for row, path in zip(system.costs_of(stack, service, *asked, *more), paths, strict=True):
            found[limited, path] = float(row["buffers"])
    return found
