"""Posters of films: kept in PostgreSQL, served from our own host under the hash of their bytes (ADR 90).

actor: who of staff does it, for the audit log; None where a program does. Locks: as in catalog.services.
"""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from catalog.cache import catalog_changed
from catalog.errors import InvalidFields, PicturesBusy, PosterNotFound
from catalog.films import locked_movie, write_change
from catalog.models import Movie, Poster, PosterPicture
from catalog.pictures import Busy, Drawing, NotAPicture, draw
from catalog.records import state
from chassis.storage.audit_log import Actor

# Of a picture that no film has any more: pages that were read before go on showing it.
KEPT = timedelta(days=1)
BATCH = 200


def drawn(data: bytes) -> Drawing:
    """Raises InvalidFields of `picture` when it is none that we take; PicturesBusy."""
    try:
        return draw(data)
    except NotAPicture as exc:
        raise InvalidFields(picture=str(exc)) from exc
    except Busy as exc:
        raise PicturesBusy from exc


def set_poster(*, movie_id: UUID, drawing: Drawing, actor: Actor | None = None) -> Movie:
    """The film has this picture from now on. Raises MovieNotFound."""
    with transaction.atomic():
        movie = locked_movie(movie_id)
        before = state(movie)
        let_go(movie_id)
        # Where it is there already, it is in use again.
        PosterPicture.objects.bulk_create(
            (PosterPicture(digest=drawing.digest, width=size.width, body=size.body) for size in drawing.sizes),
            update_conflicts=True,
            unique_fields=["digest", "width"],
            update_fields=["unused_since"],
        )
        sizes = [[size.width, size.height] for size in drawing.sizes]
        Poster.objects.update_or_create(movie=movie, defaults={"digest": drawing.digest, "sizes": sizes})
        write_change(movie, before, actor=actor, deed="pictured")
        catalog_changed()
    return movie


def remove_poster(*, movie_id: UUID, actor: Actor | None = None) -> None:
    """Raises MovieNotFound, PosterNotFound."""
    with transaction.atomic():
        movie = locked_movie(movie_id)
        before = state(movie)
        if not let_go(movie_id):
            raise PosterNotFound
        Poster.objects.filter(movie=movie).delete()
        write_change(movie, before, actor=actor, deed="pictured")
        catalog_changed()


def picture(digest: str, width: int) -> bytes:
    """Raises PosterNotFound."""
    body = PosterPicture.objects.filter(digest=digest, width=width).values_list("body", flat=True).first()
    if body is None:
        raise PosterNotFound
    return bytes(body)


def let_go(movie_id: UUID) -> bool:
    """The film is about to have no poster, or another one; whether it had one."""
    digest = Poster.objects.filter(movie_id=movie_id).values_list("digest", flat=True).first()
    PosterPicture.objects.filter(digest=digest).update(unused_since=timezone.now())
    return digest is not None


def prune_pictures() -> int:
    """Drops pictures that no film has had for a day, a batch of them; how many."""
    with transaction.atomic():
        unused = dict(
            PosterPicture.objects.select_for_update(skip_locked=True)
            .filter(unused_since__lt=timezone.now() - KEPT)
            .order_by("unused_since")
            .values_list("pk", "digest")[:BATCH]
        )
        # Another film may have the same one still.
        used = Poster.objects.filter(digest__in=set(unused.values())).values_list("digest", flat=True)
        PosterPicture.objects.filter(digest__in=set(used)).update(unused_since=None)
        return PosterPicture.objects.filter(pk__in=list(unused), unused_since__isnull=False).delete()[0]
