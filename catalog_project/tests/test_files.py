"""Films, showtimes and price lists as files: what comes of a good one, and that of a bad one nothing does."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from bodies import problem
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from factories import (
    MovieFactory,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    next_jump,
    next_week,
    with_types,
)
from openpyxl import Workbook
from rest_framework.test import APIClient

from catalog.film_files import MOST_FILMS
from catalog.models import Movie, Showtime, Theater
from catalog.tariff_models import PriceList
from chassis.storage.models import AuditRecord, OutboxMessage
from chassis.testing_staff import enter
from chassis.web.spreadsheets import CONTENT_TYPES

pytestmark = pytest.mark.django_db

# A savepoint and its end, the film with its address and its words, the log, the event, and what these say of it.
STATEMENTS_A_FILM = 12
KINDS = ("csv", "xlsx", "json")
FILMS = """title,duration_minutes,rating,genres,languages,release_date,people,ratings
The Tide Clock,118,T13,"mystery, drama","en, vi",2026-11-11,"director: Ines Aldana
cast: Noor Haddad as The keeper",VN: T16
Café Noir,95,K,,fr,2026-12-01,,
"""


def send(api: APIClient, path: str, body: str | bytes, kind: str = "csv", **headers: str) -> Any:
    content = body.encode() if isinstance(body, str) else body
    return api.generic("POST", path, content, content_type=CONTENT_TYPES[kind].split(";")[0], headers=headers)


def taken(api: APIClient, path: str) -> bytes:
    answer = api.get(path)
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def workbook(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def faults(answer: Any, status: int = 409, code: str = "import_refused") -> list[tuple[Any, ...]]:
    return [(each.get("line"), each.get("field", ""), each["code"]) for each in problem(answer, status, code)["errors"]]


def test_films_are_imported_told_and_on_record(manager: APIClient) -> None:
    assert send(manager, "/movies:import", FILMS).json() == {"dry_run": False, "lines": 2, "errors": []}
    tide, cafe = Movie.objects.order_by("id")
    assert (tide.slug, tide.genres, tide.languages) == ("the-tide-clock", ["mystery", "drama"], ["en", "vi"])
    assert tide.people[1] == {"role": "cast", "name": "Noor Haddad", "character": "The keeper"}
    assert (cafe.title, cafe.genres, tide.ratings) == ("Café Noir", [], {"VN": "T16"})
    assert OutboxMessage.objects.filter(type="movie.added").count() == 2
    assert set(AuditRecord.objects.values_list("action", "actor_id")) == {("movie.added", str(manager.user_id))}


def test_of_a_file_with_bad_lines_each_is_named_and_nothing_is_left(manager: APIClient) -> None:
    MovieFactory(slug="taken")
    rows = [
        "title,slug,duration_minutes,rating,genres,languages,release_date,ratings",
        "Good,,118,T13,drama,en,2026-11-11,",
        "Long,,many,T13,drama,english,2026-13-45,",
        '"Two, ""lines""",taken,118,T13,drama,en,2026-11-11,"VN: a\nVN: b"',
        ",,118,T13,drama,en,2026-11-11,",
    ]
    wanted = [
        *((3, "duration_minutes", "invalid"), (3, "languages", "invalid"), (3, "release_date", "invalid")),
        *((4, "ratings", "invalid"), (4, "slug", "invalid"), (6, "title", "invalid")),
    ]
    looked = send(manager, "/movies:import?dry_run=true", "\n".join(rows))
    assert looked.status_code == 200
    assert [(each["line"], each["field"], each["code"]) for each in looked.json()["errors"]] == wanted
    assert faults(send(manager, "/movies:import", "\n".join(rows))) == wanted
    assert Movie.objects.count() == 1
    assert not OutboxMessage.objects.exists()
    assert not AuditRecord.objects.exists()


