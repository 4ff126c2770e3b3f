"""What every change of a film has in common, whichever part of it changes: fields, a translation, the poster."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from catalog.errors import MovieNotFound
from catalog.events import MovieUpdated
from catalog.models import Movie
from catalog.naming import write_words
from catalog.records import record_changed
from chassis.messaging.outbox import emit
from chassis.storage.audit_log import Actor


def locked_movie(movie_id: UUID) -> Movie:
    """For a change of it. Raises MovieNotFound."""
    movie = Movie.objects.select_for_update(no_key=True).filter(id=movie_id).first()
    if movie is None:
        raise MovieNotFound
    return movie


def write_change(
    movie: Movie, before: dict[str, Any], *, actor: Actor | None, deed: str, fields: Iterable[str] = ()
) -> None:
    """Saves the fields with the next revision, writes down who did it, and tells of it.

    before: `records.state` of the film before the change. The caller ends with catalog_changed().
    """
    movie.revision += 1
    movie.save(update_fields=[*fields, "revision", "updated_at"])
    write_words(movie)
    record_changed(actor, movie, before, deed=deed)
    emit(MovieUpdated.of(movie), subject=movie.id)
