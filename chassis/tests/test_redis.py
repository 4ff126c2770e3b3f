"""Nothing here may hang on Redis: short timeouts, and a breaker that remembers."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import caches
from processes import address

from chassis.storage.redis import GuardedRedis, RedisUnavailable, breaker, redis_client
from chassis.testing import redis_url, wait_until
from chassis.testing_ports import free_port
from chassis.testing_proxy import Proxy


@pytest.fixture
def proxy(proxied: Any, redis_at: Callable[[str], None]) -> Proxy:
    made: Proxy = proxied(redis_url(), 6379)
    redis_at(address(redis_url(), made.port))
    return made


def seconds(call: Any) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def refused(client: GuardedRedis) -> None:
    with pytest.raises(RedisUnavailable):
        client.get("x")


def answers(client: GuardedRedis) -> bool:
    try:
        return bool(client.ping())
    except RedisUnavailable:
        return False


@pytest.mark.parametrize("way", ["cut", "freeze"])
def test_a_redis_that_is_away_is_asked_a_few_times_and_then_left_alone(
    proxy: Proxy, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = redis_client()
    client.ping()
    getattr(proxy, way)()
    assert seconds(lambda: refused(client)) < 5
    refused(client)
    refused(client)
    # Three in a row: from now on nobody waits, whatever the timeouts are.
    monkeypatch.setitem(client.connection_pool.connection_kwargs, "socket_timeout", 600)
    monkeypatch.setitem(client.connection_pool.connection_kwargs, "socket_connect_timeout", 600)
    monkeypatch.setattr(breaker, "_try_at", time.monotonic() + 600)
    for _ in range(1000):
        refused(client)


@pytest.mark.parametrize("way", ["cut", "freeze"])
def test_a_redis_that_comes_back_is_found_again(proxy: Proxy, way: str) -> None:
    client = redis_client()
    getattr(proxy, way)()
    for _ in range(3):
        refused(client)
    proxy.mend()
    breaker._try_at = 0
    wait_until(lambda: answers(client))


def test_a_restart_of_redis_goes_unnoticed(proxy: Proxy) -> None:
    client = redis_client()
    client.ping()
    proxy.cut()
    proxy.mend()
    assert client.ping()


def test_pipelines_and_scripts_are_guarded_too(proxy: Proxy) -> None:
    client = redis_client()
    script = client.register_script("return redis.call('set', KEYS[1], ARGV[1], 'EX', 60)")
    assert script(keys=["chassis-test"], args=["1"]) == b"OK"
    assert client.pipeline().get("chassis-test").get("nothing").execute() == [b"1", None]
    proxy.cut()
    with pytest.raises(RedisUnavailable):
        client.pipeline().get("x").execute()
    with pytest.raises(RedisUnavailable):
        script(keys=["chassis-test"], args=["1"])


@pytest.fixture
def lonely(redis_at: Callable[[str], None], tmp_path: Path) -> Iterator[GuardedRedis]:
    """The client of a master whose replicas are gone: it takes no write."""
    port = free_port()
    server = shutil.which("redis-server") or shutil.which("valkey-server") or "redis-server"
    words = [server, "--port", str(port), "--save", "", "--dir", str(tmp_path), "--min-replicas-to-write", "1"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        try:
            redis_at(f"redis://127.0.0.1:{port}/0")
            wait_until(lambda: answers(redis_client()))
            yield redis_client()
        finally:
            process.terminate()


@pytest.mark.parametrize(
    "write",
    [
        lambda client: client.set("x", "1"),
        lambda client: client.pipeline(transaction=False).get("x").set("x", "1").execute(),
        lambda client: client.pipeline(transaction=True).get("x").set("x", "1").execute(),
        lambda client: client.register_script("return redis.call('set', KEYS[1], '1')")(keys=["x"]),
    ],
    ids=["command", "pipeline", "transaction", "script"],
)
def test_a_redis_that_takes_no_write_is_away_however_it_is_asked(
    lonely: GuardedRedis, write: Callable[[GuardedRedis], Any]
) -> None:
    assert lonely.get("x") is None
    for _ in range(5):
        with pytest.raises(RedisUnavailable):
            write(lonely)
    assert breaker.is_open


def test_a_mistake_of_ours_is_not_an_absence_of_redis() -> None:
    client = redis_client()
    client.set("chassis-test", "text", ex=60)
    for _ in range(5):
        with pytest.raises(redis.ResponseError):
            client.incr("chassis-test")
    assert client.get("chassis-test") == b"text"


def test_locks_and_the_cache_share_one_pool() -> None:
    assert redis_client() is caches["default"].client.get_client()


def test_a_cache_that_is_away_is_a_miss(proxy: Proxy) -> None:
    guarded = caches["default"]
    guarded.set("lamp", 1, 60)
    assert guarded.get("lamp") == 1
    proxy.freeze()
    for _ in range(100):
        assert guarded.get("lamp", "miss") == "miss"
        guarded.set("lamp", 2)
    assert breaker.is_open
