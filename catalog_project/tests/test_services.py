from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from factories import PRICES, MovieFactory, ScreenFactory, ShowtimeFactory, TheaterFactory, next_week, places

from catalog import scheduling, services, tasks
from catalog.errors import (
    InvalidFields,
    MovieInUse,
    MovieNotFound,
    NameTaken,
    ScreenInUse,
    ScreenNotFound,
    ShowtimeIsCancelled,
    ShowtimeNotFound,
    ShowtimeOver,
    ShowtimesOverlap,
    ShowtimeStarted,
    TheaterInUse,
    TheaterNotFound,
)
from catalog.layouts import read_plan
from catalog.models import Movie, Screen, Seat, Showtime, Theater, UntoldChange
from chassis.ids import uuid7
from chassis.storage.models import OutboxMessage

pytestmark = pytest.mark.django_db


def schedule(**fields: Any) -> Showtime:
    wanted = {
        "starts_at": next_week(),
        "format": "2D",
        "language": "vi",
        "prices": PRICES,
        "currency": "VND",
        **fields,
    }
    if "movie_id" not in wanted:
        wanted["movie_id"] = MovieFactory().id
    if "screen_id" not in wanted:
        wanted["screen_id"] = ScreenFactory().id
    return scheduling.schedule_showtime(**wanted)


def started(showtime: Showtime, *, minutes_ago: int) -> None:
    """As if its start had come; its length stays."""
    back = showtime.starts_at - (timezone.now() - timedelta(minutes=minutes_ago))
    Showtime.objects.filter(id=showtime.id).update(
        starts_at=showtime.starts_at - back,
        ends_at=showtime.ends_at - back,
        screen_free_at=showtime.screen_free_at - back,
    )


def test_a_showtime_ends_when_the_film_does_and_its_screen_is_free_once_clean(emitted: Any) -> None:
    showtime = schedule()
    assert showtime.ends_at - showtime.starts_at == timedelta(minutes=118)
    assert showtime.screen_free_at - showtime.ends_at == timedelta(minutes=15)
    (event,) = emitted("showtime.scheduled")
    assert event.data["prices"] == PRICES
    assert event.data["revision"] == 1


def test_a_second_film_on_the_same_screen_is_refused_and_told_which_is_in_the_way() -> None:
    first = schedule()
    with pytest.raises(ShowtimesOverlap, match=first.movie.title) as refused:
        schedule(screen_id=first.screen_id, starts_at=first.starts_at + timedelta(minutes=130))
    assert refused.value.extra["showtime_id"] == str(first.id)


def test_the_next_film_may_start_when_the_screen_is_free_again() -> None:
    first = schedule()
    second = schedule(screen_id=first.screen_id, starts_at=first.screen_free_at)
    assert second.starts_at == first.screen_free_at


