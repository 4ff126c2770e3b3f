"""What a film is called in addresses, and found by: made of its titles, in the transaction that changes them.

The film's row is locked by then.
"""

from uuid import UUID

from django.db import transaction

from catalog.cache import catalog_changed
from catalog.errors import InvalidFields
from catalog.events import MovieUpdated
from catalog.film_rules import slugs_for
from catalog.models import Movie, MovieText
from chassis.messaging.outbox import emit_all
from chassis.storage.database import execute

# One that is the film's already, or was, is taken anew.
CLAIM = """
INSERT INTO movie_slugs AS taken (slug, movie_id) VALUES (%s, %s)
ON CONFLICT (slug) DO UPDATE SET slug = EXCLUDED.slug WHERE taken.movie_id = EXCLUDED.movie_id
"""
WORDS = """
INSERT INTO movie_words (movie_id, names, document)
VALUES (%(movie)s, lower(unaccent(%(names)s)), to_tsvector('simple', lower(unaccent(%(about)s))))
ON CONFLICT (movie_id) DO UPDATE SET names = EXCLUDED.names, document = EXCLUDED.document
"""


def take_slug(movie_id: UUID, *, title: str, wanted: str = "") -> str:
    """The name that the film has from now on; wanted: "" for one that is made of the title.

    Raises InvalidFields when another film has the wanted one, or had it.
    """
    for slug in [wanted] if wanted else slugs_for(title, movie_id):
        if execute(CLAIM, [slug, movie_id]):
            return slug
    raise InvalidFields(slug="Another film has this name in addresses, or had it.")


def write_words(movie: Movie) -> None:
    """What the film is found by from now on."""
    texts = list(MovieText.objects.filter(movie=movie))
    people = [word for person in movie.people for key, word in person.items() if key != "role"]
    names = [movie.title, movie.original_title, *(text.title for text in texts), *people]
    about = [*names, movie.synopsis, *(text.synopsis for text in texts), *movie.genres]
    execute(WORDS, {"movie": movie.id, "names": "\n".join(filter(None, names)), "about": "\n".join(about)})


def name_films(*, limit: int) -> int:
    """Names up to so many films that were written by what knows no names, and tells of them; how many."""
    with transaction.atomic():
        films = list(
            Movie.objects.filter(slug="").select_for_update(skip_locked=True, no_key=True).order_by("id")[:limit]
        )
        for movie in films:
            movie.slug = take_slug(movie.id, title=movie.title)
            movie.revision += 1
            movie.save(update_fields=["slug", "revision", "updated_at"])
            write_words(movie)
        emit_all([(MovieUpdated.of(movie), movie.id) for movie in films])
        if films:
            catalog_changed()
    return len(films)
