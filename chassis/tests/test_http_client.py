"""Calls to other servers end in time, are repeated where that is safe, and stop where nobody answers."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from servers import Request, serving

from chassis.storage.breaker import Breaker, BreakerOpen
from chassis.storage.http import CircuitOpen, Client, Unreachable
from chassis.telemetry.correlation import correlated
from chassis.testing import metric

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


def scripted(*statuses: int) -> Callable[[Request], None]:
    """Answers with these statuses, one after the other, and then with the last."""
    left = list(statuses)

    def decide(request: Request) -> None:
        status = left.pop(0) if len(left) > 1 else left[0]
        if status == 0:
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        request.answer(status, {"status": status})

    return decide


def test_an_answer_is_given_as_it_is_whatever_its_status() -> None:
    with serving(scripted(200, 404, 422, 500)) as server:
        client = Client("t", server.base)
        assert [client.get("/x").status for _ in range(4)] == [200, 404, 422, 500]
        assert client.get("/x").json() == {"status": 500}


def test_correlation_and_trace_go_along() -> None:
    with serving(scripted(200)) as server, correlated("checkout-4711", TRACE):
        Client("t", server.base, headers={"Authorization": "Bearer k"}).post("/x", json={"a": "é"})
    [request] = server.requests
    assert request.headers["X-Correlation-ID"] == "checkout-4711"
    assert request.headers["traceparent"] == TRACE
    assert request.headers["Authorization"] == "Bearer k"
    assert request.headers["Content-Type"] == "application/json"
    assert request.told.decode() == '{"a":"é"}'


@pytest.mark.parametrize("failure", [503, 0])
def test_a_get_is_repeated_until_it_is_answered(failure: int) -> None:
    with serving(scripted(failure, failure, 200)) as server:
        assert Client("t", server.base).get("/x").status == 200
        assert len(server.requests) == 3


def test_a_post_is_not_repeated_once_it_was_sent() -> None:
    with serving(scripted(0)) as server:
        with pytest.raises(Unreachable):
            Client("t", server.base).post("/x", json={})
        assert len(server.requests) == 1
    with serving(scripted(503)) as server:
        assert Client("t", server.base).post("/x", json={}).status == 503
        assert len(server.requests) == 1


def test_a_post_that_says_it_may_be_is_repeated() -> None:
    with serving(scripted(0, 503, 201)) as server:
        assert Client("t", server.base).post("/x", json={}, retry=True).status == 201
        assert len(server.requests) == 3


def test_repetitions_end() -> None:
    with serving(scripted(503)) as server:
        assert Client("t", server.base, retries=2).get("/x").status == 503
        assert len(server.requests) == 3


def test_a_server_that_does_not_answer_in_time_is_unreachable() -> None:
    hold = threading.Event()
    with serving(lambda request: hold.wait(30) and None) as server:
        client = Client("t", server.base, timeout=(0.2, 0.2), retries=0)
        started = time.monotonic()
        with pytest.raises(Unreachable):
            client.get("/x")
        assert time.monotonic() - started < 10
        hold.set()


def test_a_body_that_drips_is_not_waited_for() -> None:
    stop = threading.Event()

    def drip(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        while not stop.wait(0.05):
            request.wfile.write(b"x")

    with serving(drip) as server:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            Client("t", server.base, timeout=(0.3, 0.3), retries=0).get("/x")
        assert time.monotonic() - started < 10
        stop.set()


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"a":', b"\xff\xfe"])
def test_an_answer_that_is_not_json_is_unreadable(body: bytes) -> None:
    with serving(lambda request: request.answer(200, body)) as server:
        answer = Client("t", server.base).get("/x")
        with pytest.raises(Unreachable):
            answer.json()


def test_an_answer_that_is_too_large_or_cut_off_is_refused() -> None:
    with serving(lambda request: request.answer(200, b"x" * 3_000_000)) as server, pytest.raises(Unreachable):
        Client("t", server.base, retries=0).get("/x")

    def lie(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"{}")
        request.close_connection = True

    with serving(lie) as server, pytest.raises(Unreachable):
        Client("t", server.base, retries=0).get("/x")


def test_redirects_are_not_followed() -> None:
    with serving(lambda request: request.answer(302, Location="http://127.0.0.1:9/")) as server:
        assert Client("t", server.base).get("/x").status == 302


def test_nobody_listening_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        Client("t", "http://127.0.0.1:9", timeout=(0.2, 0.2)).get("/x")


def test_after_enough_failures_calls_are_not_made_until_it_is_time_to_try() -> None:
    with serving(scripted(503, 503, 503, 200)) as server:
        client = Client("breaking", server.base, retries=0, breaker_failures=3, breaker_reset=0.2)
        for _ in range(3):
            assert client.get("/x").status == 503
        with pytest.raises(CircuitOpen):
            client.get("/x")
        assert len(server.requests) == 3
        client._breaker._try_at = 0
        assert client.get("/x").status == 200
        assert client.get("/x").status == 200
    outcomes = {
        outcome: metric("http_client_calls_total", client="breaking", outcome=outcome)
        for outcome in ("failed", "circuit_open", "2xx")
    }
    assert outcomes == {"failed": 3, "circuit_open": 1, "2xx": 2}


def test_answers_other_than_failures_keep_the_circuit_closed() -> None:
    with serving(scripted(404)) as server:
        client = Client("t", server.base, breaker_failures=2)
        assert [client.get("/x").status for _ in range(6)] == [404] * 6


def test_one_slow_answer_does_not_hold_up_the_others() -> None:
    hold = threading.Event()

    def decide(request: Request) -> None:
        if request.path == "/slow":
            hold.wait(30)
        request.answer(200, {})

    with serving(decide) as server, ThreadPoolExecutor(1) as pool:
        client = Client("t", server.base, timeout=(5, 30))
        slow = pool.submit(client.get, "/slow")
        assert client.get("/quick").status == 200
        assert not slow.done()
        hold.set()
        assert slow.result(30).status == 200


class Gone(Exception):
    pass


def fail() -> None:
    raise Gone


def test_a_breaker_lets_one_call_try_while_it_is_open() -> None:
    breaker = Breaker(failures=1, reset=60)
    with pytest.raises(Gone):
        breaker.call(fail)
    breaker._try_at = 0
    trying, go_on = threading.Event(), threading.Event()

    def attempt() -> str:
        trying.set()
        go_on.wait(30)
        return "answered"

    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(breaker.call, attempt)
        assert trying.wait(30)
        with pytest.raises(BreakerOpen):
            breaker.call(lambda: "another")
        go_on.set()
        assert one.result(30) == "answered"
    assert breaker.call(lambda: "closed again") == "closed again"


def test_a_failed_try_keeps_the_breaker_open() -> None:
    breaker = Breaker(failures=2, reset=60)
    for _ in range(2):
        with pytest.raises(Gone):
            breaker.call(fail)
    breaker._try_at = 0
    with pytest.raises(Gone):
        breaker.call(fail)
    with pytest.raises(BreakerOpen):
        breaker.call(lambda: None)


def test_a_breaker_that_may_grow_leaves_the_other_side_alone_for_longer_and_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    breaker = Breaker(failures=1, reset=0.5, reset_max=10)

    def pause_after_a_failure() -> float:
        with pytest.raises(Gone):
            breaker.call(fail)
        started = now[0]
        while breaker.is_open:
            with pytest.raises(BreakerOpen):
                breaker.call(fail)
            now[0] += 0.25
        return now[0] - started

    assert [pause_after_a_failure() for _ in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
    breaker.call(lambda: None)
    assert pause_after_a_failure() == 0.5, "after an answer it starts anew"


def test_calls_that_fail_together_make_the_pause_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    breaker = Breaker(failures=1, reset=1, reset_max=60)
    together = threading.Barrier(8)

    def attempt(_: int) -> None:
        def fail_with_the_others() -> None:
            together.wait(30)
            raise Gone

        with pytest.raises(Gone):
            breaker.call(fail_with_the_others)

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(attempt, range(8)))) == 8
    assert breaker.is_open
    now[0] += 1
    assert not breaker.is_open


def test_whether_a_breaker_is_open_can_be_asked_without_being_the_one_that_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    breaker = Breaker(failures=1, reset=2)
    with pytest.raises(Gone):
        breaker.call(fail)
    assert breaker.is_open
    now[0] += 2
    assert not any(breaker.is_open for _ in range(3))
    assert breaker.call(lambda: "answered") == "answered"
    assert not breaker.is_open


def test_a_success_between_failures_starts_the_count_again() -> None:
    breaker = Breaker(failures=2, reset=60)
    for _ in range(5):
        with pytest.raises(Gone):
            breaker.call(fail)
        breaker.call(lambda: None)
    assert not breaker.is_open


def test_an_exception_that_does_not_count_says_that_the_other_side_is_there() -> None:
    breaker = Breaker(failures=1, reset=60, counts=lambda exc: not isinstance(exc, Gone))
    for _ in range(3):
        with pytest.raises(Gone):
            breaker.call(fail)
    assert not breaker.is_open


def test_many_threads_that_fail_at_once_open_a_breaker_once() -> None:
    breaker = Breaker(failures=3, reset=60)
    ready = threading.Barrier(8)

    def attempt(_: Any) -> str:
        ready.wait()
        try:
            breaker.call(fail)
        except Gone:
            return "made"
        except BreakerOpen:
            return "not made"
        return "answered"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(attempt, range(8))) <= {"made", "not made"}
    assert breaker.is_open
