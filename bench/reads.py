"""What everybody reads, of the programme that is there: each question a new one, so that no cache answers it."""

import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg

from bench import system
from bench.http import Client, percentile
from bench.market import BenchError
from stack.lifecycle import Stack

# Once each; {names} are of a showtime to come, another one for each question. What takes none is asked for by pages of
# another size.
READS = (
    *("movies?", "movies?ordering=title", "movies?genre=comedy", "movies?language=cy", "movies?rating=T18"),
    *("movies?fields=title", "movies?q={title}", "movies?q=zzzz", "movies?search={title}", "movies?search=flim+77"),
    *("movies?now_showing=true", "movies?coming_soon=true", "movies?status=ended", "movies?released_after=2025-01-01"),
    *("movies?city={city}", "movies?city={city}&date={day}&format=3D", "movies?lat={latitude}&lon={longitude}"),
    *("movies?format=IMAX", "movies?format=3D", "movies?format=4DX", "movies?date={day}"),
    *("movies/{movie}", "movies/by-slug/{slug}", "movies/{movie}/texts"),
    *("theaters?", "theaters?city={city}", "theaters?lat={latitude}&lon={longitude}"),
    *("theaters/{theater}", "theaters/{theater}/screens?", "screens/{screen}"),
    *("showtimes?", "showtimes?language=cy", "showtimes?format=4DX", "showtimes?status=cancelled"),
    *("showtimes?movie_id={movie}", "showtimes?theater_id={theater}", "showtimes?theater_id={nowhere}"),
    *("showtimes?date={day}", "showtimes?date={day}&theater_id={theater}", "showtimes?date={day}&movie_id={movie}"),
    *("showtimes?movie_id={movie}&theater_id={theater}", "showtimes/{showtime}"),
)
SEATS = "showtimes/{showtime}/seats"
TIMES = 21
WANTED_MS = 50.0

# Of different films, as far as there are so many.
_SUBJECTS = """
SELECT * FROM (
    SELECT DISTINCT ON (movies.id) movies.id AS movie, movies.slug, movies.title, theaters.id AS theater, theaters.city,
        theaters.latitude, theaters.longitude, showtimes.screen_id AS screen, showtimes.id AS showtime,
        (showtimes.starts_at AT TIME ZONE theaters.time_zone)::date AS day
    FROM showtimes JOIN movies ON movies.id = showtimes.movie_id JOIN theaters ON theaters.id = showtimes.theater_id
    WHERE showtimes.status = 'scheduled' AND showtimes.starts_at BETWEEN now() + '1 day' AND now() + '9 days'
        AND theaters.latitude IS NOT NULL
    ORDER BY movies.id, md5(showtimes.id::text)
) AS programme ORDER BY md5(showtime::text) LIMIT %s
"""

Subject = dict[str, Any]


def subjects(stack: Stack) -> Sequence[Subject]:
    """Raises BenchError when nothing is shown."""
    with psycopg.connect(system.database(stack, "catalog"), row_factory=psycopg.rows.dict_row) as connection:
        found = connection.execute(_SUBJECTS, [TIMES]).fetchall()
    if not found:
        raise BenchError("nothing is shown in the days to come")
    return found


def address(read: str, subject: Subject) -> str:
    """The path of a question about that showtime."""
    values = {name: quote(str(value)) for name, value in subject.items()}
    path = read.format(**values, nowhere=uuid4())
    if "?" not in path:
        return path
    # About the usual size of a page, 20; and what is a page of showtimes has one moment more.
    sized = f"{path}&page_size={15 + secrets.randbelow(10)}".replace("?&", "?")
    return f"{sized}&starts_before={_far()}" if path.startswith("showtimes") else sized


def measured(stack: Stack) -> Iterator[tuple[str, float]]:
    """Of each read how long it takes through the gateway, p95 in milliseconds. Raises BenchError."""
    client = Client(system.gateway(stack))
    known = subjects(stack)
    for read in (*READS, SEATS):
        seconds = []
        for number in range(TIMES):
            answer = client.get(f"/api/{address(read, known[number % len(known)])}")
            if answer.status != 200:
                raise BenchError(f"{read}: {answer.status}")
            seconds.append(answer.seconds)
        yield f"GET {read.removesuffix('?')}", round(percentile(seconds, 0.95) * 1000, 1)
    client.close()


def _far() -> str:
    return f"{datetime.now(UTC).year + 5}-01-01T00:{secrets.randbelow(60):02}:{secrets.randbelow(60):02}Z"
