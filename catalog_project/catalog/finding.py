"""Films that somebody looks for: by what they are, where and when they are shown, and by words with typing errors.

What is returned is complete for its serializer, in the languages that were asked for.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connections, router
from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.domain import ShowtimeStatus
from catalog.errors import MovieNotFound
from catalog.film_rules import FilmStatus
from catalog.models import Movie, MovieSlug, MovieText, MovieWords, Showtime
from catalog.selectors import Point, in_city, on_day, theaters_near

# So many films a search finds at most, of so many that are compared.
BEST, COMPARED = 100, 500
# What is less alike than this share of the best is not meant.
SHARE = 0.6
# So many showtimes are looked through for the films that are shown; of more, film by film is asked whether it is one.
# Where the first few are of too many films already, the others are not looked at.
LOOKED_THROUGH = (2_000, 30_000)
# The same where they are of more films than this: whoever asks film by film soon has a page then.
FEW_FILMS = 500
# So many languages there are at most; whoever has more has a mistake in them.
LANGUAGES = 100

# Words as they are, and names that are like them (pg_trgm; how much alike, the settings say). Without letters that it
# knows, `%>` would compare everything.
MATCHES = """
WITH asked AS MATERIALIZED (SELECT lower(unaccent(%(text)s)) AS text),
    worded AS (
        SELECT movie_id, names FROM movie_words
        WHERE document @@ (SELECT plainto_tsquery('simple', text) FROM asked) LIMIT %(compared)s
    ),
    alike AS (
        SELECT movie_id, names FROM movie_words
        WHERE (SELECT cardinality(show_trgm(text)) > 0 FROM asked) AND names %%> (SELECT text FROM asked)
        LIMIT %(compared)s
    )