def test_a_dry_run_of_a_good_file_leaves_nothing(manager: APIClient) -> None:
    answer = send(manager, "/movies:import?dry_run=true", FILMS)
    assert answer.json() == {"dry_run": True, "lines": 2, "errors": []}
    assert not Movie.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_each_film_of_a_file_costs_so_many_statements_and_no_more(manager: APIClient) -> None:
    counts = []
    for count in (1, 6):
        films = "".join(f"Film {count} {n},95,K,,en,2026-12-01\n" for n in range(count))
        with CaptureQueriesContext(connection) as made:
            answer = send(
                manager, "/movies:import", f"title,duration_minutes,rating,genres,languages,release_date\n{films}"
            )
        assert answer.status_code == 200, answer.content
        counts.append(len(made))
    one, six = counts
    assert six - one <= 5 * STATEMENTS_A_FILM


def test_the_same_file_with_the_same_key_is_imported_once(manager: APIClient) -> None:
    for replayed in (None, "true"):
        answer = send(manager, "/movies:import", FILMS, **{"Idempotency-Key": "films"})
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (200, replayed)
    assert Movie.objects.count() == 2


@pytest.mark.parametrize("kind", KINDS)
def test_films_that_are_exported_are_imported_as_they_were(manager: APIClient, kind: str) -> None:
    send(manager, "/movies:import", FILMS)
    MovieFactory(title="=1+1", genres=[], subtitles=["de"], synopsis='Line one\nLine, two; "three"')
    columns = ("title", "slug", "synopsis", "genres", "people", "ratings", "subtitles", "release_date", "poster_url")
    before = list(Movie.objects.order_by("id").values(*columns))
    file = taken(manager, f"/movies:export?format={kind}")
    Movie.objects.all().delete()
    assert send(manager, "/movies:import", file, kind).status_code == 200
    assert list(Movie.objects.order_by("id").values(*columns)) == before
    [record] = AuditRecord.objects.filter(action="movies.exported")
    assert (record.subject_id, record.actor_id) == (kind, str(manager.user_id))


@pytest.fixture
def programme(theater: Theater) -> Theater:
    """Two drafts of its own prices, one with prices for children, and a showtime on sale that follows a list."""
    hall = ScreenFactory(theater=theater, name="Hall 1")
    ShowtimeFactory(screen=hall, starts_at=next_week(3), status="draft")
    ShowtimeFactory(screen=hall, starts_at=next_week(8), price_list=PriceListFactory(theater=theater, name="Everyday"))
    types = {"child": {"standard": 45_000}}
    ShowtimeFactory(screen=hall, starts_at=next_week(13), status="draft", type_prices=types)
    return theater


def elsewhere(theater: Theater) -> Theater:
    """A theater with the same halls and ticket types, and nothing shown in it."""
    made: Theater = TheaterFactory(time_zone=theater.time_zone, currency=theater.currency)
    with_types(made)
    for screen in theater.screens.all():
        ScreenFactory(theater=made, name=screen.name)
    return made


