"""Showtimes of what changed, their film, theater, hall or list: written down at once, told in batches by the clock."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import PRICES, MovieFactory, PriceListFactory, ScreenFactory, ShowtimeFactory, next_week

from catalog import price_lists, scheduling, services, tasks, untold
from catalog.errors import ShowtimesOverlap
from catalog.handlers import TICKS
from catalog.models import Movie, Showtime, ShowtimePrice, UntoldChange
from catalog.tariff_models import PriceList
from chassis.messaging.events import Event
from chassis.telemetry.correlation import correlated
from chassis.testing import metric
from chassis.testing_plans import analyze, costs, rows_read

pytestmark = pytest.mark.django_db

Emitted = Callable[..., list[Event]]


@pytest.fixture
def movie(db: None) -> Movie:
    return MovieFactory()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two showtimes a transaction, and one transaction a tick."""
    monkeypatch.setattr(tasks, "BATCH", 2)
    monkeypatch.setattr(tasks, "SECONDS", -1)


def programme(movie: Movie, count: int, *, prices: Mapping[str, int] = PRICES) -> list[UUID]:
    """Showtimes to come of one film on one screen; their ids, in the order in which they are told."""
    first = ShowtimeFactory(movie=movie, prices=prices)
    later = [timedelta(hours=3 * n) for n in range(1, count)]
    copied = [field.attname for field in Showtime._meta.concrete_fields if field.name != "id"]
    rows = [Showtime(**{name: getattr(first, name) for name in copied}) for _ in later]
    for row, hours in zip(rows, later, strict=True):
        row.starts_at += hours
        row.ends_at += hours
        row.screen_free_at += hours
    Showtime.objects.bulk_create(rows, batch_size=1000)
    ShowtimePrice.objects.bulk_create(
        [
            ShowtimePrice(showtime=row, category=category, amount=amount, currency=row.currency)
            for row in rows
            for category, amount in prices.items()
        ],
        batch_size=1000,
    )
    return sorted([first.id, *(row.id for row in rows)])


