"""Films, their translations and posters in the admin site."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from factories import MovieFactory
from pictures_made import jpeg, upload

from catalog import texts
from catalog.models import Movie, MovieText, PosterPicture
from chassis.storage.models import AuditRecord
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db

FORM = {
    "title": "The Tide Clock",
    "original_title": "Ceasul mareelor",
    "text_language": "en",
    "synopsis": "A clock runs fast.",
    "duration_minutes": "118",
    "rating": "T13",
    "ratings": "VN: T13\r\nDE: FSK 12",
    "genres": "mystery,drama",
    "languages": "en,vi",
    "subtitles": "vi",
    "people": "director: Ines Aldana\r\ncast: Noor Haddad as The keeper\r\ncast: Tomás Rey",
    "release_date": "2026-11-11",
    "trailer_url": "https://trailers.example/tide-clock",
}
PEOPLE = [
    {"role": "director", "name": "Ines Aldana"},
    {"role": "cast", "name": "Noor Haddad", "character": "The keeper"},
    {"role": "cast", "name": "Tomás Rey"},
]


def told(*rows: dict[str, Any], known: int = 0) -> dict[str, Any]:
    """The forms of translations; the first `known` are of those that there are."""
    forms = {f"texts-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}
    return {"texts-TOTAL_FORMS": len(rows), "texts-INITIAL_FORMS": known, **forms}


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(local_user("ada", {"manager"}), backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(movie: Movie) -> str:
    return reverse("admin:catalog_movie_change", args=[movie.pk])


def errors_of(answer: Any) -> str:
    assert answer.status_code == 200, "it was taken"
    return " ".join(answer.content.decode().split())


def test_a_film_is_added_with_a_poster_and_translations_at_once(browser: Client) -> None:
    vi = {"language": "vi", "title": "Đồng hồ thủy triều", "synopsis": "Chạy nhanh."}
    answer = browser.post(reverse("admin:catalog_movie_add"), {**FORM, **told(vi), "picture": upload(jpeg())})
    assert answer.status_code == 302, errors_of(answer)
    movie = Movie.objects.get()
    assert (movie.slug, movie.people, movie.ratings) == ("the-tide-clock", PEOPLE, {"VN": "T13", "DE": "FSK 12"})
    assert [text.slug for text in movie.texts.all()] == ["dong-ho-thuy-trieu"]
    assert PosterPicture.objects.count() == 3
    assert set(AuditRecord.objects.values_list("action", flat=True)) == {
        *("movie.added", "movie.pictured", "movie.translated")
    }
    shown = errors_of(browser.get(page(movie)))
    assert f'<img src="/media/posters/{movie.poster.digest}-200.webp"' in shown
    assert "cast: Noor Haddad as The keeper" in shown


def test_saving_a_film_as_it_is_changes_nothing(browser: Client) -> None:
    browser.post(reverse("admin:catalog_movie_add"), {**FORM, **told()})
    movie = Movie.objects.get()
    before = AuditRecord.objects.count()
    answer = browser.post(page(movie), {**FORM, "slug": movie.slug, **told()})
    assert answer.status_code == 302, errors_of(answer)
    movie.refresh_from_db()
    assert (movie.revision, AuditRecord.objects.count()) == (1, before)


def test_translations_are_changed_and_removed(browser: Client) -> None:
    movie = MovieFactory(text_language="en")
    for language in ("ja", "vi"):
        texts.put_text(movie_id=movie.id, language=language, title=f"In {language}")
    ja, vi = MovieText.objects.order_by("language")
    rows = [
        {"id": ja.pk, "movie": movie.pk, "language": "ja", "title": ja.title, "synopsis": "", "DELETE": "on"},
        {"id": vi.pk, "movie": movie.pk, "language": "vi", "title": "Phim", "synopsis": ""},
        {"movie": movie.pk, "language": "fr", "title": "Le film", "synopsis": ""},
    ]
    answer = browser.post(page(movie), {**FORM, "slug": movie.slug, **told(*rows, known=2)})
    assert answer.status_code == 302, errors_of(answer)
    assert {text.language: text.title for text in MovieText.objects.all()} == {"fr": "Le film", "vi": "Phim"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"people": "\n".join(["cast: x"] * 51)}, "at most 50 people"),
        ({"people": "stunts: x"}, "the role is one of"),
        ({"people": "Ines Aldana"}, "the role is one of"),
        ({"people": "director:"}, "names are texts"),
        ({"ratings": "ZZ: 18"}, "is no country"),
        ({"ratings": "VN: 18\nVN: 16"}, "VN has a line twice"),
        ({"ratings": "VN"}, "The rating of VN"),
        ({"slug": "Not A Slug"}, "Lower case letters"),
        ({"trailer_url": "http://x.example/"}, "begins with https://"),
        ({"picture": upload(b"<svg onload=alert(1)>", "x.svg", "image/svg+xml")}, "no JPEG, PNG or WebP"),
        ({"picture": upload(b"x" * 9 * 1024 * 1024)}, ""),
        (told({"language": "klingonese-x", "title": "x"}), "Not a language tag"),
        (told({"language": "vi", "title": ""}), "This field is required"),
        (told({"language": "en", "title": "x"}), "told in this language"),
        (told(*({"language": "vi", "title": "x"} for _ in range(2))), "duplicate"),
    ],
)
def test_what_is_wrong_is_said_on_the_page(browser: Client, fields: dict[str, Any], sentence: str) -> None:
    answer = browser.post(reverse("admin:catalog_movie_add"), {**FORM, **told(), **fields})
    if not sentence:  # it was left out, as if none had been chosen
        assert answer.status_code == 302
        assert not PosterPicture.objects.exists()
        return
    assert sentence in errors_of(answer)
    assert not Movie.objects.exists()


def test_the_name_of_another_film_is_refused_on_the_page(browser: Client) -> None:
    other = MovieFactory(slug="taken")
    answer = browser.post(reverse("admin:catalog_movie_add"), {**FORM, **told(), "slug": "taken"})
    assert "Another film has this name" in errors_of(answer)
    assert Movie.objects.get() == other


def test_a_poster_is_taken_away(browser: Client) -> None:
    browser.post(reverse("admin:catalog_movie_add"), {**FORM, **told(), "picture": upload(jpeg())})
    movie = Movie.objects.get()
    answer = browser.post(page(movie), {**FORM, "slug": movie.slug, **told(), "no_picture": "on"})
    assert answer.status_code == 302, errors_of(answer)
    assert Movie.objects.get().picture is None


def test_support_reads_and_changes_nothing(client: Client) -> None:
    movie = MovieFactory()
    texts.put_text(movie_id=movie.id, language="vi", title="Phim")
    client.force_login(local_user("sam", {"support"}), backend="django.contrib.auth.backends.ModelBackend")
    assert "Phim" in errors_of(client.get(page(movie)))
    row = {"id": movie.texts.get().pk, "movie": movie.pk, "language": "vi", "title": "x", "synopsis": ""}
    assert client.post(page(movie), {**FORM, **told(row, known=1)}).status_code == 403
    assert movie.texts.get().title == "Phim"
