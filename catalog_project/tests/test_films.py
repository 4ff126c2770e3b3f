"""What is said of a film, by which names it is found, and in which language a reader is told of it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bodies import MOVIE, THEATER, problem
from django.utils import timezone
from factories import MovieFactory, ShowtimeFactory, next_week

from catalog import naming, services, texts
from catalog.languages import chosen
from catalog.models import Movie, MovieSlug, MovieText
from chassis.ids import uuid7

pytestmark = pytest.mark.django_db

MORE = {
    "original_title": "Ceasul mareelor",
    "text_language": "en",
    "ratings": {"VN": "T13", "DE": "FSK 12"},
    "subtitles": ["vi", "ja"],
    "people": [
        {"role": "director", "name": "Ines Aldana"},
        {"role": "cast", "name": "Noor Haddad", "character": "The keeper"},
        {"role": "cast", "name": "Tomás Rey"},
    ],
    "trailer_url": "https://trailers.example/tide-clock",
}


@pytest.fixture
def film(commits: Any) -> Movie:
    """Told in English, Vietnamese and Brazilian Portuguese."""
    with commits():
        movie = services.add_movie(
            title="The Tide Clock",
            synopsis="A clock runs fast.",
            text_language="en",
            duration_minutes=118,
            genres=["mystery"],
            languages=["en"],
            release_date=date(2026, 1, 2),
        )
        texts.put_text(movie_id=movie.id, language="vi", title="Đồng hồ thủy triều", synopsis="Đồng hồ chạy nhanh.")
        texts.put_text(movie_id=movie.id, language="pt-BR", title="O relógio das marés")
    return movie


def test_what_is_said_of_a_film_is_told(manager: Any, api: Any) -> None:
    made = manager.post("/movies", {**MOVIE, **MORE})
    assert made.status_code == 201, made.content
    told = api.get(made["Location"]).json()
    assert made.json() == told
    said = {name: value for name, value in {**MOVIE, **MORE}.items() if name != "text_language"}
    said["people"] = [{"character": "", **person} for person in said["people"]]
    assert told.items() >= said.items()
    assert (told["slug"], told["language"], told["translations"]) == ("the-tide-clock", "en", [])
    assert (told["status"], told["poster"]) == ("ended", None)


def test_films_of_one_title_have_names_of_their_own(manager: Any) -> None:
    names = [manager.post("/movies", MOVIE).json()["slug"] for _ in range(11)]
    assert names[:3] == ["the-tide-clock", "the-tide-clock-2", "the-tide-clock-3"]
    assert len(set(names)) == 11


def test_a_name_stays_when_the_title_changes_and_an_old_one_goes_on_answering(
    manager: Any, api: Any, film: Movie, commits: Any
) -> None:
    def named(slug: str) -> Any:
        return api.get(f"/movies/by-slug/{slug}")

    assert named("the-tide-clock").json()["id"] == str(film.id)
    with commits():
        changed = manager.patch(f"/movies/{film.id}", {"title": "The Last Tide"}).json()
    assert changed["slug"] == "the-tide-clock"
    with commits():
        changed = manager.patch(f"/movies/{film.id}", {"slug": "last-tide"}).json()
    assert changed["slug"] == "last-tide"
    assert [named(slug).json()["slug"] for slug in ("the-tide-clock", "last-tide", "dong-ho-thuy-trieu")] == [
        "last-tide"
    ] * 3
    with commits():
        assert manager.patch(f"/movies/{film.id}", {"slug": "the-tide-clock"}).json()["slug"] == "the-tide-clock"
        assert manager.patch(f"/movies/{film.id}", {"slug": ""}).json()["slug"] == "the-last-tide"
    problem(named("the-last-tid"), 404, "movie_not_found")


def test_a_name_that_another_film_has_or_had_is_refused(manager: Any, film: Movie) -> None:
    manager.patch(f"/movies/{film.id}", {"slug": "last-tide"})
    other = MovieFactory()
    for taken in ("last-tide", "the-tide-clock", "dong-ho-thuy-trieu"):
        body = problem(manager.patch(f"/movies/{other.id}", {"slug": taken}), 400, "invalid")
        assert body["errors"] == [{"pointer": "/slug", "detail": "Another film has this name in addresses, or had it."}]
    problem(manager.post("/movies", {**MOVIE, "slug": "last-tide"}), 400, "invalid")


@pytest.mark.parametrize(
    ("accepted", "title", "told_in"),
    [
        (None, "The Tide Clock", "en"),
        ("vi", "Đồng hồ thủy triều", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "Đồng hồ thủy triều", "vi"),
        ("fr, pt;q=0.5, vi;q=0.4", "O relógio das marés", "pt-BR"),
        ("en, vi", "The Tide Clock", "en"),
        ("fr", "The Tide Clock", "en"),
        ("vi;q=0, en", "The Tide Clock", "en"),
        ("*", "The Tide Clock", "en"),
        (";;;,q=,\x7f" + "x" * 400, "The Tide Clock", "en"),
    ],
)
def test_a_reader_is_told_in_the_language_they_would_rather_have(
    api: Any, film: Movie, accepted: str | None, title: str, told_in: str
) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted}
    for path in (f"/movies/{film.id}", "/movies/by-slug/the-tide-clock", "/movies"):
        for _ in range(2):  # computed, and kept
            answer = api.get(path, headers=headers)
            told = answer.json() if path != "/movies" else answer.json()["results"][0]
            assert (told["title"], told["language"], answer["Content-Language"]) == (title, told_in, told_in)
            assert "Accept-Language" in answer["Vary"]
            assert told["translations"] == ["pt-BR", "vi"]


def test_a_list_says_each_language_that_it_is_told_in(api: Any, film: Movie) -> None:
    MovieFactory(text_language="ja", release_date=date(2026, 1, 3))
    assert api.get("/movies", headers={"Accept-Language": "vi"})["Content-Language"] == "ja, vi"
    assert api.get("/movies?fields=title", headers={"Accept-Language": "vi"})["Content-Language"] == "ja, vi"


def test_of_unknown_language_nothing_is_said(api: Any) -> None:
    assert "Content-Language" not in api.get(f"/movies/{MovieFactory().id}")


def test_what_is_kept_of_answers_is_bounded_by_the_languages_there_are() -> None:
    ours = ["en", "ja", "pt-BR", "vi"]
    assert chosen(["xx", "vi", "vi-VN", "en", "fr", "ja", "pt"], ours) == ("vi", "en", "ja")
    assert chosen(["xx"], ours) == ()


def test_a_translation_is_read_changed_and_removed(manager: Any, api: Any, film: Movie, emitted: Any) -> None:
    address = f"/movies/{film.id}/texts"
    assert [text["language"] for text in api.get(address).json()["results"]] == ["pt-BR", "vi"]
    changed = manager.put(f"{address}/vi", {"title": "Đồng hồ"})
    assert changed.json() == {"language": "vi", "title": "Đồng hồ", "synopsis": "", "slug": "dong-ho-thuy-trieu"}
    assert manager.delete(f"{address}/pt-BR").status_code == 204
    assert [text["language"] for text in api.get(address).json()["results"]] == ["vi"]
    problem(manager.delete(f"{address}/pt-BR"), 404, "text_not_found")
    told = emitted("movie.updated")[-1].data
    assert (told["revision"], [text["title"] for text in told["texts"]]) == (5, ["Đồng hồ"])
    assert manager.put(f"{address}/vi", {"title": "Đồng hồ"}).status_code == 200
    assert emitted("movie.updated")[-1].data["revision"] == 5, "nothing has changed"


@pytest.mark.parametrize("language", ["VI", "klingonese-x", "vi_VN", "v", "en", "%00", "vi" * 40])
def test_a_language_that_is_none_or_the_films_own_is_refused(manager: Any, film: Movie, language: str) -> None:
    answer = manager.put(f"/movies/{film.id}/texts/{language}", {"title": "x"})
    assert answer.status_code in (400, 404), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert MovieText.objects.count() == 2


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": "x" * 201}, {"title": "x", "slug": "y"}, [], "x"])
def test_a_bad_translation_is_refused(manager: Any, film: Movie, body: Any) -> None:
    problem(manager.put(f"/movies/{film.id}/texts/fr", body), 400, "invalid")


def test_a_film_is_told_in_so_many_languages_at_most(manager: Any, film: Movie) -> None:
    MovieText.objects.bulk_create(
        MovieText(movie=film, language=f"a{chr(97 + number)}", title="x", slug="x")
        for number in range(texts.MOST_TEXTS - 3)
    )
    assert manager.put(f"/movies/{film.id}/texts/fr", {"title": "x"}).status_code == 200
    problem(manager.put(f"/movies/{film.id}/texts/de", {"title": "x"}), 400, "invalid")


def test_the_original_does_not_become_what_it_is_translated_into(manager: Any, film: Movie) -> None:
    body = problem(manager.patch(f"/movies/{film.id}", {"text_language": "vi"}), 400, "invalid")
    assert [error["pointer"] for error in body["errors"]] == ["/text_language"]


def test_only_managers_translate(sign_in: Any, api: Any, film: Movie) -> None:
    for client, status in ((api, 401), (sign_in(), 403), (sign_in(roles=("support",)), 403)):
        assert client.put(f"/movies/{film.id}/texts/fr", {"title": "x"}).status_code == status
        assert client.delete(f"/movies/{film.id}/texts/vi").status_code == status


def test_status_follows_the_release_and_the_showtimes(api: Any) -> None:
    today = timezone.now().date()
    coming = MovieFactory(release_date=today + timedelta(days=3))
    shown = ShowtimeFactory(movie=MovieFactory(release_date=today)).movie
    over = MovieFactory(release_date=today - timedelta(days=3))
    told = {row["id"]: row["status"] for row in api.get("/movies").json()["results"]}
    assert told == {str(coming.id): "announced", str(shown.id): "showing", str(over.id): "ended"}
    for status, film in (("announced", coming), ("showing", shown), ("ended", over)):
        assert [row["id"] for row in api.get(f"/movies?status={status}").json()["results"]] == [str(film.id)]
    assert [row["id"] for row in api.get("/movies?coming_soon=true").json()["results"]] == [str(coming.id)]
    assert len(api.get("/movies?coming_soon=false").json()["results"]) == 2


def test_only_the_members_that_are_asked_for_are_told(api: Any, film: Movie) -> None:
    assert api.get("/movies?fields=title,slug").json()["results"] == [
        {"id": str(film.id), "title": "The Tide Clock", "slug": "the-tide-clock"}
    ]
    first = api.get("/movies?fields=id&page_size=1").json()
    assert first["results"] == [{"id": str(film.id)}]


@pytest.mark.parametrize("ordering", ["title", "-title", "release_date", "-release_date"])
def test_films_come_in_the_order_that_is_asked_for(api: Any, ordering: str) -> None:
    made = [MovieFactory(title=title, release_date=date(2026, 1, day)) for title, day in (("B", 2), ("A", 3), ("C", 1))]
    name = ordering.removeprefix("-")
    wanted = sorted(made, key=lambda movie: getattr(movie, name), reverse=ordering.startswith("-"))
    seen, address = [], f"/movies?ordering={ordering}&page_size=1"
    while address:
        page = api.get(address).json()
        seen += [UUID(row["id"]) for row in page["results"]]
        address = page["next"]
    assert seen == [movie.id for movie in wanted]


def test_films_that_a_version_before_wrote_are_named_and_told_in_batches(emitted: Any) -> None:
    Movie.objects.bulk_create(
        Movie(title="It", duration_minutes=9, genres=[], languages=["en"], release_date=date(2026, 1, 1))
        for _ in range(3)
    )
    assert [naming.name_films(limit=2) for _ in range(3)] == [2, 1, 0]
    assert {movie.slug for movie in Movie.objects.all()} == {"it", "it-2", "it-3"}
    assert len(emitted("movie.updated")) == MovieSlug.objects.count() == 3


def test_a_removed_film_leaves_its_names_to_others(manager: Any, film: Movie) -> None:
    assert manager.delete(f"/movies/{film.id}").status_code == 204
    assert manager.post("/movies", MOVIE).json()["slug"] == "the-tide-clock"


def test_where_a_theater_is_is_told(manager: Any, api: Any, emitted: Any) -> None:
    place = {"latitude": 10.7725, "longitude": 106.698, "description": "Eight halls beside the market."}
    made = manager.post("/theaters", {**THEATER, **place}).json()
    assert made.items() >= place.items()
    assert api.get(f"/theaters/{made['id']}").json().items() >= place.items()
    assert manager.patch(f"/theaters/{made['id']}", {"latitude": None, "longitude": None}).json()["latitude"] is None
    assert [(event.type, event.data["latitude"]) for event in emitted()] == [
        ("theater.added", 10.7725),
        ("theater.updated", None),
    ]
    problem(manager.patch(f"/theaters/{made['id']}", {"latitude": 1}), 400, "invalid")


def test_an_unknown_film_is_not_found_for_whatever_is_asked_of_it(manager: Any) -> None:
    nowhere = f"/movies/{uuid7()}"
    answers = [
        *(manager.get(f"{nowhere}/texts"), manager.put(f"{nowhere}/texts/vi", {"title": "x"})),
        *(manager.delete(f"{nowhere}/texts/vi"), manager.delete(f"{nowhere}/poster")),
    ]
    for answer in answers:
        problem(answer, 404, "movie_not_found")


def test_another_place_is_not_told_with_each_showtime(manager: Any) -> None:
    showtime = ShowtimeFactory(starts_at=next_week())
    address = f"/theaters/{showtime.theater_id}"
    assert manager.patch(address, {"latitude": 1, "longitude": 2, "description": "x"}).status_code == 200
    showtime.refresh_from_db()
    assert showtime.revision == 1
