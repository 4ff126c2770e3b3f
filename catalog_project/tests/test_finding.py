"""Films that somebody looks for: with typing errors, and by where and when they are shown."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from bodies import problem
from factories import MovieFactory, ScreenFactory, ShowtimeFactory, TheaterFactory, next_week

from catalog import finding, texts
from catalog.models import Movie, Theater
from catalog.naming import WORDS
from chassis.storage.database import execute
from chassis.testing_plans import analyze, costs, rows_read

pytestmark = pytest.mark.django_db

SAIGON, HANOI = (10.7769, 106.7009), (21.0285, 105.8542)


@pytest.fixture
def films() -> dict[str, Movie]:
    made = {
        "tide": MovieFactory(
            title="The Tide Clock",
            synopsis="On an island a harbour clock runs fast.",
            people=[{"role": "director", "name": "Inês Aldana"}],
        ),
        "lantern": MovieFactory(title="The Lantern Keeper", original_title="Người giữ đèn", synopsis="A light."),
        "freight": MovieFactory(title="Night Freight to Almaty", synopsis="Something knocks in wagon nine."),
        "spirited": MovieFactory(title="千と千尋の神隠し", synopsis="A bath house."),
    }
    texts.put_text(movie_id=made["tide"].id, language="vi", title="Đồng hồ thủy triều", synopsis="Chạy nhanh.")
    return made


def found(api: Any, films: dict[str, Movie], query: str) -> list[str]:
    answer = api.get(f"/movies?{query}")
    assert answer.status_code == 200, answer.content
    names = {str(movie.id): name for name, movie in films.items()}
    return [names[row["id"]] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("The Tide Clock", "tide"),
        ("tide", "tide"),
        ("tyde clok", "tide"),
        ("the tied clock", "tide"),
        ("lantrn", "lantern"),
        ("keeper lantern", "lantern"),
        ("nguoi giu den", "lantern"),
        ("NGƯỜI GIỮ ĐÈN", "lantern"),
        ("dong ho thuy trieu", "tide"),
        ("đồng hò", "tide"),
        ("ines aldana", "tide"),
        ("aldanna", "tide"),
        ("harbour", "tide"),
        ("wagon knocks", "freight"),
        ("almaty", "freight"),
        ("almatty night", "freight"),
        ("lant", "lantern"),
        ("千と千尋の神隠し", "spirited"),
    ],
)
def test_what_is_typed_wrongly_is_found(api: Any, films: dict[str, Movie], typed: str, first: str) -> None:
    assert found(api, films, f"search={typed}")[:1] == [first]


@pytest.mark.parametrize("typed", ["zzzzzz", "!!!", "%%%", "'; DROP TABLE movies; --", "\\", "a & b | !c:*", "()"])
def test_what_nothing_is_like_finds_nothing(api: Any, films: dict[str, Movie], typed: str) -> None:
    assert api.get("/movies", {"search": typed}).json() == {"next": None, "previous": None, "results": []}


def test_the_best_come_first_and_filters_hold(api: Any, films: dict[str, Movie]) -> None:
    films["second"] = MovieFactory(title="The Tide", rating="P")
    assert found(api, films, "search=tide clock") == ["tide"]
    assert found(api, films, "search=the tide")[:2] == ["second", "tide"]
    assert found(api, films, "search=tide&rating=P") == ["second"]
    assert found(api, films, "search=tide&page_size=1&fields=title") == ["second"]
    assert found(api, films, "search=tide&ordering=title") == ["second", "tide"]


def test_a_search_follows_every_change(api: Any, manager: Any, films: dict[str, Movie], commits: Any) -> None:
    assert found(api, films, "search=almaty") == ["freight"]
    with commits():
        manager.patch(f"/movies/{films['freight'].id}", {"title": "Night Freight to Tashkent"})
    assert found(api, films, "search=almaty") == []
    assert found(api, films, "search=tashkent") == ["freight"]
    with commits():
        texts.remove_text(movie_id=films["tide"].id, language="vi")
    assert found(api, films, "search=dong ho thuy trieu") == []


def test_a_search_compares_few_films_however_many_are_alike(api: Any) -> None:
    """Among thousands of which each has the word."""
    day = next_week().date()
    Movie.objects.bulk_create(
        Movie(title=f"Film {n}", slug=f"f-{n}", duration_minutes=9, genres=[], languages=["en"], release_date=day)
        for n in range(3000)
    )
    for movie in Movie.objects.all():
        execute(WORDS, {"movie": movie.id, "names": movie.title, "about": movie.title})
    analyze("movies", "movie_words")
    execute("SET LOCAL enable_seqscan = off", [])  # it would do for so few
    for typed in ("film", "flim", "film 2999", "zzz", "!!!"):
        with costs() as made:
            assert api.get("/movies", {"search": typed}).status_code == 200
        assert made
        assert rows_read(made, "movie_words") <= 1100, "\n".join(map(str, made))


def shown(film: str, theater: Theater, films: dict[str, Movie], **how: Any) -> None:
    ShowtimeFactory(movie=films[film], screen=ScreenFactory(theater=theater), **{"starts_at": next_week(), **how})


@pytest.fixture
def programme(films: dict[str, Movie]) -> dict[str, Movie]:
    """tide in two cities, lantern in one of them in 3D and a day later, freight yesterday and cancelled."""
    saigon = TheaterFactory(city="Ho Chi Minh City", latitude=SAIGON[0], longitude=SAIGON[1])
    hanoi = TheaterFactory(city="Hanoi", latitude=HANOI[0], longitude=HANOI[1])
    TheaterFactory(city="Nowhere")
    shown("tide", saigon, films)
    shown("tide", hanoi, films)
    shown("lantern", hanoi, films, format="3D", starts_at=next_week(days=8))
    shown("freight", saigon, films, starts_at=next_week(days=-1))
    shown("freight", saigon, films, status="cancelled", starts_at=next_week(21))
    return films


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("city=Hanoi", {"tide", "lantern"}),
        ("city=hanoi", {"tide", "lantern"}),
        ("city=Ho Chi Minh City", {"tide"}),
        ("city=Nowhere", set()),
        ("city=Atlantis", set()),
        ("format=3D", {"lantern"}),
        ("format=IMAX", set()),
        ("format=3D&city=Ho Chi Minh City", set()),
        ("lat=10.8&lon=106.7", {"tide"}),
        ("lat=21&lon=105.85&radius=10", {"tide", "lantern"}),
        ("lat=21&lon=105.85&radius=1", set()),
        ("lat=52.5&lon=13.4&radius=200", set()),
        ("lat=21&lon=105.85&city=Ho Chi Minh City", set()),
        ("date={day}", {"tide"}),
        ("date={next}&city=Hanoi", {"lantern"}),
        ("date={day}&city=Hanoi&format=3D", set()),
        ("search=lantern&city=Hanoi", {"lantern"}),
        ("search=lantern&city=Ho Chi Minh City", set()),
        ("genre=drama&rating=T13&city=Hanoi", {"tide", "lantern"}),
    ],
)
def test_films_are_found_by_where_and_when_they_are_shown(
    api: Any, programme: dict[str, Movie], monkeypatch: Any, query: str, names: set[str]
) -> None:
    # 19:00 UTC is two in the morning of the next day there.
    day = next_week().astimezone(UTC).date() + timedelta(days=1)
    query = query.format(day=day, next=day + timedelta(days=1))
    assert set(found(api, programme, query)) == names
    monkeypatch.setattr(finding, "LOOKED_THROUGH", (1,))  # film by film, as where very many showtimes are to come
    assert set(found(api, programme, f"{query}&page_size=19")) == names


def test_theaters_around_a_point_come_the_nearest_first(api: Any) -> None:
    far, near = (TheaterFactory(latitude=SAIGON[0] + by, longitude=SAIGON[1]) for by in (0.05, 0.01))
    TheaterFactory(latitude=HANOI[0], longitude=HANOI[1])
    TheaterFactory()
    told = api.get(f"/theaters?lat={SAIGON[0]}&lon={SAIGON[1]}").json()
    assert [row["id"] for row in told["results"]] == [str(near.id), str(far.id)]
    assert [row["distance_km"] for row in told["results"]] == [
        pytest.approx(1.112, abs=0.01),
        pytest.approx(5.56, abs=0.01),
    ]
    assert told["next"] is None
    assert len(api.get(f"/theaters?lat={SAIGON[0]}&lon={SAIGON[1]}&page_size=1").json()["results"]) == 1
    assert api.get(f"/theaters?lat={SAIGON[0]}&lon={SAIGON[1]}&radius=3").json()["results"][0]["id"] == str(near.id)
    assert not api.get(f"/theaters?lat={SAIGON[0]}&lon={SAIGON[1]}&city=Hanoi").json()["results"]


def test_theaters_beyond_the_date_line_and_at_the_pole_are_near(api: Any) -> None:
    fiji = TheaterFactory(latitude=-16.8, longitude=179.95)
    pole = TheaterFactory(latitude=89.9, longitude=-100)
    for point, theater in (("lat=-16.8&lon=-179.95", fiji), ("lat=89.9&lon=80", pole)):
        told = api.get(f"/theaters?{point}").json()["results"]
        assert [row["id"] for row in told] == [str(theater.id)]


def test_a_day_is_one_of_the_theaters_clocks(api: Any, films: dict[str, Movie]) -> None:
    shown("tide", TheaterFactory(time_zone="America/Los_Angeles"), films, starts_at=next_week(1))
    shown("lantern", TheaterFactory(time_zone="Asia/Tokyo"), films, starts_at=next_week(1))
    assert found(api, films, f"date={next_week().date() - timedelta(days=1)}") == ["tide"]
    assert found(api, films, f"date={next_week().date()}") == ["lantern"]
    problem(api.get("/movies?date=tomorrow"), 400, "bad_parameter")
