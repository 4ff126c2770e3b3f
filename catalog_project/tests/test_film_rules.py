"""What a film is called in addresses, in which language somebody is told of it, and how far places are apart."""

from datetime import date, timedelta
from itertools import islice
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.distances import box_around, kilometres
from catalog.film_rules import SLUG, FilmStatus, best_language, slug_of, slugs_for, status_of

FILM = UUID("019ab1c4-5e20-7d30-8e62-1b2c3d4e5f03")
SAIGON, HANOI = (10.7769, 106.7009), (21.0285, 105.8542)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("The Tide Clock", "the-tide-clock"),
        ("Đồng hồ thủy triều", "dong-ho-thuy-trieu"),
        ("L'Été, à Saint-Étienne!", "lete-a-saint-etienne"),
        ("Große Straße 7½", "grosse-strasse-71-2"),
        ("  --  ", "film"),
        ("千と千尋の神隠し", "film"),
        ("İstanbul", "istanbul"),
    ],
)
def test_a_slug_is_the_title_without_accents(title: str, slug: str) -> None:
    assert slug_of(title) == slug


@given(st.text(max_size=300))
def test_whatever_the_title_each_name_for_it_is_one(title: str) -> None:
    names = list(slugs_for(title, FILM))
    assert len(set(names)) == len(names) == 10
    assert all(SLUG.fullmatch(name) for name in names)


def test_films_of_one_title_are_numbered() -> None:
    assert list(islice(slugs_for("It", FILM), 3)) == ["it", "it-2", "it-3"]
    *_, last = slugs_for("It", FILM)
    assert last == f"it-{FILM.hex}"


@pytest.mark.parametrize(
    ("wanted", "available", "best"),
    [
        (["vi", "en"], ["en", "vi"], "vi"),
        (["fr", "en"], ["en", "vi"], "en"),
        (["vi-VN"], ["vi"], "vi"),
        (["zh-hant-tw"], ["zh-Hans", "zh-Hant"], "zh-Hant"),
        (["pt"], ["pt-BR"], "pt-BR"),
        (["p"], ["pt-BR"], None),
        (["fr"], ["en"], None),
        ([], ["en"], None),
        (["en"], [], None),
    ],
)
def test_a_reader_is_told_in_the_first_language_that_is_there(
    wanted: list[str], available: list[str], best: str | None
) -> None:
    assert best_language(wanted, available) == best


@pytest.mark.parametrize(
    ("days", "shown", "status"),
    [
        (1, False, FilmStatus.ANNOUNCED),
        (1, True, FilmStatus.ANNOUNCED),
        (0, True, FilmStatus.SHOWING),
        (0, False, FilmStatus.ENDED),
        (-9, True, FilmStatus.SHOWING),
    ],
)
def test_a_film_is_announced_shown_and_over(days: int, shown: bool, status: FilmStatus) -> None:
    today = date(2026, 11, 26)
    assert status_of(release_date=today + timedelta(days), has_showtimes=shown, today=today) == status


def test_a_distance_is_what_maps_say() -> None:
    assert kilometres(*SAIGON, *HANOI) == pytest.approx(1143, abs=3)
    assert kilometres(0, 179.9, 0, -179.9) == pytest.approx(22.24, abs=0.01)


LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES, st.floats(0.1, 20_000))
def test_nothing_within_the_distance_is_outside_of_the_box(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float, radius: float
) -> None:
    box = box_around(latitude, longitude, radius)
    if kilometres(latitude, longitude, other_latitude, other_longitude) <= radius:
        assert box.south <= other_latitude <= box.north
        east, west = other_longitude >= box.west, other_longitude <= box.east
        assert (east and west) if box.west <= box.east else (east or west)


@given(LATITUDES, LONGITUDES, st.floats(0.1, 200), st.floats(0, 6.283185307179586))
def test_what_lies_just_within_is_in_the_box_too(
    latitude: float, longitude: float, radius: float, bearing: float
) -> None:
    """By the way along a great circle, so that points near the edge come up."""
    from math import asin, atan2, cos, degrees, radians, sin

    angle, north = radius * 0.999 / 6371.009, radians(latitude)
    other = asin(max(-1.0, min(1.0, sin(north) * cos(angle) + cos(north) * sin(angle) * cos(bearing))))
    turn = atan2(sin(bearing) * sin(angle) * cos(north), cos(angle) - sin(north) * sin(other))
    east = (longitude + degrees(turn) + 540) % 360 - 180
    box = box_around(latitude, longitude, radius)
    assert box.south <= degrees(other) <= box.north
    right, left = east >= box.west, east <= box.east
    assert (right and left) if box.west <= box.east else (right or left)
