"""Whatever comes in, what goes out is a problem that says what is wrong with it."""

import base64
from typing import Any

import pytest
from bodies import MOVIE, SEATS, THEATER, dong, problem
from factories import PRICES, MovieFactory, ScreenFactory, ShowtimeFactory, TheaterFactory, next_week

from catalog.models import Movie, Screen, Showtime, Theater
from chassis.ids import uuid7
from chassis.money import LARGEST_PRICE

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/movies?colour=red", "colour"),
        ("/movies?genre=Rock%20%26%20Roll", "genre"),
        ("/movies?language=klingonese-x", "language"),
        ("/movies?released_after=yesterday", "released_after"),
        ("/movies?released_before=2026-02-30", "released_before"),
        ("/movies?now_showing=perhaps", "now_showing"),
        ("/movies?q=", "q"),
        ("/movies?search=", "search"),
        ("/movies?search=" + "x" * 101, "search"),
        ("/movies?status=forgotten", "status"),
        ("/movies?coming_soon=perhaps", "coming_soon"),
        ("/movies?ordering=-password", "ordering"),
        ("/movies?ordering=title&ordering=title", "ordering"),
        ("/movies?fields=title,password", "fields"),
        ("/movies?fields=", "fields"),
        ("/movies?format=VHS", "format"),
        ("/movies?date=9999-12-31", "date"),
        ("/movies?lat=10", "lon"),
        ("/movies?radius=10", "lat"),
        ("/movies?lat=91&lon=0", "lat"),
        ("/movies?lat=nan&lon=0", "lat"),
        ("/movies?lat=0&lon=-180.1", "lon"),
        ("/theaters?lat=0&lon=0&radius=201", "radius"),
        ("/theaters?lat=0&lon=inf", "lon"),
        ("/movies?page_size=0", "page_size"),
        ("/movies?page_size=101", "page_size"),
        ("/theaters?town=x", "town"),
        ("/showtimes?movie_id=42", "movie_id"),
        ("/showtimes?theater_id=x", "theater_id"),
        ("/showtimes?date=0001-01-01", "date"),
        ("/showtimes?date=9999-12-31", "date"),
        ("/showtimes?format=VHS", "format"),
        ("/showtimes?starts_after=2026-11-27T12:00:00", "starts_after"),
        ("/showtimes?starts_before=soon", "starts_before"),
        ("/showtimes?status=maybe", "status"),
    ],
)
def test_a_query_parameter_that_is_unknown_or_wrong_is_named(api: Any, path: str, parameter: str) -> None:
    body = problem(api.get(path), 400, "bad_parameter")
    assert [error["parameter"] for error in body["errors"]] == [parameter]


@pytest.mark.parametrize("path", ["/movies", "/theaters", "/showtimes"])
@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "%F0%9F%8E%AC", base64.b64encode(b"p=never").decode(), base64.b64encode(b"o=-1").decode()],
)
def test_a_cursor_nobody_gave_out_is_refused_or_harmless(api: Any, path: str, cursor: str, showtime: Showtime) -> None:
    answer = api.get(f"{path}?cursor={cursor}")
    assert answer.status_code in {200, 400}, answer.content
    assert answer.status_code == 200 or answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["movies", "theaters", "screens", "showtimes"])
@pytest.mark.parametrize("id_", ["x", "42", str(uuid7()), "..%2f", "%F0%9F%8E%AC"])
def test_an_unknown_id_is_not_found(api: Any, kind: str, id_: str) -> None:
    answer = api.get(f"/{kind}/{id_}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/movies/%00", "/movies?q=a%00b", "/theaters?city=%00", "/showtimes?cursor=%00"])
