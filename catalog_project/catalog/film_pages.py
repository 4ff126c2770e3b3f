"""Films as the API answers them: told in the reader's language, in pages or one by one, from the cache if it can."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request

from catalog.cache import read_through
from catalog.film_serializers import ORDERINGS, MovieSerializer
from catalog.finding import Wanted, list_movies, movies_by_match
from catalog.models import Movie
from catalog.pages import as_json, dumps, ranked
from chassis.web.gateway import public_path
from chassis.web.pages import CursorPage
from chassis.web.queries import PAGE_SIZE, PageQuery

# Between the languages that an answer is in and the answer: JSON as we write it has none of these.
_END = "\n"


def film_list(request: Request, *, query: Mapping[str, Any], languages: Sequence[str]) -> HttpResponse:
    """query: the values of MovieFilters."""
    asked = Wanted(**{name: value for name, value in query.items() if name not in ("ordering", "fields")})

    def load() -> str:
        if asked.search is not None and "ordering" not in query:
            size = PageQuery.read_page(request.query_params).get("page_size", PAGE_SIZE)
            found = movies_by_match(asked, limit=size, languages=languages)
            return _written(ranked(_told(found, languages)), query.get("fields"))
        pages = CursorPage(ordering=ORDERINGS[query.get("ordering", "-release_date")])
        found = pages.paginate_queryset(list_movies(asked, languages=languages), request)
        return _written(pages.get_paginated_response(_told(found, languages)).data, query.get("fields"))

    address = request.build_absolute_uri(public_path(request))  # the links of the page hold it
    question = f"{address}?{urlencode(sorted(request.query_params.items()))} in {','.join(languages)}"
    return _answer(read_through("movies", question, load))


def film(question: str, find: Callable[[], Movie], *, languages: Sequence[str]) -> HttpResponse:
    """One, as find() returns it. question: what is asked for, by id or by name."""

    def load() -> str:
        [told] = _told([find()], languages)
        return f"{told['language']}{_END}{dumps(told)}"

    return _answer(read_through("movie", f"{question} in {','.join(languages)}", load))


def _told(films: Sequence[Movie], languages: Sequence[str]) -> list[dict[str, Any]]:
    return list(MovieSerializer(films, many=True, context={"languages": languages}).data)


def _written(page: dict[str, Any], fields: Sequence[str] | None) -> str:
    """The languages that its films are told in, and the page."""
    told = sorted({row["language"] for row in page["results"] if row["language"]})
    if fields is not None:
        page["results"] = [{name: row[name] for name in fields} for row in page["results"]]
    return f"{', '.join(told)}{_END}{dumps(page)}"


def _answer(kept: str) -> HttpResponse:
    told_in, _, body = kept.partition(_END)
    response = as_json(body)
    if told_in:
        response["Content-Language"] = told_in
    patch_vary_headers(response, ["Accept-Language"])
    return response
