import threading
import time
from pathlib import Path

import pytest
from gateway import Gateway, Plan, Upstream, wait_until


@pytest.mark.parametrize("path", ["/api/movies", "/api/theaters", "/api/showtimes", "/api/showtimes/1"])
def test_anonymous_reads_within_a_second_cost_one_answer(
    gateway: Gateway, upstreams: dict[str, Upstream], path: str
) -> None:
    answers = [gateway.get(path + "?anonymous=1") for _ in range(10)]

    assert {answer.status for answer in answers} == {200}
    assert len(upstreams["catalog"].received) <= 3
    assert "HIT" in [answer.header("X-Cache") for answer in answers]
    assert len({answer.header("X-Correlation-ID") for answer in answers}) == 10


def test_a_new_answer_is_seen_after_the_lifetime(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    upstreams["catalog"].plans["/movies"] = Plan(body=b'"old"', headers={"Cache-Control": "public, max-age=300"})
    assert gateway.get("/api/movies?fresh").body == b'"old"'
    upstreams["catalog"].plans["/movies"] = Plan(body=b'"new"')
    wait_until(lambda: gateway.get("/api/movies?fresh").body == b'"new"', seconds=3, what="the new answer")


def test_a_signed_in_reader_always_asks_the_service(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    gateway.get("/api/movies?own=1")
    for _ in range(3):
        gateway.get("/api/movies?own=1", Authorization="Bearer x")
    assert len(upstreams["catalog"].received) == 4


def test_what_a_service_calls_private_is_not_kept(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    upstreams["catalog"].plans["/movies"] = Plan(headers={"Cache-Control": "private, max-age=60"})
    for _ in range(3):
        gateway.get("/api/movies?private=1")
    assert len(upstreams["catalog"].received) == 3


@pytest.mark.parametrize("path", ["/api/bookings", "/api/notifications/history", "/api/payments"])
def test_nothing_else_is_kept(gateway: Gateway, upstreams: dict[str, Upstream], path: str) -> None:
    for _ in range(3):
        assert gateway.get(path).header("X-Cache") is None
    assert sum(len(upstream.received) for upstream in upstreams.values()) == 3


def test_a_seat_map_is_kept_for_half_a_second_for_everybody(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    upstreams["booking"].plans["/showtimes/1/seats"] = Plan(body=b'"free"')
    for number in range(10):
        assert gateway.get("/api/showtimes/1/seats", Authorization=f"Bearer {number}").body == b'"free"'
    assert len(upstreams["booking"].received) <= 3
    upstreams["booking"].plans["/showtimes/1/seats"] = Plan(body=b'"sold"')
    wait_until(lambda: gateway.get("/api/showtimes/1/seats").body == b'"sold"', seconds=1, what="the seats as they are")


def test_errors_and_writes_are_not_kept(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    upstreams["catalog"].plans["/movies/404"] = Plan(status=404)
    for _ in range(2):
        assert gateway.get("/api/movies/404").status == 404
        gateway.request("POST", "/api/movies", body=b"{}")
    assert len(upstreams["catalog"].received) == 4


def test_an_etag_is_honoured_from_the_cache_and_towards_the_service(
    gateway: Gateway, upstreams: dict[str, Upstream]
) -> None:
    upstreams["catalog"].plans["/movies"] = Plan(headers={"ETag": '"v1"'})
    first = gateway.get("/api/movies?etag=1")
    assert first.header("ETag") == '"v1"'

    for tag in ('"v1"', 'W/"v1"'):
        answer = gateway.get("/api/movies?etag=1", If_None_Match=tag)
        assert (answer.status, answer.body) == (304, b"")
    assert gateway.get("/api/movies?etag=1", If_None_Match='"v0"').status == 200

    upstreams["booking"].plans["/bookings"] = Plan(status=304, headers={"ETag": '"b"'})
    assert gateway.get("/api/bookings", If_None_Match='"b"').status == 304
    assert upstreams["booking"].received[0].headers["If-None-Match"] == '"b"'


def test_the_last_answer_is_given_while_the_service_is_away(upstreams: dict[str, Upstream], tmp_path: Path) -> None:
    addresses = {name: upstream.address for name, upstream in upstreams.items()}
    catalog = Upstream("catalog")
    with Gateway(tmp_path, {**addresses, "catalog": catalog.address}) as gateway:
        known = gateway.get("/api/movies")
        catalog.stop()
        wait_until(lambda: gateway.get("/api/movies").header("X-Cache") == "STALE", seconds=5, what="a stale answer")
        assert gateway.get("/api/movies").body == known.body
        assert gateway.get("/api/theaters").status == 503


def test_a_crowd_asking_for_the_same_list_is_one_question(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    barrier, statuses = threading.Barrier(12), []

    def ask() -> None:
        barrier.wait()
        statuses.append(gateway.get("/api/showtimes?crowd=1").status)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 12
    assert len(upstreams["catalog"].received) <= 3


def test_static_files_are_kept(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    for _ in range(5):
        assert gateway.get("/static/catalog/admin/css/base.css").status == 200
    assert len(upstreams["catalog"].received) == 1


def test_an_answer_that_is_good_for_this_second_is_seen_anew_within_one(
    gateway: Gateway, upstreams: dict[str, Upstream]
) -> None:
    def answer(body: bytes) -> None:
        good = {"Cache-Control": "public, max-age=1", "X-Accel-Expires": f"@{int(time.time())}"}
        upstreams["catalog"].plans["/movies/soon"] = Plan(body=body, headers=good)

    kept = 0
    for number in range(3):
        wait_until(lambda: time.time() % 1 < 0.1, what="the beginning of a second")
        body = str(number).encode()
        answer(body)
        wait_until(lambda body=body: gateway.get("/api/movies/soon").body == body, seconds=1, what="the new answer")
        first = gateway.get("/api/movies/soon")
        kept += first.header("X-Cache") == "HIT"
        assert first.header("X-Accel-Expires") is None
    assert kept


def test_languages_are_kept_apart(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    for language in ("vi", "en", "vi", "en"):
        upstreams["catalog"].plans["/movies/told"] = Plan(
            body=language.encode(), headers={"Vary": "Accept-Language", "Content-Language": language}
        )
        told = gateway.get("/api/movies/told", Accept_Language=language)
        assert (told.body, told.header("Content-Language")) == (language.encode(), language)


def test_a_poster_is_kept_whoever_asks_for_it(gateway: Gateway, upstreams: dict[str, Upstream]) -> None:
    path = f"/media/posters/{'0f' * 32}-200.webp"
    for_ever = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": "image/webp", "Vary": "Accept"}
    upstreams["catalog"].plans[path] = Plan(body=b"RIFF", headers=for_ever)
    for number in range(5):
        answer = gateway.get(f"{path}?{number}", Authorization=f"Bearer {number}", Accept_Language=f"{number}")
        assert (answer.status, answer.header("Cache-Control")) == (200, for_ever["Cache-Control"])
        assert answer.header("X-Content-Type-Options") == "nosniff"
    assert len(upstreams["catalog"].received) == 1
    for other in ("/media/posters/x.webp", "/media/", f"/media/posters/{'0f' * 32}-200.svg"):
        assert gateway.get(other).status == 404


PAGE = {"Cache-Control": "public, max-age=0", "X-Accel-Expires": "5", "Content-Type": "text/html"}


def test_a_page_of_the_shop_that_is_everybodys_is_kept_for_five_seconds_whatever_cookies_come(
    gateway: Gateway, upstreams: dict[str, Upstream]
) -> None:
    upstreams["frontend"].plans["/en/"] = Plan(headers=PAGE)
    began = time.monotonic()
    answers = []

    def older_than_lists_become() -> bool:
        answers.append(gateway.get("/en/?cinema=1", Cookie=f"frontend_session={len(answers)}"))
        return time.monotonic() - began > 2.5

    wait_until(older_than_lists_become, what="2.5 seconds of asking")
    assert len(upstreams["frontend"].received) == 1
    assert {answer.header("X-Cache") for answer in answers[1:]} == {"HIT"}
    assert answers[-1].header("Cache-Control") == PAGE["Cache-Control"]
    assert answers[-1].header("X-Accel-Expires") is None


def test_pages_are_kept_apart_by_host_so_that_nobody_puts_another_ones_links_into_them(
    gateway: Gateway, upstreams: dict[str, Upstream]
) -> None:
    upstreams["frontend"].plans["/en/cinemas/"] = Plan(headers=PAGE)
    for host in ("tickets.example", "evil.example", "tickets.example"):
        gateway.get("/en/cinemas/", Host=host)
    assert [one.headers["Host"] for one in upstreams["frontend"].received] == ["tickets.example", "evil.example"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "private, no-cache"},
        {**PAGE, "Set-Cookie": "cinema=1"},
        {**PAGE, "Cache-Control": "private", "X-Accel-Expires": "5"},
        {**PAGE, "Vary": "Cookie, *"},
    ],
)
def test_a_page_that_is_its_readers_alone_is_never_kept(
    gateway: Gateway, upstreams: dict[str, Upstream], headers: dict[str, str]
) -> None:
    upstreams["frontend"].plans["/en/bookings/"] = Plan(headers=headers)
    for number in range(3):
        gateway.get(f"/en/bookings/?{len(str(headers))}", Cookie=f"frontend_session={number}")
    assert len(upstreams["frontend"].received) == 3


def test_what_is_posted_to_the_shop_is_never_answered_from_the_cache(
    gateway: Gateway, upstreams: dict[str, Upstream]
) -> None:
    upstreams["frontend"].plans["/en/sign-in/"] = Plan(headers=PAGE)
    gateway.get("/en/sign-in/?posted")
    for _ in range(2):
        assert gateway.request("POST", "/en/sign-in/?posted", body=b"a=1").status == 200
    assert len(upstreams["frontend"].received) == 3
