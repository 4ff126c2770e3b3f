"""Catalog's pages of the desk."""

from typing import Any

from django.urls import reverse

from catalog.board_pages import board_page, board_panel, plan_at, showtime_panel
from catalog.models import Movie, Theater
from catalog.theater_panels import theaters_panel
from chassis.web.desk import DeskPage
from chassis.web.desk_search import Find

PAGES = [
    DeskPage("board/", "board", board_page, "view_showtime"),
    DeskPage("board/plan/", "board_plan", plan_at, "add_showtime"),
    DeskPage("panels/board/", "board_panel", board_panel, "view_showtime"),
    DeskPage("panels/board/showtime/", "board_showtime", showtime_panel, "view_showtime"),
    DeskPage("panels/theaters/", "theaters_panel", theaters_panel, "view_theater"),
]


def _released(movie: Movie) -> str:
    return f"film, from {movie.release_date:%d %b %Y}" if movie.release_date else "film"


def _place(theater: Any) -> str:
    return f"theater, {theater.address}" if theater.address else "theater"


FINDS = [
    Find(Movie, lambda movie: reverse("admin:catalog_movie_change", args=[movie.pk]), about=_released),
    Find(Theater, lambda theater: reverse("admin:catalog_theater_change", args=[theater.pk]), about=_place),
]
