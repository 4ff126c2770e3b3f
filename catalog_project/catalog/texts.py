"""A film's titles and synopses in other languages: written, and taken away again.

actor: who of staff does it, for the audit log; None where a program does. Locks: as in catalog.services.
"""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.cache import catalog_changed
from catalog.errors import InvalidFields, TextNotFound
from catalog.films import locked_movie, write_change
from catalog.models import MovieText
from catalog.naming import take_slug
from catalog.records import state
from catalog.validators import language_tag
from chassis.storage.audit_log import Actor

MOST_TEXTS = 30


def put_text(*, movie_id: UUID, language: str, title: str, synopsis: str = "", actor: Actor | None = None) -> MovieText:
    """What the film is called in this language from now on. Its name in addresses there is made once, and stays.

    Raises MovieNotFound; InvalidFields for no language tag, the original's own, or one more than MOST_TEXTS.
    """
    try:
        language_tag(language)
    except ValidationError as exc:
        raise InvalidFields(language=exc.messages[0]) from exc
    with transaction.atomic():
        movie = locked_movie(movie_id)
        if language == movie.text_language:
            raise InvalidFields(language="The film itself is told in this language; change it there.")
        before = state(movie)
        text = MovieText.objects.filter(movie=movie, language=language).first()
        if text is None:
            if MovieText.objects.filter(movie=movie).count() >= MOST_TEXTS:
                raise InvalidFields(language=f"A film is told in {MOST_TEXTS} other languages at most.")
            text = MovieText(movie=movie, language=language, slug=take_slug(movie.id, title=title))
        elif (text.title, text.synopsis) == (title, synopsis):
            return text
        text.title, text.synopsis = title, synopsis
        text.save()
        write_change(movie, before, actor=actor, deed="translated")
        catalog_changed()
    return text


def remove_text(*, movie_id: UUID, language: str, actor: Actor | None = None) -> None:
    """Raises MovieNotFound, TextNotFound. The name in addresses stays the film's."""
    with transaction.atomic():
        movie = locked_movie(movie_id)
        before = state(movie)
        if not MovieText.objects.filter(movie=movie, language=language).delete()[0]:
            raise TextNotFound
        write_change(movie, before, actor=actor, deed="translated")
        catalog_changed()