def test_an_address_with_nul_is_a_problem(api: Any, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code in {400, 404}
    assert answer["Content-Type"] == "application/problem+json"


BAD_MOVIES = [
    ({"title": ""}, "/title"),
    ({"title": None}, "/title"),
    ({"title": ["x"]}, "/title"),
    ({"title": "x" * 201}, "/title"),
    ({"duration_minutes": 0}, "/duration_minutes"),
    ({"duration_minutes": "long"}, "/duration_minutes"),
    ({"duration_minutes": 10**15}, "/duration_minutes"),
    ({"genres": "drama"}, "/genres"),
    ({"genres": ["Drama!"]}, "/genres/0"),
    ({"genres": ["a"] * 11}, "/genres"),
    ({"languages": []}, "/languages"),
    ({"languages": [{}]}, "/languages/0"),
    ({"release_date": "soon"}, "/release_date"),
    ({"release_date": 20261111}, "/release_date"),
    ({"poster_url": "javascript:alert(1)"}, "/poster_url"),
    ({"trailer_url": "javascript:alert(1)"}, "/trailer_url"),
    ({"trailer_url": "http://trailers.example/1"}, "/trailer_url"),
    ({"trailer_url": "https://user:word@trailers.example/1"}, "/trailer_url"),
    ({"trailer_url": "https://trailers.example/" + "x" * 500}, "/trailer_url"),
    ({"slug": "Not A Slug"}, "/slug"),
    ({"slug": "-"}, "/slug"),
    ({"slug": "a--b"}, "/slug"),
    ({"slug": "../../etc/passwd"}, "/slug"),
    ({"slug": "x" * 81}, "/slug"),
    ({"slug": "fi\nlm"}, "/slug"),
    ({"text_language": "klingonese-x"}, "/text_language"),
    ({"subtitles": ["EN"]}, "/subtitles/0"),
    ({"ratings": {"ZZ": "18"}}, "/ratings"),
    ({"ratings": {"VN": ""}}, "/ratings/VN"),
    ({"ratings": ["18"]}, "/ratings"),
    ({"people": [{"role": "cast", "name": "x"}] * 100}, "/people"),
    ({"people": [{"role": "stunts", "name": "x"}]}, "/people/0/role"),
    ({"people": [{"role": "cast"}]}, "/people/0/name"),
    ({"people": [{"role": "director", "name": "x", "character": "y"}]}, "/people/0/character"),
    ({"people": [{"role": "cast", "name": "x", "born": "y"}]}, "/people/0/born"),
    ({"status": "showing"}, "/status"),
    ({"director": "x"}, "/director"),
    ({"id": str(uuid7())}, "/id"),
]


@pytest.mark.parametrize(("fields", "pointer"), BAD_MOVIES)
def test_a_bad_field_of_a_movie_is_pointed_at(manager: Any, fields: dict[str, Any], pointer: str) -> None:
    body = problem(manager.post("/movies", {**MOVIE, **fields}), 400, "invalid")
    assert pointer in [error["pointer"] for error in body["errors"]]
    assert not Movie.objects.exists()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../etc/passwd"}, "/time_zone"),
        ({"currency": "XXX"}, "/currency"),
        ({"currency": "vnd"}, "/currency"),
        ({"rules": {"cancellation_fee_percent": 101}}, "/rules/cancellation_fee_percent"),
        ({"rules": {"generosity": 1}}, "/rules/generosity"),
        ({"rules": {"accessible_places": "nobody"}}, "/rules/accessible_places"),
        ({"rules": []}, "/rules"),
        ({"cleaning_minutes": -1}, "/cleaning_minutes"),
        ({"latitude": 90.1, "longitude": 0}, "/latitude"),
        ({"latitude": 10.7}, "/longitude"),
        ({"longitude": 10.7}, "/latitude"),
        ({"latitude": "north", "longitude": 0}, "/latitude"),
    ],
)
def test_a_bad_field_of_a_theater_is_pointed_at(manager: Any, fields: dict[str, Any], pointer: str) -> None:
    body = problem(manager.post("/theaters", {**THEATER, **fields}), 400, "invalid")
    assert pointer in [error["pointer"] for error in body["errors"]]
    assert not Theater.objects.exists()


