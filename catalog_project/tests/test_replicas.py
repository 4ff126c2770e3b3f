"""Public reads are answered by a real streaming replica, never with what is old, and by the primary when it cannot."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import standby
from django.conf import settings as configured
from django.db import connections, router
from django.test.utils import CaptureQueriesContext
from factories import MovieFactory, ShowtimeFactory
from serving import Web, serving

from catalog import cache
from catalog.models import Movie, Showtime
from chassis.storage import replicas
from chassis.storage.redis import redis_client
from chassis.testing import metric, wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", standby.ALIAS])


@pytest.fixture(autouse=True)
def _with_replica(_at_the_primary: None, transactional_db: None, settings: Any) -> Iterator[None]:
    """A suite without one fails: `python3 -m stack infra --replicas 1`."""
    settings.DATABASE_REPLICAS = (standby.ALIAS,)
    replicas._replica.cache_clear()
    standby.wait_until_level()
    yield
    for connection in connections.all():
        connection.close()


@pytest.fixture
def showtime() -> Showtime:
    showtime = ShowtimeFactory()
    cache.catalog_changed()
    standby.wait_until_level()
    return showtime


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    MovieFactory.create_batch(3)
    standby.wait_until_level()
    with serving(tmp_path) as web:
        yield web


def reads(server: str) -> float:
    return metric("database_reads_total", server=server)


def answered_by(ask: Callable[[], Any]) -> str:
    """Which server answered; and that there was no other."""
    before = {server: reads(server) for server in (standby.ALIAS, "primary")}
    answer = ask()
    assert answer.status_code == 200, answer.content
    (server,) = [server for server, count in before.items() if reads(server) > count]
    return server


PATHS = [
    "/movies",
    "/movies/{0.movie_id}",
    "/theaters",
    "/theaters/{0.theater_id}",
    "/theaters/{0.theater_id}/screens",
    "/screens/{0.screen_id}",
    "/showtimes",
    "/showtimes/{0.id}",
]


@pytest.mark.parametrize("path", PATHS)
def test_what_everybody_reads_is_read_on_the_replica(api: Any, showtime: Showtime, path: str) -> None:
    api.get("/movies?q=nothing")  # so that the generation is in Redis, and the replica measured
    with CaptureQueriesContext(connections["default"]) as at_the_primary:
        assert answered_by(lambda: api.get(path.format(showtime))) == standby.ALIAS
    counted = [query["sql"] for query in at_the_primary if "showtime_occupancy" in query["sql"]]
    measured = [query["sql"] for query in at_the_primary if "pg_current_wal_lsn" in query["sql"]]
    assert len(at_the_primary) == len(counted) + len(measured)
    assert bool(counted) == path.startswith("/showtimes")


def test_what_is_written_and_who_writes_it_stay_at_the_primary(manager: Any, showtime: Showtime) -> None:
    with standby.behind(), CaptureQueriesContext(connections[standby.ALIAS]) as at_the_replica:
        answer = manager.patch(f"/movies/{showtime.movie_id}", {"title": "Seen by who wrote it"})
        assert answer.json()["title"] == "Seen by who wrote it"
        assert Movie.objects.get(id=showtime.movie_id).title == "Seen by who wrote it"
    assert len(at_the_replica) == 0


@pytest.mark.parametrize("path", PATHS)
def test_an_old_answer_is_never_given_under_a_new_generation(
    api: Any, manager: Any, showtime: Showtime, path: str
) -> None:
    address = path.format(showtime)
    assert api.get(address).status_code == 200
    with standby.behind():
        manager.patch(f"/movies/{showtime.movie_id}", {"title": "New film"})
        manager.patch(f"/theaters/{showtime.theater_id}", {"name": "New theater"})
        manager.patch(f"/screens/{showtime.screen_id}", {"name": "New screen"})
        asked = api.get(address).content.decode()
        kept = api.get(address).content.decode()
    assert "New" in asked
    assert kept == asked
    standby.wait_until_level()
    assert api.get(address).content.decode() == asked


def test_a_replica_that_is_behind_leaves_it_to_the_primary_and_comes_back(
    api: Any, manager: Any, showtime: Showtime
) -> None:
    with standby.behind():
        manager.patch(f"/movies/{showtime.movie_id}", {"title": "New"})
        assert answered_by(lambda: api.get("/movies")) == "primary"
    standby.wait_until_level()
    assert answered_by(lambda: api.get("/theaters")) == standby.ALIAS


def test_without_redis_the_generation_is_the_primarys(
    api: Any, manager: Any, showtime: Showtime, redis_at: Callable[[str], None]
) -> None:
    redis_at("redis://127.0.0.1:1/0")
    assert answered_by(lambda: api.get("/movies")) == standby.ALIAS
    with standby.behind():
        manager.patch(f"/movies/{showtime.movie_id}", {"title": "New"})
        assert api.get(f"/movies/{showtime.movie_id}").json()["title"] == "New"


def test_a_replica_that_lags_too_long_is_left_out_though_nothing_of_the_catalog_changed(
    api: Any, showtime: Showtime, settings: Any
) -> None:
    settings.DATABASE_REPLICA_MAX_LAG = 0.5
    question = iter(range(10**6))

    def answers() -> str:
        return answered_by(lambda: api.get(f"/movies?q={next(question)}"))

    with standby.behind():
        Movie.objects.filter(id=showtime.movie_id).update(poster_url="https://img.example/x.png")
        wait_until(lambda: answers() == "primary")
        replicas.measure()
        assert metric("database_replica_left_out", replica=standby.ALIAS) == 1
        assert metric("database_replica_lag_seconds", replica=standby.ALIAS) > 0.5
    wait_until(lambda: answers() == standby.ALIAS)
    wait_until(lambda: replicas.measure() or not metric("database_replica_left_out", replica=standby.ALIAS))


def test_an_idle_replica_does_not_lag(showtime: Showtime) -> None:
    replica = replicas._replica(standby.ALIAS)
    replica.measure()
    assert replica.lag == 0
    assert not replica.is_late


def test_no_request_fails_when_the_replica_is_killed(web: Web) -> None:
    with web.under_load():
        web.wait_for_reads(standby.ALIAS)
        standby.kill()
        web.wait_for_reads("primary")
        web.wait_for_reads(standby.ALIAS)
    assert set(web.answers) == {200}


def test_no_request_fails_while_the_replica_is_frozen(web: Web) -> None:
    with web.under_load():
        web.wait_for_reads(standby.ALIAS)
        with standby.frozen():
            web.wait_for_reads("primary")
            for _ in range(5):
                web.wait_for_reads("primary")
        web.wait_for_reads(standby.ALIAS)
    assert set(web.answers) == {200}


def test_only_the_primary_is_migrated_and_written_to() -> None:
    assert router.allow_migrate("default", "catalog")
    assert not router.allow_migrate(standby.ALIAS, "catalog")
    read = Movie.objects.using(standby.ALIAS).create
    with pytest.raises(Exception, match="read-only"):
        read(title="x", duration_minutes=9, release_date="2026-01-01")
    assert router.db_for_write(Movie, instance=MovieFactory()) == "default"


def test_kept_answers_name_a_generation_that_the_replica_had(api: Any, showtime: Showtime) -> None:
    api.get("/movies")
    (key,) = redis_client().scan_iter("catalog:movies:*")
    assert int(key.decode().split(":")[2]) <= cache._recorded(standby.ALIAS)
    assert configured.DATABASES[standby.ALIAS]["OPTIONS"]["connect_timeout"] == 2
