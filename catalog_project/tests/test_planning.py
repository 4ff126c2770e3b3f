"""Many showtimes planned at once: all or nothing, with whatever is in the way named, in a few statements."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from bodies import dong, problem
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import PRICES, MovieFactory, ScreenFactory, ShowtimeFactory, TheaterFactory, next_jump, next_week

from catalog import drafts, planning, services
from catalog.clocks import LocalTime
from catalog.errors import PlanRefused
from catalog.models import CatalogGeneration, Movie, Screen, Showing, Showtime
from catalog.planning import Wanted
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor
from chassis.storage.models import AuditRecord

pytestmark = pytest.mark.django_db
ADA = Actor(uuid7(), "ada", "api")


def item(movie: Movie, screen: Screen, **fields: Any) -> dict[str, Any]:
    return {
        "movie_id": str(movie.id),
        "screen_id": str(screen.id),
        "starts_at": next_week().isoformat(),
        "format": "2D",
        "language": "vi",
        "prices": {category: dong(amount) for category, amount in PRICES.items()},
        **fields,
    }


def wanted(movie: Movie, screen: Screen, starts_at: datetime | LocalTime, **fields: Any) -> Wanted:
    showing = Showing(format="2D", language="vi")
    same = {"prices": PRICES, "currency": "VND", "showing": showing}
    return Wanted(movie_id=movie.id, screen_id=screen.id, starts_at=starts_at, **{**same, **fields})


def row_of(movie: Movie, screen: Screen, count: int, *, days: int = 7) -> list[Wanted]:
    """One after the other, two hours and a half apart."""
    first = next_week(1, days=days)
    return [wanted(movie, screen, first + timedelta(minutes=150 * number)) for number in range(count)]


def generation() -> int:
    return CatalogGeneration.objects.values_list("value", flat=True).first() or 0


def test_a_batch_is_planned_as_drafts_that_nobody_hears_of(manager: Any, api: Any, emitted: Any) -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    before = generation()
    later = (next_week() + timedelta(hours=3)).isoformat()
    answer = manager.post("/showtimes:batch", {"items": [item(movie, screen), item(movie, screen, starts_at=later)]})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["dry_run"], body["errors"]) == (False, [])
    assert [row["status"] for row in body["showtimes"]] == ["draft", "draft"]
    assert body["showtimes"][1]["starts_at"].endswith("T05:00:00+07:00")
    assert emitted() == []
    assert generation() == before
    assert api.get("/showtimes").json()["results"] == []
    problem(api.get(f"/showtimes/{body['showtimes'][0]['id']}"), 404, "showtime_not_found")


def test_a_batch_that_is_published_is_told_at_once(manager: Any, api: Any, emitted: Any) -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    body = {"publish": True, "items": [item(movie, screen)]}
    [made] = manager.post("/showtimes:batch", body).json()["showtimes"]
    (event,) = emitted("showtime.scheduled")
    assert event.data["showtime_id"] == made["id"]
    assert event.data["prices"] == PRICES
    assert [row["id"] for row in api.get("/showtimes").json()["results"]] == [made["id"]]


def test_everything_that_is_wrong_with_any_row_is_named_and_nothing_is_written(manager: Any) -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    taken = ShowtimeFactory(screen=screen, starts_at=next_week(9))
    sooner = (next_week(9) + timedelta(minutes=30)).isoformat()
    day_after = next_week(9, days=8)
    items = [
        item(movie, screen),
        item(movie, screen, starts_at=sooner),
        item(movie, screen, starts_at="2020-01-01T10:00:00Z", language="ja", prices={"standard": dong(1000)}),
        item(movie, screen, movie_id=str(uuid7()), screen_id=str(uuid7())),
        item(movie, screen, starts_at=day_after.isoformat()),
        item(movie, screen, starts_at=(day_after + timedelta(minutes=5)).isoformat()),
    ]
    body = problem(manager.post("/showtimes:batch", {"items": items}), 409, "plan_refused")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [
        ("/items/1/starts_at", "showtimes_overlap"),
        ("/items/2/starts_at", "start_out_of_range"),
        ("/items/2/language", "language_unavailable"),
        ("/items/2/prices", "price_missing"),
        ("/items/3/movie_id", "movie_not_found"),
        ("/items/3/screen_id", "screen_not_found"),
        ("/items/4/starts_at", "showtimes_overlap"),
        ("/items/5/starts_at", "showtimes_overlap"),
    ]
    assert f"shows {taken.movie.title} from 16:00" in body["errors"][0]["detail"]
    assert "With row 6: " in body["errors"][6]["detail"]
    assert Showtime.objects.count() == 1
    asked = manager.post("/showtimes:batch", {"items": items, "dry_run": True})
    assert asked.status_code == 200
    assert asked.json()["errors"] == body["errors"]
    assert len(asked.json()["showtimes"]) == 1
    assert Showtime.objects.count() == 1


def test_more_faults_than_a_form_has_fields_are_all_told(manager: Any) -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    items = [item(movie, screen, language="ja", starts_at="2020-01-01T10:00:00Z") for _ in range(60)]
    body = problem(manager.post("/showtimes:batch", {"items": items}), 409, "plan_refused")
    assert {error["pointer"] for error in body["errors"]} >= {f"/items/{number}/language" for number in range(60)}


def test_drafts_take_their_screen_like_what_is_on_sale(manager: Any) -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    planning.plan_showtimes(wanted=[wanted(movie, screen, next_week())])
    for path, body in (
        ("/showtimes", item(movie, screen)),
        ("/showtimes", item(movie, screen, draft=True)),
        ("/showtimes:batch", {"items": [item(movie, screen)]}),
    ):
        answer = manager.post(path, body)
        assert answer.status_code == 409, answer.content
        assert "is to show" in answer.content.decode()


@pytest.mark.parametrize("publish", [True, False])
def test_many_rows_take_the_statements_of_a_few(publish: bool) -> None:
    def statements(count: int, screens: int, *, days: int) -> int:
        theater, movie = TheaterFactory(), MovieFactory()
        halls = [ScreenFactory(theater=theater) for _ in range(screens)]
        rows = [row for hall in halls for row in row_of(movie, hall, count, days=days)]
        with CaptureQueriesContext(connection) as queries:
            made = planning.plan_showtimes(wanted=rows, publish=publish, actor=ADA)
        assert len(made.showtimes) == count * screens
        return len(queries)

    assert statements(1, 2, days=7) == statements(8, 10, days=20)
    assert AuditRecord.objects.filter(action="showtime.added").count() == 82


def test_a_batch_has_an_end(manager: Any) -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    problem(manager.post("/showtimes:batch", {"items": [item(movie, screen)] * 501}), 400, "invalid")
    problem(manager.post("/showtimes:batch", {"items": []}), 400, "invalid")
    problem(manager.post("/showtimes:batch", {"items": [item(movie, screen, draft=True)]}), 400, "invalid")


def test_the_largest_batch_there_may_be_is_read(manager: Any) -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    first = next_week(1)
    items = [
        item(movie, screen, starts_at=(first + timedelta(minutes=150 * number)).isoformat()) for number in range(500)
    ]
    answer = manager.post("/showtimes:batch", {"items": items})
    assert answer.status_code == 200, answer.content[:500]
    assert len(answer.json()["showtimes"]) == 500


def test_the_same_request_with_the_same_key_plans_once(manager: Any) -> None:
    body = {"items": [item(MovieFactory(), ScreenFactory())]}
    first, again = (manager.post("/showtimes:batch", body, headers={"Idempotency-Key": "k-1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert Showtime.objects.count() == 1


def test_only_who_plans_sees_drafts(manager: Any, api: Any, sign_in: Any) -> None:
    draft = ShowtimeFactory(status="draft")
    listed = manager.get("/showtimes?status=draft")
    assert listed["Cache-Control"] == "private, no-store"
    shown = listed.json()["results"]
    assert [(row["id"], row["status"], row["available_seats"]) for row in shown] == [(str(draft.id), "draft", 0)]
    assert manager.get(f"/showtimes/{draft.id}").json()["status"] == "draft"
    problem(api.get("/showtimes?status=draft"), 401, "not_authenticated")
    for role in ("customer", "support"):
        person = sign_in(roles=(role,))
        problem(person.get("/showtimes?status=draft"), 403, "permission_denied")
        problem(person.get(f"/showtimes/{draft.id}"), 404, "showtime_not_found")
        for path in ("/showtimes:batch", "/showtimes:publish", "/showtimes:remove"):
            problem(person.post(path, {}), 403, "permission_denied")
    assert api.get(f"/movies?now_showing=true&q={draft.movie.title[:4]}").json()["results"] == []


def test_a_draft_is_changed_and_nobody_hears_of_it(manager: Any, emitted: Any) -> None:
    draft = ShowtimeFactory(status="draft")
    before = generation()
    changed = manager.patch(
        f"/showtimes/{draft.id}", {"format": "3D", "local_starts_at": f"{next_week():%Y-%m-%dT20:15}"}
    )
    assert changed.status_code == 200, changed.content
    assert (changed.json()["format"], changed.json()["status"]) == ("3D", "draft")
    assert changed.json()["starts_at"].endswith("T20:15:00+07:00")
    assert emitted() == []
    assert generation() == before


def test_a_draft_may_get_another_film_and_hall_and_what_is_on_sale_no_other_film(manager: Any) -> None:
    draft, sold = ShowtimeFactory(status="draft"), ShowtimeFactory()
    movie, screen = MovieFactory(duration_minutes=60), ScreenFactory(theater=draft.theater)
    wish = {"movie_id": str(movie.id), "screen_id": str(screen.id)}
    shown = manager.patch(f"/showtimes/{draft.id}", wish).json()
    assert (shown["movie"]["id"], shown["screen"]["id"]) == (wish["movie_id"], wish["screen_id"])
    draft.refresh_from_db()
    assert draft.ends_at - draft.starts_at == timedelta(minutes=60)
    entry = AuditRecord.objects.get()
    assert entry.after["screen"] == str(screen.id)
    body = problem(manager.patch(f"/showtimes/{sold.id}", wish), 400, "invalid")
    assert body["errors"][0]["code"] == "not_a_draft"
    same = {"movie_id": str(sold.movie_id), "screen_id": str(sold.screen_id)}
    assert manager.patch(f"/showtimes/{sold.id}", same).status_code == 200
    for unknown in ("movie_id", "screen_id"):
        problem(manager.patch(f"/showtimes/{draft.id}", {unknown: str(uuid7())}), 400, "invalid")


def test_a_draft_whose_day_has_come_is_moved_to_where_it_can_start(manager: Any) -> None:
    draft = ShowtimeFactory(status="draft", starts_at=next_week(days=-7))
    problem(manager.post("/showtimes:publish", {"showtime_ids": [str(draft.id)]}), 409, "plan_refused")
    assert manager.patch(f"/showtimes/{draft.id}", {"starts_at": next_week().isoformat()}).status_code == 200
    assert manager.post("/showtimes:publish", {"showtime_ids": [str(draft.id)]}).status_code == 200


def test_drafts_are_published_together_and_told_once(manager: Any, emitted: Any) -> None:
    made = [ShowtimeFactory(status="draft") for _ in range(3)]
    ids = [str(draft.id) for draft in made]
    looked = manager.post("/showtimes:publish", {"showtime_ids": ids, "dry_run": True}).json()
    assert (len(looked["showtimes"]), looked["errors"]) == (3, [])
    assert emitted() == []
    assert manager.post("/showtimes:publish", {"showtime_ids": ids}).status_code == 200
    assert sorted(event.data["showtime_id"] for event in emitted("showtime.scheduled")) == sorted(ids)
    assert {event.data["revision"] for event in emitted("showtime.scheduled")} == {2}
    assert manager.post("/showtimes:publish", {"showtime_ids": ids}).status_code == 200
    assert len(emitted("showtime.scheduled")) == 3
    assert AuditRecord.objects.filter(action="showtime.published").count() == 3


def test_one_draft_that_does_not_fit_keeps_all_of_them_from_being_published(manager: Any, emitted: Any) -> None:
    good, long = ShowtimeFactory(status="draft"), ShowtimeFactory(status="draft")
    behind = ShowtimeFactory(screen=long.screen, starts_at=long.screen_free_at)
    cancelled = ShowtimeFactory(status="cancelled")
    services.change_movie(movie_id=long.movie_id, duration_minutes=200)  # a draft is in nobody's way
    long.refresh_from_db()
    assert long.screen_free_at > behind.starts_at
    ids = [str(row) for row in (good.id, long.id, cancelled.id, uuid7())]
    body = problem(manager.post("/showtimes:publish", {"showtime_ids": ids}), 409, "plan_refused")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [
        ("/showtime_ids/1", "showtimes_overlap"),
        ("/showtime_ids/2", "not_a_draft"),
        ("/showtime_ids/3", "showtime_not_found"),
    ]
    assert emitted("showtime.scheduled") == []
    assert set(Showtime.objects.filter(id__in=[good.id, long.id]).values_list("status", flat=True)) == {"draft"}


def test_publishing_many_takes_the_statements_of_a_few() -> None:
    def statements(count: int) -> int:
        theater = TheaterFactory()
        made = [ShowtimeFactory(status="draft", screen=ScreenFactory(theater=theater)).id for _ in range(count)]
        with CaptureQueriesContext(connection) as queries:
            drafts.publish_drafts(showtime_ids=made, actor=ADA)
        return len(queries)

    assert statements(2) == statements(20)


def test_drafts_are_removed_and_nothing_else_is(manager: Any) -> None:
    made, sold = [ShowtimeFactory(status="draft") for _ in range(2)], ShowtimeFactory()
    ids = [str(draft.id) for draft in made]
    body = problem(manager.post("/showtimes:remove", {"showtime_ids": [*ids, str(sold.id)]}), 409, "plan_refused")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [("/showtime_ids/2", "not_a_draft")]
    assert manager.post("/showtimes:remove", {"showtime_ids": ids}).json() == {"removed": 2}
    assert list(Showtime.objects.values_list("id", flat=True)) == [sold.id]


def test_deleting_a_draft_removes_it_and_tells_nobody(manager: Any, emitted: Any) -> None:
    draft = ShowtimeFactory(status="draft")
    assert manager.delete(f"/showtimes/{draft.id}").status_code == 204
    assert not Showtime.objects.exists()
    assert emitted() == []
    assert AuditRecord.objects.get().action == "showtime.removed"


def test_a_time_of_the_theater_s_clocks_is_taken_and_a_wrong_one_refused(manager: Any) -> None:
    screen = ScreenFactory(theater=TheaterFactory(time_zone="Europe/Berlin"))
    movie = MovieFactory()
    sunday = next_jump(10)

    def planned(**start: Any) -> Any:
        body = item(movie, screen)
        del body["starts_at"]
        return manager.post("/showtimes", {**body, **start})

    body = problem(planned(local_starts_at=f"{sunday:%Y-%m-%d}T02:30"), 400, "invalid")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [("/local_starts_at", "time_is_twice")]
    made = planned(local_starts_at=f"{sunday:%Y-%m-%d}T02:30", fold=1)
    assert made.json()["starts_at"].endswith("T02:30:00+01:00")
    body = problem(planned(local_starts_at=f"{next_jump(3):%Y-%m-%d}T02:30", fold=1), 400, "invalid")
    assert body["errors"][0]["code"] == "time_does_not_exist"
    for wrong in (
        {},
        {"local_starts_at": "2030-10-25T02:30+01:00"},
        {"local_starts_at": "2030-10-25T12:30", "starts_at": next_week().isoformat()},
        {"starts_at": next_week().isoformat(), "fold": 0},
        {"local_starts_at": "2030-10-25T12:30", "fold": 2},
    ):
        problem(planned(**wrong), 400, "invalid")


def test_a_refused_plan_says_so_without_the_api_too() -> None:
    movie, screen = MovieFactory(), ScreenFactory()
    with pytest.raises(PlanRefused):
        planning.plan_showtimes(wanted=row_of(movie, screen, 1) * 2)
