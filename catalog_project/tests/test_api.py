import json
from datetime import date, timedelta
from typing import Any

import pytest
from bodies import MOVIE, SEATS, THEATER, dong, problem
from django.utils import timezone
from factories import (
    PRICES,
    MovieFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    next_week,
)

from catalog.models import Movie, Showtime

pytestmark = pytest.mark.django_db


def titles(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [movie["title"] for movie in answer.json()["results"]]


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_a_manager_sets_up_a_house_and_everybody_sees_its_showtime(manager: Any, api: Any) -> None:
    movie = manager.post("/movies", MOVIE).json()
    theater = manager.post("/theaters", THEATER).json()
    screen = manager.post(f"/theaters/{theater['id']}/screens", {"name": "Hall 1", "seats": SEATS}).json()
    starts_at = next_week(12).isoformat()
    answer = manager.post(
        "/showtimes",
        {
            "movie_id": movie["id"],
            "screen_id": screen["id"],
            "starts_at": starts_at,
            "format": "2D",
            "language": "vi",
            "prices": {category: dong(amount) for category, amount in PRICES.items()},
        },
    )
    assert answer.status_code == 201, answer.content
    shown = api.get(f"/showtimes/{answer.json()['id']}").json()
    assert shown == answer.json()
    assert shown["movie"] == {"id": movie["id"], "title": "The Tide Clock"}
    assert shown["theater"] == {
        "id": theater["id"],
        "name": "Marquee Bến Thành",
        "time_zone": "Asia/Ho_Chi_Minh",
    }
    assert shown["screen"] == {"id": screen["id"], "name": "Hall 1"}
    assert shown["starts_at"].endswith("T19:00:00+07:00")
    assert shown["ends_at"].endswith("T20:58:00+07:00")
    assert shown["price_from"] == dong(90_000)
    assert shown["prices"]["couple"] == dong(140_000)
    assert (shown["available_seats"], shown["total_seats"]) == (14, 14)
    assert shown["rules"] == {
        "cancellation_cutoff_minutes": 30,
        "cancellation_fee_percent": None,
        "orphan_seat_rule": True,
        "accessible_places": "on_request",
    }


def test_a_screen_is_shown_with_the_data_of_its_event(manager: Any, api: Any, emitted: Any) -> None:
    theater = TheaterFactory()
    made = manager.post(f"/theaters/{theater.id}/screens", {"name": "Hall 1", "seats": SEATS}).json()
    shown = api.get(f"/screens/{made['id']}").json()
    (event,) = emitted("screen.updated")
    assert {key: shown[key] for key in event.data} == event.data
    assert shown["seats"][0]["accessible"] is True
    assert ids(api.get(f"/theaters/{theater.id}/screens")) == [made["id"]]
    assert api.get(f"/theaters/{theater.id}").json()["screens"][0]["seat_count"] == 14


def test_changes_answer_with_what_is_now(manager: Any, showtime: Showtime) -> None:
    changed = manager.patch(f"/movies/{showtime.movie_id}", {"title": "Another", "genres": []})
    assert (changed.json()["title"], changed.json()["genres"]) == ("Another", [])
    changed = manager.patch(f"/theaters/{showtime.theater_id}", {"rules": {"orphan_seat_rule": False}})
    assert changed.json()["rules"]["orphan_seat_rule"] is False
    assert changed.json()["rules"]["cancellation_cutoff_minutes"] == 60
    changed = manager.patch(f"/screens/{showtime.screen_id}", {"name": "Blue Hall"})
    assert (changed.json()["name"], len(changed.json()["seats"])) == ("Blue Hall", 14)
    changed = manager.patch(f"/showtimes/{showtime.id}", {"format": "3D", "prices": {"standard": dong(99_000)}})
    assert changed.json()["format"] == "3D"
    assert changed.json()["prices"]["standard"] == dong(99_000)
    assert changed.json()["prices"]["premium"] == dong(120_000)
    assert changed.json()["movie"]["title"] == "Another"
    assert changed.json()["screen"]["name"] == "Blue Hall"


def test_deleting_a_showtime_cancels_it(manager: Any, api: Any, showtime: Showtime, emitted: Any) -> None:
    answer = manager.delete(f"/showtimes/{showtime.id}?reason=Projector")
    assert answer.status_code == 204
    assert answer.content == b""
    shown = api.get(f"/showtimes/{showtime.id}").json()
    assert (shown["status"], shown["available_seats"]) == ("cancelled", 0)
    assert ids(api.get("/showtimes")) == []
    assert ids(api.get("/showtimes?status=cancelled")) == [str(showtime.id)]
    assert emitted("showtime.cancelled")[0].data["reason"] == "Projector"


def test_what_has_showtimes_is_not_deleted(manager: Any, showtime: Showtime) -> None:
    problem(manager.delete(f"/movies/{showtime.movie_id}"), 409, "movie_in_use")
    problem(manager.delete(f"/theaters/{showtime.theater_id}"), 409, "theater_in_use")
    problem(manager.delete(f"/screens/{showtime.screen_id}"), 409, "screen_in_use")


def test_what_has_none_is_deleted(manager: Any, api: Any) -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    for path in (f"/movies/{movie.id}", f"/screens/{screen.id}", f"/theaters/{screen.theater_id}"):
        assert manager.delete(path).status_code == 204
        assert api.get(path).status_code == 404


@pytest.mark.parametrize("roles", [("customer",), ("support",), ()])
def test_only_managers_and_admins_write(sign_in: Any, api: Any, showtime: Showtime, roles: Any) -> None:
    client = sign_in(roles=roles)
    asked = 0
    for path, row in (
        ("/movies", showtime.movie_id),
        ("/theaters", showtime.theater_id),
        ("/screens", showtime.screen_id),
        ("/showtimes", showtime.id),
    ):
        for method in ("patch", "delete"):
            asked += 1
            problem(getattr(client, method)(f"{path}/{row}", {}), 403, "permission_denied")
            problem(getattr(api, method)(f"{path}/{row}", {}), 401, "not_authenticated")
    for path in ("/movies", "/theaters", "/showtimes", f"/theaters/{showtime.theater_id}/screens"):
        asked += 1
        problem(client.post(path, {}), 403, "permission_denied")
        problem(api.post(path, {}), 401, "not_authenticated")
    assert asked == 12
    assert sign_in(roles=("admin",)).patch(f"/movies/{showtime.movie_id}", {}).status_code == 200


def test_movies_are_found_by_title_genre_language_and_release(api: Any) -> None:
    MovieFactory(title="The Tide Clock", genres=["mystery"], release_date=date(2026, 11, 11))
    MovieFactory(title="Salt Road", genres=["drama", "history"], languages=["de"], release_date=date(2026, 10, 1))
    assert titles(api.get("/movies")) == ["The Tide Clock", "Salt Road"]
    assert titles(api.get("/movies?q=tide")) == ["The Tide Clock"]
    assert titles(api.get("/movies?q=%25")) == []
    assert titles(api.get("/movies?genre=history")) == ["Salt Road"]
    assert titles(api.get("/movies?genre=western")) == []
    assert titles(api.get("/movies?language=vi")) == ["The Tide Clock"]
    assert titles(api.get("/movies?released_after=2026-11-11")) == ["The Tide Clock"]
    assert titles(api.get("/movies?released_before=2026-11-10")) == ["Salt Road"]


@pytest.mark.parametrize("typed", ["thu bon", "BỒN", "đom", "Dom Dom"])
def test_titles_are_found_without_their_accents(api: Any, typed: str) -> None:
    movie = MovieFactory(title="Đom đóm over Thu Bồn")
    MovieFactory(title="Salt Road")
    assert titles(api.get("/movies", {"q": typed})) == [movie.title]


def test_movies_that_are_showing_have_showtimes_to_come(api: Any, showtime: Showtime) -> None:
    cancelled, none = ShowtimeFactory(status="cancelled"), MovieFactory()
    assert titles(api.get("/movies?now_showing=true")) == [showtime.movie.title]
    assert titles(api.get("/movies?now_showing=false")) == [none.title, cancelled.movie.title]


def test_theaters_are_found_by_city_in_the_order_of_city_and_name(api: Any) -> None:
    names = [("Hanoi", "B"), ("Berlin", "C"), ("Hanoi", "A")]
    made = {name: str(TheaterFactory(city=city, name=name).id) for city, name in names}
    assert ids(api.get("/theaters")) == [made["C"], made["A"], made["B"]]
    assert ids(api.get("/theaters?city=hanoi")) == [made["A"], made["B"]]


def test_showtimes_are_found_by_what_they_are(api: Any, showtime: Showtime) -> None:
    other = ShowtimeFactory(format="IMAX", language="en", starts_at=next_week(20))
    one, two = str(showtime.id), str(other.id)
    assert ids(api.get("/showtimes")) == [one, two]
    assert ids(api.get(f"/showtimes?movie_id={other.movie_id}")) == [two]
    assert ids(api.get(f"/showtimes?theater_id={showtime.theater_id}")) == [one]
    assert ids(api.get("/showtimes?format=IMAX")) == [two]
    assert ids(api.get("/showtimes?language=vi")) == [one]
    assert ids(api.get("/showtimes", {"starts_before": other.starts_at.isoformat()})) == [one]
    assert ids(api.get("/showtimes", {"starts_after": showtime.starts_at.isoformat()})) == [two]


def test_a_day_is_the_theaters_own(api: Any) -> None:
    tokyo = ScreenFactory(theater__time_zone="Asia/Tokyo")
    honolulu = ScreenFactory(theater__time_zone="Pacific/Honolulu")
    evening = next_week(20)  # 05:00 of the next day in Tokyo, 10:00 of the same in Honolulu
    east = ShowtimeFactory(screen=tokyo, starts_at=evening)
    west = ShowtimeFactory(screen=honolulu, starts_at=evening)
    day = evening.date()
    assert ids(api.get(f"/showtimes?date={day}")) == [str(west.id)]
    assert ids(api.get(f"/showtimes?date={day + timedelta(days=1)}")) == [str(east.id)]
    assert ids(api.get(f"/showtimes?date={day - timedelta(days=1)}")) == []


def test_showtimes_that_started_are_listed_only_when_asked_for(api: Any, showtime: Showtime) -> None:
    now = timezone.now()
    Showtime.objects.filter(id=showtime.id).update(starts_at=now - timedelta(minutes=5))
    assert ids(api.get("/showtimes")) == []
    assert ids(api.get("/showtimes", {"starts_after": (now - timedelta(hours=1)).isoformat()})) == [str(showtime.id)]


def test_pages_follow_one_another_and_lead_back(api: Any) -> None:
    screen = ScreenFactory()
    made = [
        str(ShowtimeFactory(screen=screen, starts_at=next_week(hour, days=day)).id)
        for day in (2, 3)
        for hour in (2, 8, 14)
    ]
    seen: list[str] = []
    answer = api.get("/showtimes?page_size=2")
    while True:
        seen += ids(answer)
        after = answer.json()["next"]
        if after is None:
            break
        answer = api.get(after)
    assert seen == made
    assert ids(api.get(answer.json()["previous"])) == made[2:4]


def test_showtimes_that_start_together_are_neither_lost_nor_repeated(api: Any) -> None:
    made = {str(ShowtimeFactory(starts_at=next_week()).id) for _ in range(5)}
    seen: list[str] = []
    address = "/showtimes?page_size=2"
    while address:
        answer = api.get(address)
        seen += ids(answer)
        address = answer.json()["next"]
    assert len(seen) == 5
    assert set(seen) == made


def test_an_answer_known_already_is_not_sent_again(api: Any, showtime: Showtime) -> None:
    for path in ("/movies", f"/movies/{showtime.movie_id}", "/showtimes", f"/showtimes/{showtime.id}"):
        tag = api.get(path)["ETag"]
        again = api.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    Movie.objects.filter(id=showtime.movie_id).update(title="Changed behind the cache's back")
    assert api.get("/theaters")["ETag"] != tag


def test_the_schema_describes_every_route(api: Any) -> None:
    answer = api.get("/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    paths = json.loads(answer.content)["paths"]
    assert set(paths) == {
        "/movies",
        "/movies:import",
        "/movies:export",
        "/movies/{movie_id}",
        "/movies/by-slug/{slug}",
        "/movies/{movie_id}/texts",
        "/movies/{movie_id}/texts/{tag}",
        "/movies/{movie_id}/poster",
        "/theaters",
        "/theaters/{theater_id}",
        "/theaters/{theater_id}/screens",
        "/theaters/{theater_id}/ticket-types",
        "/theaters/{theater_id}/ticket-types/{ticket_type_id}",
        "/theaters/{theater_id}/price-lists",
        "/theaters/{theater_id}/price-lists/{price_list_id}",
        "/theaters/{theater_id}/price-lists:import",
        "/theaters/{theater_id}/price-lists:export",
        "/theaters/{theater_id}/showtimes:import",
        "/theaters/{theater_id}/showtimes:export",
        "/theaters/{theater_id}/plan:copy",
        "/screens/{screen_id}",
        "/showtimes",
        "/showtimes:batch",
        "/showtimes:publish",
        "/showtimes:remove",
        "/showtimes/{showtime_id}",
    }
    assert "200" in paths["/showtimes"]["get"]["responses"]