def test_a_cancelled_showtime_leaves_its_screen_free() -> None:
    first = schedule()
    scheduling.cancel_showtime(showtime_id=first.id)
    assert schedule(screen_id=first.screen_id, starts_at=first.starts_at).id != first.id


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_the_screen_at_once_one_gets_it() -> None:
    screen, movie = ScreenFactory(), MovieFactory()
    start = next_week()

    def attempt(minutes: int) -> str:
        try:
            schedule(movie_id=movie.id, screen_id=screen.id, starts_at=start + timedelta(minutes=minutes))
        except ShowtimesOverlap:
            return "refused"
        else:
            return "scheduled"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(0, 80, 10)))
    assert sorted(answers) == ["refused"] * 7 + ["scheduled"]
    assert Showtime.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_changes_of_a_movie_a_theater_and_a_showtime_at_once_do_not_lock_each_other_out() -> None:
    movie = MovieFactory()
    showtimes = [ShowtimeFactory(movie=movie) for _ in range(3)]

    def change(n: int) -> int:
        showtime = showtimes[n % 3]
        try:
            services.change_movie(movie_id=movie.id, title=f"Title {n}", duration_minutes=100 + n)
            services.change_theater(theater_id=showtime.theater_id, name=f"Name {n}", cleaning_minutes=n)
            tasks.tell_of_changes()
            scheduling.change_showtime(showtime_id=showtime.id, format=("2D", "3D", "IMAX")[n // 3 % 3])
        finally:
            connection.close()
        return n

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(change, range(18))) == list(range(18))
    tasks.tell_of_changes()
    told = [row.body["data"] for row in OutboxMessage.objects.filter(type="showtime.updated")]
    for showtime in Showtime.objects.select_related("movie", "theater"):
        revisions = {event["revision"]: event for event in told if event["showtime_id"] == str(showtime.id)}
        assert sorted(revisions) == list(range(2, showtime.revision + 1))
        last = revisions[showtime.revision]
        assert (last["movie"]["title"], last["theater"]["name"]) == (showtime.movie.title, showtime.theater.name)
        assert datetime.fromisoformat(last["ends_at"]) == showtime.ends_at
        assert showtime.ends_at - showtime.starts_at == timedelta(minutes=showtime.movie.duration_minutes)
        assert showtime.screen_free_at - showtime.ends_at == timedelta(minutes=showtime.theater.cleaning_minutes)


def test_the_database_itself_refuses_two_films_on_one_screen() -> None:
    first = schedule()
    second = schedule(screen_id=first.screen_id, starts_at=first.screen_free_at)
    with pytest.raises(IntegrityError, match="do_not_overlap"), transaction.atomic():
        Showtime.objects.filter(id=second.id).update(starts_at=first.starts_at)


def test_the_schedule_is_refused_by_the_constraint_when_the_look_before_it_saw_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = schedule()
    monkeypatch.setattr(scheduling, "_refuse_overlap", lambda _: None)
    with pytest.raises(ShowtimesOverlap):
        schedule(screen_id=first.screen_id, starts_at=first.starts_at)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"starts_at": timezone.now() - timedelta(minutes=1)}, "/starts_at"),
        ({"starts_at": timezone.now() + timedelta(days=800)}, "/starts_at"),
        ({"language": "fr"}, "/language"),
        ({"prices": {"standard": 90_000}}, "/prices"),
        ({"currency": "EUR"}, "/prices"),
        ({"movie_id": uuid7()}, "/movie_id"),
        ({"screen_id": uuid7()}, "/screen_id"),
    ],
)
def test_a_showtime_that_does_not_fit_names_the_field(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        schedule(**fields)
    assert [error["pointer"] for error in refused.value.errors or ()] == [pointer]
    assert not Showtime.objects.exists()


def test_a_moved_showtime_is_told_with_its_new_end(showtime: Showtime, emitted: Any) -> None:
    later = showtime.starts_at + timedelta(hours=1)
    changed = scheduling.change_showtime(
        showtime_id=showtime.id, starts_at=later, prices={"standard": 99_000}, currency="VND"
    )
    assert changed.ends_at == later + timedelta(minutes=118)
    (event,) = emitted("showtime.updated")
    assert event.data["revision"] == 2
    assert event.data["prices"] == {**PRICES, "standard": 99_000}


def test_a_showtime_may_move_within_its_own_time(showtime: Showtime) -> None:
    later = showtime.starts_at + timedelta(minutes=5)
    assert scheduling.change_showtime(showtime_id=showtime.id, starts_at=later).starts_at == later


def test_a_change_that_changes_nothing_is_told_to_nobody(showtime: Showtime, emitted: Any) -> None:
    scheduling.change_showtime(
        showtime_id=showtime.id, starts_at=showtime.starts_at, prices={"standard": PRICES["standard"]}
    )
    assert emitted() == []
    assert Showtime.objects.get().revision == 1


def test_a_showtime_that_started_or_was_cancelled_is_not_changed(showtime: Showtime) -> None:
    other = ShowtimeFactory()
    scheduling.cancel_showtime(showtime_id=other.id)
    with pytest.raises(ShowtimeIsCancelled):
        scheduling.change_showtime(showtime_id=other.id, language="en")
    started(showtime, minutes_ago=1)
    with pytest.raises(ShowtimeStarted):
        scheduling.change_showtime(showtime_id=showtime.id, language="en")


def test_cancelling_twice_is_told_once(showtime: Showtime, emitted: Any) -> None:
    for _ in range(2):
        cancelled = scheduling.cancel_showtime(showtime_id=showtime.id, reason="The projector is broken")
        assert cancelled.status == "cancelled"
    (event,) = emitted("showtime.cancelled")
    assert event.data == {
        "showtime_id": str(showtime.id),
        "revision": 2,
        "reason": "The projector is broken",
    }


def test_a_running_showtime_can_be_cancelled_and_one_that_is_over_cannot(showtime: Showtime) -> None:
    started(showtime, minutes_ago=60)
    other = ShowtimeFactory()
    started(other, minutes_ago=119)
    assert scheduling.cancel_showtime(showtime_id=showtime.id).status == "cancelled"
    with pytest.raises(ShowtimeOver):
        scheduling.cancel_showtime(showtime_id=other.id)


def test_what_is_unknown_is_not_found() -> None:
    unknown = uuid7()
    with pytest.raises(ShowtimeNotFound):
        scheduling.change_showtime(showtime_id=unknown, language="vi")
    with pytest.raises(ShowtimeNotFound):
        scheduling.cancel_showtime(showtime_id=unknown)
    with pytest.raises(MovieNotFound):
        services.change_movie(movie_id=unknown, title="x")
    with pytest.raises(MovieNotFound):
        services.remove_movie(movie_id=unknown)
    with pytest.raises(TheaterNotFound):
        services.change_theater(theater_id=unknown, name="x")
    with pytest.raises(TheaterNotFound):
        services.remove_theater(theater_id=unknown)
    with pytest.raises(TheaterNotFound):
        services.add_screen(theater_id=unknown, name="x", places=places())
    with pytest.raises(ScreenNotFound):
        services.change_screen(screen_id=unknown, name="x")
    with pytest.raises(ScreenNotFound):
        services.remove_screen(screen_id=unknown)


def test_a_longer_cut_moves_the_end_of_the_showtimes_to_come(showtime: Showtime, emitted: Any) -> None:
    gone = ShowtimeFactory(movie=showtime.movie)
    started(gone, minutes_ago=10)
    services.change_movie(movie_id=showtime.movie_id, duration_minutes=140, title="The Long Cut")
    showtime.refresh_from_db()
    assert showtime.ends_at - showtime.starts_at == timedelta(minutes=140)
    assert showtime.screen_free_at - showtime.ends_at == timedelta(minutes=15)
    assert emitted("showtime.updated") == []
    tasks.tell_of_changes()
    (event,) = emitted("showtime.updated")
    assert event.data["showtime_id"] == str(showtime.id)
    assert event.data["movie"]["title"] == "The Long Cut"
    assert event.data["revision"] == 2


def test_a_longer_cut_that_does_not_fit_changes_nothing(showtime: Showtime, emitted: Any) -> None:
    ShowtimeFactory(screen=showtime.screen, starts_at=showtime.screen_free_at)
    with pytest.raises(ShowtimesOverlap):
        services.change_movie(movie_id=showtime.movie_id, duration_minutes=119)
    assert Movie.objects.get(id=showtime.movie_id).duration_minutes == 118
    assert not UntoldChange.objects.exists()
    assert emitted() == []


def test_another_synopsis_is_no_news_of_showtimes(showtime: Showtime, emitted: Any) -> None:
    services.change_movie(movie_id=showtime.movie_id, synopsis="It ends well.")
    services.change_theater(theater_id=showtime.theater_id, address="2 Lê Lợi")
    assert tasks.tell_of_changes() == 0
    assert [event.type for event in emitted()] == ["movie.updated", "theater.updated"]


def test_a_theaters_new_rules_reach_its_showtimes_to_come(showtime: Showtime, emitted: Any) -> None:
    services.change_theater(theater_id=showtime.theater_id, cancellation_fee_percent=20, orphan_seat_rule=False)
    tasks.tell_of_changes()
    (event,) = emitted("showtime.updated")
    assert event.data["rules"] == {
        "cancellation_cutoff_minutes": 60,
        "cancellation_fee_percent": 20,
        "orphan_seat_rule": False,
        "accessible_places": "on_request",
    }


def test_a_theater_keeps_its_currency_while_showtimes_are_priced_in_it(showtime: Showtime) -> None:
    with pytest.raises(TheaterInUse):
        services.change_theater(theater_id=showtime.theater_id, currency="EUR")
    scheduling.cancel_showtime(showtime_id=showtime.id)
    assert services.change_theater(theater_id=showtime.theater_id, currency="EUR").currency == "EUR"


def test_names_are_given_once() -> None:
    screen = ScreenFactory()
    other = ScreenFactory(theater=screen.theater)
    theater = TheaterFactory()
    with pytest.raises(NameTaken):
        services.add_screen(theater_id=screen.theater_id, name=screen.name, places=places())
    with pytest.raises(NameTaken):
        services.change_screen(screen_id=other.id, name=screen.name)
    with pytest.raises(NameTaken):
        services.change_theater(theater_id=theater.id, name=screen.theater.name)
    assert services.add_screen(theater_id=theater.id, name=screen.name, places=places()).seat_count == 14


def test_what_has_showtimes_stays(showtime: Showtime) -> None:
    scheduling.cancel_showtime(showtime_id=showtime.id)
    with pytest.raises(MovieInUse):
        services.remove_movie(movie_id=showtime.movie_id)
    with pytest.raises(TheaterInUse):
        services.remove_theater(theater_id=showtime.theater_id)
    with pytest.raises(ScreenInUse):
        services.remove_screen(screen_id=showtime.screen_id)


def test_what_has_no_showtimes_goes() -> None:
    screen = ScreenFactory()
    services.remove_screen(screen_id=ScreenFactory(theater=screen.theater).id)
    services.remove_theater(theater_id=screen.theater_id)
    services.remove_movie(movie_id=MovieFactory().id)
    assert not any(model.objects.exists() for model in (Movie, Theater, Screen, Seat))


def test_a_new_screen_is_told_with_its_seats(emitted: Any) -> None:
    screen = services.add_screen(theater_id=TheaterFactory().id, name="Hall 1", places=places())
    (event,) = emitted("screen.updated")
    assert (event.data["rows"], event.data["columns"], event.data["revision"]) == (4, 7, 1)
    assert len(event.data["seats"]) == screen.seat_count == 14
    assert screen.categories == ["accessible", "companion", "couple", "premium", "standard"]


def test_a_new_layout_keeps_the_seats_that_keep_their_names(emitted: Any) -> None:
    screen = ScreenFactory()
    before = {str(seat): seat.id for seat in screen.seats.all()}
    changed = services.change_screen(screen_id=screen.id, places=read_plan("A ss\nB ss\nC pp"))
    after = {str(seat): seat for seat in changed.seats.all()}
    assert {name: seat.id for name, seat in after.items()} == {
        name: before[name] for name in ("A1", "A2", "B1", "B2", "C1", "C2")
    }
    assert (after["C1"].x, after["C1"].y, after["A1"].category) == (1, 3, "standard")
    assert (changed.rows, changed.columns, changed.seat_count, changed.revision) == (3, 2, 6, 2)
    (event,) = emitted("screen.updated")
    assert len(event.data["seats"]) == 6


def test_seats_may_swap_their_places() -> None:
    screen = ScreenFactory(places=read_plan("A ss"))
    one, two = read_plan("A ss")
    swapped = [type(one)("A", 1, two.x, two.y), type(two)("A", 2, one.x, one.y)]
    changed = services.change_screen(screen_id=screen.id, places=swapped)
    assert [(str(seat), seat.x) for seat in changed.seats.all()] == [("A2", 1), ("A1", 2)]


def test_the_same_layout_again_is_told_to_nobody(emitted: Any) -> None:
    screen = ScreenFactory()
    services.change_screen(screen_id=screen.id, name=screen.name, places=places())
    assert emitted() == []


def test_a_screens_new_name_reaches_its_showtimes(showtime: Showtime, emitted: Any) -> None:
    services.change_screen(screen_id=showtime.screen_id, name="The Blue Hall")
    tasks.tell_of_changes()
    assert [event.type for event in emitted()] == ["screen.updated", "showtime.updated"]
    assert emitted("showtime.updated")[0].data["screen"]["name"] == "The Blue Hall"


def test_seats_of_showtimes_to_come_stay_and_have_a_price(showtime: Showtime) -> None:
    with pytest.raises(ScreenInUse, match="A1"):
        services.change_screen(screen_id=showtime.screen_id, places=places()[1:])
    showtime.prices.filter(category="couple").delete()
    with pytest.raises(ScreenInUse, match="couple"):
        services.change_screen(screen_id=showtime.screen_id, places=read_plan("A wk.ss\nB ss.ss\n\nC pp.ccccc"))


def test_a_layout_with_faults_points_at_the_seats() -> None:
    screen = ScreenFactory()
    doubled = [*places(), places()[0]]
    with pytest.raises(InvalidFields) as refused:
        services.change_screen(screen_id=screen.id, places=doubled)
    assert (refused.value.errors or [{}])[0]["pointer"] == "/seats/14"