@pytest.mark.parametrize(
    ("seats", "pointer"),
    [
        ([], "/seats"),
        ("A1", "/seats"),
        ([1], "/seats/0"),
        ([{"row": "a", "number": 1, "x": 1, "y": 1}], "/seats/0/row"),
        ([{"row": "A", "number": 1, "x": 0, "y": 1}], "/seats/0/x"),
        ([{"row": "A", "number": 1, "x": 1, "y": 101}], "/seats/0/y"),
        ([{"row": "A", "number": 1, "x": 1, "y": 1, "category": "throne"}], "/seats/0/category"),
        ([{"row": "A", "number": 1, "x": 1, "y": 1, "legroom": 1}], "/seats/0/legroom"),
        ([SEATS[0], SEATS[0]], "/seats/1"),
        ([{**SEATS[0], "accessible": False}], "/seats/0"),
        ([{"row": "A", "number": 1, "x": 1, "y": 1} for n in range(1001)], "/seats"),
    ],
)
def test_a_bad_layout_is_pointed_at(manager: Any, seats: Any, pointer: str) -> None:
    answer = manager.post(f"/theaters/{TheaterFactory().id}/screens", {"name": "Hall 1", "seats": seats})
    body = problem(answer, 400, "invalid")
    assert pointer in [error["pointer"] for error in body["errors"]]
    assert not Screen.objects.exists()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"movie_id": "x"}, "/movie_id"),
        ({"movie_id": str(uuid7())}, "/movie_id"),
        ({"screen_id": str(uuid7())}, "/screen_id"),
        ({"starts_at": "2026-11-27T19:00:00"}, "/starts_at"),
        ({"starts_at": "1999-12-31T19:00:00Z"}, "/starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-14:00"}, "/starts_at"),
        ({"starts_at": 5}, "/starts_at"),
        ({"format": "VHS"}, "/format"),
        ({"language": "fr"}, "/language"),
        ({"prices": {}}, "/prices"),
        ({"prices": []}, "/prices"),
        ({"prices": {"standard": 5}}, "/prices/standard"),
        ({"prices": {"standard": dong(-1)}}, "/prices/standard/amount"),
        ({"prices": {"standard": dong(LARGEST_PRICE + 1)}}, "/prices/standard/amount"),
        ({"prices": {"standard": dong(2**53)}}, "/prices/standard/amount"),
        ({"prices": {"throne": dong(5)}}, "/prices/throne"),
        ({"prices": {"standard": dong(5)}}, "/prices"),
        ({"prices": {"standard": dong(5), "premium": {"amount": 5, "currency": "EUR"}}}, "/prices"),
        ({"prices": {name: {"amount": 5, "currency": "EUR"} for name in PRICES}}, "/prices"),
        ({"currency": "VND"}, "/currency"),
    ],
)
def test_a_bad_field_of_a_showtime_is_pointed_at(manager: Any, fields: dict[str, Any], pointer: str) -> None:
    wanted = {
        "movie_id": str(MovieFactory().id),
        "screen_id": str(ScreenFactory().id),
        "starts_at": next_week().isoformat(),
        "format": "2D",
        "language": "vi",
        "prices": {category: dong(amount) for category, amount in PRICES.items()},
        **fields,
    }
    body = problem(manager.post("/showtimes", wanted), 400, "invalid")
    assert pointer in [error["pointer"] for error in body["errors"]]
    assert not Showtime.objects.exists()


def test_a_showtime_keeps_its_movie_and_screen(manager: Any, showtime: Showtime) -> None:
    body = problem(manager.patch(f"/showtimes/{showtime.id}", {"movie_id": str(MovieFactory().id)}), 400, "invalid")
    assert body["errors"][0]["pointer"] == "/movie_id"


BODIES = [
    (b"{", "application/json", 400),
    (b"[]", "application/json", 400),
    (b'"x"', "application/json", 400),
    (b"null", "application/json", 400),
    (b"", "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b'{"title": "a\\u0000b"}', "application/json", 400),
    (b'{"title": "\\ud800"}', "application/json", 400),
    (b'{"title": NaN}', "application/json", 400),
    (b'{"duration_minutes": ' + b"9" * 5000 + b"}", "application/json", 400),
    (b"[" * 5000, "application/json", 400),
    (b'{"title": "' + b"x" * 3_000_000 + b'"}', "application/json", 413),
    (b"title=x", "application/x-www-form-urlencoded", 415),
    (b"<title/>", "application/xml", 415),
]


@pytest.mark.parametrize(("body", "media_type", "status"), BODIES)
@pytest.mark.parametrize("path", ["/movies", "/theaters", "/showtimes", "screens", "/movies/{}"])
def test_a_body_that_is_no_proper_json_is_a_problem(
    manager: Any, path: str, body: bytes, media_type: str, status: int
) -> None:
    if path == "screens":
        path = f"/theaters/{TheaterFactory().id}/screens"
    movie = MovieFactory()
    send = manager.patch if "{}" in path else manager.post
    answer = send(path.format(movie.id), body, content_type=media_type)
    if path == "/movies/{}" and body == b"":
        assert answer.status_code == 200  # nothing to change
        return
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"),
    [("put", "/movies"), ("delete", "/movies"), ("patch", "/showtimes"), ("put", f"/showtimes/{uuid7()}")],
)
def test_a_wrong_method_is_a_problem(manager: Any, method: str, path: str) -> None:
    problem(getattr(manager, method)(path), 405, "method_not_allowed")


def test_a_name_that_is_taken_is_a_conflict(manager: Any) -> None:
    manager.post("/theaters", THEATER)
    problem(manager.post("/theaters", THEATER), 409, "name_taken")


def test_two_films_on_one_screen_are_a_conflict_that_names_the_first(manager: Any, showtime: Showtime) -> None:
    other = ShowtimeFactory(screen=showtime.screen, starts_at=showtime.screen_free_at)
    body = problem(
        manager.patch(f"/showtimes/{other.id}", {"starts_at": showtime.starts_at.isoformat()}),
        409,
        "showtimes_overlap",
    )
    assert body["showtime_id"] == str(showtime.id)