SELECT movie_id FROM (
    SELECT movie_id, score, whole, max(score) OVER () AS top FROM (
        SELECT movie_id, word_similarity(text, names) + CASE WHEN bool_or(worded) THEN 0.5 ELSE 0 END AS score,
            similarity(text, names) AS whole
        FROM (
            SELECT movie_id, names, true AS worded FROM worded UNION ALL SELECT movie_id, names, false FROM alike
        ) AS found CROSS JOIN asked
        GROUP BY movie_id, names, text
    ) AS scored
) AS compared
WHERE score >= top * %(share)s
ORDER BY score DESC, whole DESC, movie_id DESC
LIMIT %(best)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Movies by what they are, and by where and when they are shown; None: whatever.

    q: part of the title, accents or none. search: among the BEST that words find. The released_* days are included.
    now_showing: has showtimes to come, or has none. city, near, date (a day by the clocks of each theater), format: has
    a showtime to come of all that is said.
    """

    q: str | None = None
    search: str | None = None
    genre: str | None = None
    rating: str | None = None
    language: str | None = None
    status: str | None = None
    coming_soon: bool | None = None
    released_after: dt.date | None = None
    released_before: dt.date | None = None
    now_showing: bool | None = None
    city: str | None = None
    near: Point | None = None
    date: dt.date | None = None
    format: str | None = None


def list_movies(wanted: Wanted, *, languages: Sequence[str] = ()) -> QuerySet[Movie]:
    """languages: as of `complete`."""
    movies = _filtered(wanted)
    if wanted.search is not None:
        movies = movies.filter(id__in=best_matches(wanted.search))
    return complete(movies, languages)


def movies_by_match(wanted: Wanted, *, limit: int, languages: Sequence[str] = ()) -> list[Movie]:
    """Of those that its search finds, which it has to have, the best first."""
    assert wanted.search is not None
    best = best_matches(wanted.search)
    found = set(_filtered(wanted).filter(id__in=best).values_list("id", flat=True))
    page = [id_ for id_ in best if id_ in found][:limit]
    movies = {movie.id: movie for movie in complete(Movie.objects.filter(id__in=page), languages)}
    return [movies[id_] for id_ in page]


def _filtered(wanted: Wanted) -> QuerySet[Movie]:
    """By all but its search."""
    asked = {
        "genres__contains": wanted.genre and [wanted.genre],
        "languages__contains": wanted.language and [wanted.language],
        "rating": wanted.rating,
        "release_date__gte": wanted.released_after,
        "release_date__lte": wanted.released_before,
    }
    movies = Movie.objects.filter(**{name: value for name, value in asked.items() if value is not None})
    if wanted.q is not None:
        # As a CASE, for of how many titles it is true the planner then takes from the words, about which it knows.
        in_title = Case(When(title__unaccent__icontains=wanted.q, then=Value(True)), default=Value(False))
        movies = movies.filter(in_title, words__names__contains=_folded(wanted.q))
    movies = _in_time(movies, status=wanted.status, coming_soon=wanted.coming_soon)
    if wanted.now_showing is not None:
        movies = movies.filter(Exists(_to_come()) if wanted.now_showing else ~Exists(_to_come()))
    if any(asked is not None for asked in (wanted.city, wanted.near, wanted.date, wanted.format)):
        movies = _shown_in(movies, _shown(wanted))
    return movies


def _folded(text: str) -> str:
    """As it stands in MovieWords, which an index finds by a part; of a title without accents no index knows."""
    with connections[router.db_for_read(MovieWords)].cursor() as cursor:
        cursor.execute("SELECT lower(unaccent(%s::text))", [text])
        (folded,) = cursor.fetchone()
        return str(folded)


def _in_time(movies: QuerySet[Movie], *, status: str | None, coming_soon: bool | None) -> QuerySet[Movie]:
    today = timezone.now().date()
    announced = Q(release_date__gt=today)
    if coming_soon is not None:
        movies = movies.filter(announced if coming_soon else ~announced)
    if status == FilmStatus.ANNOUNCED:
        return movies.filter(announced)
    if status is None:
        return movies
    released = movies.filter(~announced)
    if status == FilmStatus.SHOWING:
        return released.filter(Exists(_to_come()))
    return released.annotate(is_shown=_has_one(_to_come())).filter(is_shown=False)


def _has_one(showtimes: QuerySet[Showtime]) -> Coalesce:
    """Film by film: of an EXISTS among the columns, or a NOT EXISTS, the planner reads all that are to come."""
    one = Subquery(showtimes.order_by().annotate(yes=Value(True)).values("yes")[:1])
    return Coalesce(one, Value(False))


def _to_come() -> QuerySet[Showtime]:
    """Of the film at hand."""
    return _all_to_come().filter(movie_id=OuterRef("id"))


def _all_to_come() -> QuerySet[Showtime]:
    return Showtime.objects.filter(status=ShowtimeStatus.SCHEDULED.value, starts_at__gt=timezone.now())


def _shown_in(movies: QuerySet[Movie], showtimes: QuerySet[Showtime]) -> QuerySet[Movie]:
    """Those that one of the showtimes shows.

    They are asked for beforehand: of how many films so many showtimes are no planner knows, and it would look at each
    film, or at all showtimes of each.
    """
    for most in LOOKED_THROUGH:
        some = showtimes.order_by().values("movie_id")[:most]
        found = some.aggregate(seen=Count("*"), films=ArrayAgg("movie_id", distinct=True, default=Value([])))
        if len(found["films"]) > FEW_FILMS:
            break
        if found["seen"] < most:
            # As one parameter, and not as thousands.
            return movies.filter(RawSQL("movies.id = ANY(%s::uuid[])", [found["films"]], BooleanField()))
    return movies.annotate(is_there=_has_one(showtimes.filter(movie_id=OuterRef("id")))).filter(is_there=True)


def _shown(wanted: Wanted) -> QuerySet[Showtime]:
    showtimes = _all_to_come()
    theaters: set[UUID] | None = None
    if wanted.city is not None:
        theaters = set(in_city(wanted.city))
    if wanted.near is not None:
        around = {theater.id for theater in theaters_near(wanted.near)}
        theaters = around if theaters is None else theaters & around
    if theaters is not None:
        showtimes = showtimes.filter(theater_id__in=sorted(theaters))
    if wanted.date is not None:
        showtimes = showtimes.filter(on_day(wanted.date))
    return showtimes if wanted.format is None else showtimes.filter(format=wanted.format)


def complete(movies: QuerySet[Movie], languages: Sequence[str] = ()) -> QuerySet[Movie]:
    """With the poster, the tags of its translations, and those into one of the languages in full."""
    return (
        movies.select_related("poster")
        .annotate(has_showtimes=_has_one(_to_come()))
        .prefetch_related(
            Prefetch("texts", MovieText.objects.only("movie_id", "language"), to_attr="tags"),
            Prefetch("texts", MovieText.objects.filter(language__in=languages), to_attr="told"),
        )
    )


def get_movie(movie_id: UUID, *, languages: Sequence[str] = ()) -> Movie:
    """Raises MovieNotFound."""
    movie = complete(Movie.objects.filter(id=movie_id), languages).first()
    if movie is None:
        raise MovieNotFound
    return movie


def get_movie_by_slug(slug: str, *, languages: Sequence[str] = ()) -> Movie:
    """By a name in addresses that it has, or had, in whichever language. Raises MovieNotFound."""
    named = MovieSlug.objects.filter(slug=slug).first()
    if named is None:
        raise MovieNotFound
    return get_movie(named.movie_id, languages=languages)


def get_texts(movie_id: UUID) -> list[MovieText]:
    """All translations. Raises MovieNotFound."""
    if not Movie.objects.filter(id=movie_id).exists():
        raise MovieNotFound
    return list(MovieText.objects.filter(movie_id=movie_id))


def best_matches(search: str) -> list[UUID]:
    """Of the films that words find the best, the best first; BEST at most."""
    with connections[router.db_for_read(MovieWords)].cursor() as cursor:
        cursor.execute(MATCHES, {"text": search, "compared": COMPARED, "share": SHARE, "best": BEST})
        return [movie_id for (movie_id,) in cursor.fetchall()]


def languages_of_texts() -> list[str]:
    """All that something is told in: one look at an index for each, however many films there are."""
    return sorted({*_each(MovieText, "language"), *_each(Movie, "text_language")})


def _each(model: Any, column: str) -> list[str]:
    found: list[str] = []
    last = ""
    while len(found) < LANGUAGES:
        following = model._default_manager.filter(**{f"{column}__gt": last}).order_by(column)
        tag = following.values_list(column, flat=True).first()
        if tag is None:
            break
        found.append(tag)
        last = tag
    return found
