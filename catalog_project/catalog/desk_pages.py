from typing import Any

from django.urls import reverse

from catalog.models import Movie, Theater
from chassis.web.desk import DeskPage
from chassis.web.desk_search import Find

PAGES: list[DeskPage] = []


def _released(movie: Movie) -> str:
    return f"film, from {movie.release_date:%d %b %Y}" if movie.release_date else "film"


def _place(theater: Any) -> str:
    return f"theater, {theater.address}" if theater.address else "theater"


FINDS = [
    Find(Movie, lambda movie: reverse("admin:catalog_movie_change", args=[movie.pk]), about=_released),
    Find(Theater, lambda theater: reverse("admin:catalog_theater_change", args=[theater.pk]), about=_place),
]
