"""Films as a file: its columns, films out of one, and one out of films. Translations and posters are not in it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from catalog import services
from catalog.cache import catalog_changed
from catalog.film_serializers import MovieInput
from catalog.lines import (
    lines_of,
    read_pairs,
    read_people,
    read_words,
    write_pairs,
    write_people,
    write_words,
)
from catalog.models import Movie
from chassis.storage.audit_log import Actor
from chassis.web.importing import Columns, Imported, all_or_none, read_lines
from chassis.web.tables import Table

MOST_FILMS = 500
_WORDS = ("genres", "languages", "subtitles")
FILMS = Columns(
    names=MovieInput.Meta.fields,
    required=["title", "duration_minutes", "rating", "genres", "languages", "release_date"],
    read={
        **dict.fromkeys(_WORDS, read_words),
        "ratings": lambda text: read_pairs(lines_of(text)),
        "people": lambda text: read_people(lines_of(text)),
    },
    write={
        **dict.fromkeys(_WORDS, write_words),
        "ratings": lambda ratings: "\n".join(write_pairs(ratings)),
        "people": lambda people: "\n".join(write_people(people)),
    },
    empty={"genres": []},
)


def import_films(table: Table, *, actor: Actor, dry_run: bool) -> Imported:
    """Adds the films of a table: all of them or none. Raises TableUnreadable; ImportRefused, unless it is a dry run."""
    lines, faults = read_lines(table, FILMS)

    def add(values: dict[str, Any]) -> None:
        services.one_of_many_movies(actor=actor, **MovieInput.parse(values))

    return all_or_none(lines, faults, add, dry_run=dry_run, at_the_end=catalog_changed)


def film_rows(films: QuerySet[Movie], kind: str) -> Iterator[list[Any]]:
    for film in films.iterator(chunk_size=500):
        yield FILMS.row({name: getattr(film, name) for name in FILMS.names}, kind)