def statements(work: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


def titles(events: Sequence[Event]) -> list[tuple[str, str, int]]:
    return [(event.subject, event.data["movie"]["title"], event.data["revision"]) for event in events]


def revisions() -> set[int]:
    return set(Showtime.objects.values_list("revision", flat=True))


def test_a_film_with_thousands_of_showtimes_is_renamed_with_the_statements_of_one(
    movie: Movie, emitted: Emitted
) -> None:
    short, ids = MovieFactory(), programme(movie, 3000, prices={})
    programme(short, 1)
    of_one = statements(lambda: services.change_movie(movie_id=short.id, title="Short"))
    of_many = statements(lambda: services.change_movie(movie_id=movie.id, title="Long"))
    # The film: locked, what it was, written, what it is found by, told; the change, the generation.
    assert len(of_many) == len(of_one) == 11
    assert revisions() == {1}
    assert emitted("showtime.updated") == []

    told = 0
    while ticked := tasks.tell_of_changes():
        told += ticked
    assert told == 3001
    assert titles(emitted("showtime.updated"))[1:] == [(str(id_), "Long", 2) for id_ in ids]
    assert revisions() == {2}
    assert not UntoldChange.objects.exists()


def test_a_longer_film_moves_thousands_of_ends_in_one_statement(movie: Movie) -> None:
    programme(movie, 1000, prices={})
    written = statements(lambda: services.change_movie(movie_id=movie.id, duration_minutes=150))
    assert len(written) == 13
    assert len([sql for sql in written if sql.startswith('UPDATE "showtimes"')]) == 1
    lengths = {row.ends_at - row.starts_at for row in Showtime.objects.all()}
    assert lengths == {timedelta(minutes=150)}
    with pytest.raises(ShowtimesOverlap):
        services.change_movie(movie_id=movie.id, duration_minutes=170)
    assert lengths == {row.ends_at - row.starts_at for row in Showtime.objects.all()}


def test_a_batch_of_many_takes_the_statements_of_a_batch_of_one(movie: Movie) -> None:
    programme(movie, 60)
    services.change_movie(movie_id=movie.id, title="Told")
    of_one = statements(lambda: untold.tell_batch(limit=1))
    of_many = statements(lambda: untold.tell_batch(limit=50))
    # change, showtimes, prices, ticket types; showtimes, outbox, change, generation
    assert len(of_one) == len(of_many) == 8
    assert tasks.tell_of_changes() == 9


def following(movie: Movie, count: int) -> PriceList:
    """A list of the house that this many showtimes of the film follow, without having been priced by it."""
    ids = programme(movie, count, prices={})
    price_list: PriceList = PriceListFactory(theater=Showtime.objects.get(id=ids[0]).theater)
    Showtime.objects.filter(id__in=ids).update(price_list=price_list)
    return price_list


def dearer(price_list: PriceList, rounds: int = 1) -> None:
    price_lists.change_price_list(
        theater_id=price_list.theater_id, price_list_id=price_list.id, prices={"adult": {**PRICES, "standard": rounds}}
    )


def test_a_list_with_thousands_of_showtimes_is_changed_with_the_statements_of_one(emitted: Emitted) -> None:
    short, long = following(MovieFactory(), 1), following(MovieFactory(), 2000)
    of_one = statements(lambda: dearer(short))
    of_many = statements(lambda: dearer(long))
    # theater, list, types for the check and for the default; the list, halls; the change, the generation
    assert len(of_many) == len(of_one) <= 8
    assert emitted() == []
    while tasks.tell_of_changes():
        pass
    told = emitted("showtime.updated")
    assert len(told) == 2001
    assert {event.data["tariff"]["prices"]["adult"]["standard"] for event in told} == {1}


def test_a_batch_that_is_priced_anew_takes_the_statements_of_one(movie: Movie) -> None:
    price_list = following(movie, 60)
    dearer(price_list)
    of_one = statements(lambda: untold.tell_batch(limit=1))
    of_many = statements(lambda: untold.tell_batch(limit=50))
    # as above, and the prices: those of before go, these come, and are read
    assert len(of_one) == len(of_many) == 11


def test_the_showtimes_of_a_list_are_found_among_many_others(movie: Movie) -> None:
    programme(MovieFactory(), 2000, prices={})
    price_list = following(movie, 3)
    dearer(price_list)
    analyze("showtimes", "price_lists")
    with costs() as made:
        assert untold.tell_batch(limit=200) == 3
    assert rows_read(made, "showtimes") <= 30, "\n".join(map(str, made))


@pytest.mark.usefixtures("small_batches")
def test_a_tick_ends_in_time_and_the_next_goes_on_where_it_ended(movie: Movie, emitted: Emitted) -> None:
    ids = programme(movie, 5)
    services.change_movie(movie_id=movie.id, title="Told")
    assert [tasks.tell_of_changes() for _ in range(4)] == [2, 2, 1, 0]
    assert titles(emitted("showtime.updated")) == [(str(id_), "Told", 2) for id_ in ids]


@pytest.mark.usefixtures("small_batches")
def test_who_is_killed_in_a_batch_has_told_nobody_of_it(
    movie: Movie, emitted: Emitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = programme(movie, 5)
    services.change_movie(movie_id=movie.id, title="Told")
    tasks.tell_of_changes()

    def killed() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(untold, "catalog_changed", killed)
        with pytest.raises(KeyboardInterrupt):
            tasks.tell_of_changes()
    assert len(emitted("showtime.updated")) == 2
    while tasks.tell_of_changes():
        pass
    assert titles(emitted("showtime.updated")) == [(str(id_), "Told", 2) for id_ in ids]


@pytest.mark.usefixtures("small_batches")
def test_what_changes_again_meanwhile_is_told_anew_and_ends_with_the_last_word(movie: Movie, emitted: Emitted) -> None:
    ids = programme(movie, 5)
    services.change_movie(movie_id=movie.id, title="First")
    tasks.tell_of_changes()
    services.change_movie(movie_id=movie.id, title="Second")
    assert UntoldChange.objects.count() == 1
    while tasks.tell_of_changes():
        pass
    first = [(str(id_), "First", 2) for id_ in ids[:2]]
    second = [(str(id_), "Second", 3 if id_ in ids[:2] else 2) for id_ in ids]
    assert titles(emitted("showtime.updated")) == first + second


@pytest.mark.usefixtures("small_batches")
def test_showtimes_that_are_changed_cancelled_and_scheduled_meanwhile_are_told_as_they_are(
    movie: Movie, emitted: Emitted
) -> None:
    ids = programme(movie, 6)
    services.change_movie(movie_id=movie.id, title="Told")
    tasks.tell_of_changes()
    scheduling.change_showtime(showtime_id=ids[0], language="en")
    scheduling.change_showtime(showtime_id=ids[3], language="en")
    scheduling.cancel_showtime(showtime_id=ids[4])
    new = programme(movie, 1)[0]
    while tasks.tell_of_changes():
        pass
    told = emitted("showtime.updated")
    expected = [(0, 2), (1, 2), (0, 3), (3, 2), (2, 2), (3, 3), (5, 2)]
    assert titles(told) == [(str(ids[n]), "Told", revision) for n, revision in expected] + [(str(new), "Told", 2)]
    assert {event.data["language"] for event in told if event.subject == str(ids[3])} == {"en"}
    assert Showtime.objects.get(id=ids[4]).revision == 2
    assert [event.subject for event in emitted("showtime.cancelled")] == [str(ids[4])]


def test_a_showtime_that_starts_before_its_turn_is_told_all_the_same(movie: Movie, emitted: Emitted) -> None:
    (soon,) = programme(movie, 1)
    started = ShowtimeFactory(movie=movie, starts_at=timezone.now() - timedelta(minutes=1))
    services.change_movie(movie_id=movie.id, title="First")
    Showtime.objects.filter(id=soon).update(starts_at=timezone.now())
    services.change_movie(movie_id=movie.id, title="Second")
    tasks.tell_of_changes()
    assert titles(emitted("showtime.updated")) == [(str(soon), "Second", 2)]
    assert Showtime.objects.get(id=started.id).revision == 1


def test_each_change_tells_the_showtimes_of_its_own(showtime: Showtime, emitted: Emitted) -> None:
    beside = ShowtimeFactory(screen=ScreenFactory(theater=showtime.theater))
    same_hall = ShowtimeFactory(screen=showtime.screen, starts_at=next_week(9))
    services.change_movie(movie_id=showtime.movie_id, title="Film")
    services.change_theater(theater_id=showtime.theater_id, name="House")
    services.change_screen(screen_id=showtime.screen_id, name="Hall")
    assert tasks.tell_of_changes() == 1 + 3 + 2
    told = {str(showtime.id): 4, str(beside.id): 2, str(same_hall.id): 3}
    assert {event.subject: event.data["revision"] for event in emitted("showtime.updated")} == told
    last = emitted("showtime.updated")[-1].data
    assert (last["theater"]["name"], last["screen"]["name"]) == ("House", "Hall")


def test_what_is_told_carries_the_correlation_and_the_trace_of_who_changed_it(movie: Movie, emitted: Emitted) -> None:
    programme(movie, 2)
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    with correlated("request-of-staff", trace):
        services.change_movie(movie_id=movie.id, title="Told")
    tasks.tell_of_changes()
    assert {event.correlationid for event in emitted()} == {"request-of-staff"}
    assert {event.traceparent[3:35] for event in emitted()} == {"a" * 32}


def test_answers_kept_before_a_showtime_was_told_are_not_given_afterwards(
    manager: Any, showtime: Showtime, api: Any, commits: Any
) -> None:
    with commits():
        manager.patch(f"/movies/{showtime.movie_id}", {"title": "Told", "duration_minutes": 90})
    shown = api.get(f"/showtimes/{showtime.id}").json()
    assert (shown["movie"]["title"], shown["revision"]) == ("Told", 1)
    with commits():
        tasks.tell_of_changes()
    assert api.get(f"/showtimes/{showtime.id}").json() == {**shown, "revision": 2}


@pytest.mark.django_db(transaction=True)
def test_several_who_tell_at_once_tell_each_showtime_once(
    movie: Movie, emitted: Emitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "BATCH", 5)
    ids = programme(movie, 60)
    other = MovieFactory()
    ids += programme(other, 60)
    for each in (movie, other):
        services.change_movie(movie_id=each.id, title="Told")

    def tell(_: int) -> int:
        try:
            return tasks.tell_of_changes()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tell, range(4))) + tasks.tell_of_changes() == 120
    assert sorted(titles(emitted("showtime.updated"))) == sorted((str(id_), "Told", 2) for id_ in ids)
    assert not UntoldChange.objects.exists()


def test_the_clock_tells_and_measures(showtime: Showtime) -> None:
    services.change_screen(screen_id=showtime.screen_id, name="Hall")
    services.change_movie(movie_id=showtime.movie_id, title="Told")
    for job in TICKS["clock.minute"]:
        job()
    assert metric("catalog_changes_untold") == 2
    for tick in ("clock.second", "clock.minute"):
        for job in TICKS[tick]:
            job()
    assert metric("catalog_changes_untold") == 0