def what_is_planned(theater: Theater) -> list[tuple[Any, ...]]:
    own = ("movie_id", "starts_at", "format", "language", "amounts", "type_prices")
    return [
        (*(getattr(each, name) for name in own), each.price_list.name if each.price_list else None)
        for each in Showtime.objects.filter(theater=theater).order_by("starts_at")
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_theater_s_lists_and_showtimes_are_carried_to_another(
    manager: APIClient, programme: Theater, kind: str
) -> None:
    there = elsewhere(programme)
    for name in ("price-lists", "showtimes"):
        file = taken(manager, f"/theaters/{programme.id}/{name}:export?format={kind}")
        answer = send(manager, f"/theaters/{there.id}/{name}:import", file, kind)
        assert answer.status_code == 200, answer.content
    assert what_is_planned(there) == what_is_planned(programme)
    assert set(Showtime.objects.filter(theater=there).values_list("status", flat=True)) == {"draft"}
    content = ("name", "prices", "rules", "fees", "early", "round_to")
    assert list(there.price_lists.values(*content)) == list(programme.price_lists.values(*content))


def lines_of(*lines: str) -> str:
    return "\n".join(["movie,screen,starts_at,format,language,price_standard,fold", *lines])


def test_showtimes_that_do_not_fit_are_named_by_their_lines(manager: APIClient) -> None:
    berlin = TheaterFactory(time_zone="Europe/Berlin", currency="EUR")
    ScreenFactory(theater=berlin, name="Hall 1")
    film = MovieFactory(slug="tide")
    gap, twice = next_jump(3), next_jump(10)
    day = f"{next_week():%Y-%m-%d}"
    body = lines_of(
        "",
        f"tide,Hall 1,{gap:%Y-%m-%d} 02:30,2D,en,9.50,",
        f"tide,Hall 1,{twice:%Y-%m-%d} 02:30,2D,en,9.50,",
        f"nothing,Hall 9,{day} 12:00,2D,en,9.50,",
        f"tide,Hall 1,{day} 12:00,5D,en,9.505,",
        f"tide,Hall 1,{day} 15:00,2D,en,9.50,",
        f"tide,Hall 1,{day} 15:30,2D,en,9.50,",
    )
    answer = send(manager, f"/theaters/{berlin.id}/showtimes:import", body)
    found = faults(answer)
    assert {
        (3, "starts_at", "time_does_not_exist"),
        (4, "starts_at", "time_is_twice"),
        (5, "movie", "movie_not_found"),
        (5, "screen", "screen_not_found"),
        (6, "price_standard", "invalid"),
        (7, "starts_at", "showtimes_overlap"),
        (8, "starts_at", "showtimes_overlap"),
    } <= set(found)
    assert any("With line 8" in error["detail"] for error in answer.json()["errors"])
    assert not Showtime.objects.filter(movie=film).exists()


def test_price_lists_that_do_not_fit_are_named_by_their_lines(manager: APIClient, price_list: PriceList) -> None:
    there = f"/theaters/{price_list.theater_id}/price-lists:import"
    head = "name,currency,adult standard,child standard,rules"
    lines = [f"{price_list.name},VND,90000,,", "New,EUR,90.5,,[1", "Own,VND,,50000,"]
    answer = send(manager, there, "\n".join([head, *lines]))
    assert faults(answer) == [
        *((2, "", "name_taken"), (3, "rules", "invalid"), (3, "currency", "invalid"), (4, "prices", "invalid")),
    ]
    assert PriceList.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", (None, "", "empty")),
        (b"title\n", (None, "", "empty")),
        (b"title,rating\nx,y\n", (1, "duration_minutes", "column_missing")),
        (FILMS.replace("people", "crew").encode(), (1, "crew", "column_unknown")),
        (FILMS.replace("people", "title").encode(), (1, "title", "column_twice")),
        (FILMS.encode("cp1252"), (4, "", "encoding_unknown")),
        (FILMS.replace("Tide", "T\0de").encode(), (2, "", "encoding_unknown")),
        (FILMS.replace("fr,2026", 'f"r,2026').replace("Café", '"Café').encode(), (4, "", "csv_malformed")),
        ((FILMS + "a,1,b,c,d,e,f,g,h\n").encode(), (5, "", "cells_too_many")),
        ((FILMS.splitlines()[0] + "\nx" * 100_000).encode(), (MOST_FILMS + 2, "", "lines_too_many")),
        (b"\x89PNG\r\n\x1a\n\0\0", (1, "", "encoding_unknown")),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_line_and_column(manager: APIClient, body: bytes, wanted: Any) -> None:
    assert wanted in faults(send(manager, "/movies:import", body), 400, "table_unreadable")
    assert not Movie.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_what_spreadsheets_save_is_read(manager: APIClient, encoding: str, between: str) -> None:
    rows = [["title", "duration_minutes", "rating", "genres", "languages", "release_date"]]
    rows.append(["Café", "95", "K", "drama", "fr", "2026-12-01"])
    body = "\r\n".join(between.join(row) for row in rows)
    assert send(manager, "/movies:import", body.encode(encoding)).status_code == 200
    assert Movie.objects.get().title == "Café"


def test_staff_alone_import_and_export(sign_in: Callable[..., APIClient], theater: Theater) -> None:
    support, customer = sign_in(roles=("support",)), sign_in()
    for path in ("/movies", f"/theaters/{theater.id}/showtimes", f"/theaters/{theater.id}/price-lists"):
        assert send(support, f"{path}:import", FILMS).status_code == 403
        assert send(customer, f"{path}:import", FILMS).status_code == 403
        assert customer.get(f"{path}:export").status_code == 403
    assert support.get("/movies:export").status_code == 200
    assert support.get(f"/theaters/{theater.id}/price-lists:export").status_code == 200
    assert support.get(f"/theaters/{theater.id}/showtimes:export").status_code == 403


@pytest.fixture
def staff(client: Client) -> Client:
    enter(client, "manager", username="linh")
    return client


def bring(browser: Client, address: str, body: bytes, name: str = "films.csv") -> Any:
    return browser.post(address, {"file": SimpleUploadedFile(name, body)})


PAGE = "/admin/catalog/catalog/movie/import/"


def test_a_file_is_looked_at_first_and_imported_as_it_was_looked_at(staff: Client) -> None:
    listed = staff.get("/admin/catalog/catalog/movie/").content.decode()
    assert 'href="import/"' in listed
    assert "<b>duration_minutes</b>" in staff.get(PAGE).content.decode()
    shown = bring(staff, PAGE, FILMS.encode())
    assert "Import 2 lines" in shown.content.decode()
    assert not Movie.objects.exists()
    assert "bring it again" in staff.post(PAGE, {"do": "0" * 64}, follow=True).content.decode()
    done = staff.post(PAGE, {"do": shown.context["kept"]}, follow=True)
    assert "Imported: 2 lines of films.csv." in done.content.decode()
    assert Movie.objects.count() == 2
    assert set(AuditRecord.objects.values_list("action", "actor_name", "door")) == {("movie.added", "linh", "admin")}
    assert "bring it again" in staff.post(PAGE, {"do": shown.context["kept"]}, follow=True).content.decode()


def test_the_page_names_line_and_column_of_what_is_wrong_and_keeps_nothing(staff: Client) -> None:
    shown = bring(staff, PAGE, FILMS.replace("118", "<b>long").encode(), "<script>.csv").content.decode()
    assert "<td>2</td><td>duration_minutes</td>" in shown
    assert "<script>.csv" not in shown
    assert "Import 2 lines" not in shown
    for body, said in (
        (b"", "empty"),
        (FILMS.encode("cp1252"), "not UTF-8"),
        (b"x" * 2_000_000, "larger than 1024 KiB"),
        ((FILMS.splitlines()[0] + "\nx" * 100_000).encode(), "At most 500 lines"),
        (b"PK\x03\x04", "no workbook"),
    ):
        assert said in bring(staff, PAGE, body).content.decode(), said
    many = "\n".join([FILMS.splitlines()[0], *["x" * 300] * 400])
    assert "the first of them" in bring(staff, PAGE, many.encode()).content.decode()
    assert not Movie.objects.exists()


def test_what_somebody_has_looked_at_is_imported_by_nobody_else(staff: Client, client: Client) -> None:
    kept = bring(staff, PAGE, FILMS.encode()).context["kept"]
    other = Client()
    enter(other, "manager", username="minh")
    assert "bring it again" in other.post(PAGE, {"do": kept}, follow=True).content.decode()
    assert not Movie.objects.exists()


def test_showtimes_and_price_lists_are_imported_into_a_theater_that_is_chosen(
    staff: Client, manager: APIClient, programme: Theater
) -> None:
    there = elsewhere(programme)
    for page, name in (("pricelist", "price-lists"), ("showtime", "showtimes")):
        address = f"/admin/catalog/catalog/{page}/import/"
        assert str(there) in staff.get(address).content.decode()
        assert staff.get(f"{address}?of=x").status_code == 200
        file = taken(manager, f"/theaters/{programme.id}/{name}:export?format=xlsx")
        shown = bring(staff, f"{address}?of={there.id}", file, "x.xlsx")
        assert staff.post(f"{address}?of={there.id}", {"do": shown.context["kept"]}).status_code == 302
    assert what_is_planned(there) == what_is_planned(programme)


def test_support_imports_nothing(client: Client) -> None:
    enter(client, "support", username="minh")
    for page in ("movie", "showtime", "pricelist"):
        assert client.get(f"/admin/catalog/catalog/{page}/import/").status_code == 403
        assert client.post(f"/admin/catalog/catalog/{page}/import/", {"do": "x"}).status_code == 403
        assert 'href="import/"' not in client.get(f"/admin/catalog/catalog/{page}/").content.decode()
