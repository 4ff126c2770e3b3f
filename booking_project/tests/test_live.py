"""Live seats: the real process on real PostgreSQL and Redis, each behind a proxy that can be cut or frozen."""

import json
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import transaction
from factories import layout, seat_ids
from live import Client, Live, deaf_client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bookings import blocks, endings, locks, projections
from bookings.heard import ShowtimeCancelled
from bookings.models import Booking, Screen, SeatStatus
from bookings.presentation import present_seat_map
from bookings.selectors import seat_map
from chassis.ids import uuid7
from chassis.testing import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Live]:
    with django_db_blocker.unblock():
        live = Live()
    yield live
    live.close()


@pytest.fixture
def live(running: Live) -> Iterator[Live]:
    yield running
    running.postgresql.mend()
    running.redis.mend()


@pytest.fixture
def seats(showtime) -> list[str]:
    return [str(seat) for seat in seat_ids(showtime)]


def release(booking: Booking) -> None:
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)


def refused(live: Live, showtime_id: object, **options: object) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as answer, live.watch(showtime_id, **options):
        pass
    response = answer.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, json.loads(response.body)["code"]


def test_a_page_is_told_the_map_and_then_each_seat_as_it_goes_and_comes_back(live, showtime, hold, seats):
    with live.watch(showtime.id) as page:
        first = page.hears()
        shown = json.loads(json.dumps(present_seat_map(*seat_map(showtime.id))))
        assert first == {"type": "map", **shown}
        booking = hold(0, 1)
        page.sees(seats[1], "held")
        assert page.version == present_seat_map(*seat_map(showtime.id))["version"]
        release(booking)
        page.sees(seats[0], "available")
        assert page.version == first["version"]
        blocks.block_seats(showtime_id=showtime.id, seat_ids=[seat_ids(showtime)[5]])
        page.sees(seats[5], "blocked")


def test_a_change_is_told_within_a_second_though_its_commit_comes_late(live, showtime, seats):
    """The lock, and the wake with it, comes before the commit of who took it."""
    with live.watch(showtime.id) as page:
        page.hears()
        seat_id, booking_id = seat_ids(showtime)[3], uuid7()
        committed = threading.Event()
        with transaction.atomic():
            SeatStatus.objects.create(showtime_id=showtime.id, seat_id=seat_id, status="blocked")
            owner = locks.Owner(uuid7(), booking_id)
            locks.acquire(showtime.id, [seat_id], owner=owner, seconds=60)
            woken = time.monotonic()
            reads = live.metric(READS)
            committed.wait(0.5)  # what the database takes for it
            wait_until(lambda: live.metric(READS) > reads, 1)
        page.sees(seats[3], "blocked", within=woken + 1.0 - time.monotonic())


READS = 'live_seats_reads_total{outcome="read"}'


def test_who_comes_back_is_told_what_it_missed_or_the_whole_map(live, showtime, hold, seats):
    with live.watch(showtime.id) as page:
        before = page.hears()["version"]
    hold(0)
    with live.watch(showtime.id, before) as again:
        told = again.hears()
        assert (told["type"], told["from"]) == ("delta", before)
        assert told["seats"] == [{"id": seats[0], "status": "held"}]
        hold(1)
        again.sees(seats[1], "held")
        with live.watch(showtime.id, before) as late:
            assert {seat["id"] for seat in late.hears()["seats"]} == set(seats[:2])
        with live.watch(showtime.id, again.version) as at_once:
            assert at_once.hears()["seats"] == []
    for unknown in ("1.1.00000000", "x" * 500):
        with live.watch(showtime.id, unknown) as lost:
            assert lost.hears()["type"] == "map"


def test_what_is_more_than_seats_is_told_as_a_map(live, showtime, seats, move):
    with live.watch(showtime.id) as page:
        page.hears()
        move(currency=showtime.currency, prices={**showtime.prices, "standard": 95000})
        dearer = page.hears(within=1)
        assert dearer["type"] == "map"
        assert 95000 in {seat["price"]["amount"] for seat in dearer["seats"]}
        projections.project_cancellation(
            ShowtimeCancelled(showtime_id=showtime.id, revision=showtime.revision + 1, reason="flood")
        )
        assert page.hears(within=1)["type"] == "map"


def test_a_storm_of_changes_costs_five_reads_a_second_and_nobody_watching_none(live, showtime, hold, seats):
    with live.watch(showtime.id) as page, live.watch(showtime.id) as other:
        page.hears(), other.hears()
        before, began = live.metric(READS), time.monotonic()
        while time.monotonic() - began < 2:
            release(hold(0))
        reads, took = live.metric(READS) - before, time.monotonic() - began
        assert 5 <= reads <= 5 * took + 1
    wait_until(lambda: live.metric("live_seats_showtimes") == 0)
    before = live.metric(READS)
    release(hold(0))
    wait_until(lambda: live.metric("live_seats_sockets") == 0)
    assert live.metric(READS) == before


def test_redis_away_means_later_and_nothing_else(live, showtime, hold, seats):
    with live.watch(showtime.id) as page:
        page.hears()
        live.redis.cut()
        hold(0)
        page.sees(seats[0], "held", within=2.5)
        hold(1)
        page.sees(seats[1], "held", within=2.5)
        live.redis.mend()


def test_a_frozen_database_is_waited_for_with_the_sockets_open(live, showtime, hold, seats):
    with live.watch(showtime.id) as page:
        page.hears()
        live.postgresql.freeze()
        hold(0)
        with pytest.raises(TimeoutError):
            page.hears(within=0.7)
        live.postgresql.mend()
        page.sees(seats[0], "held", within=3)
        live.postgresql.cut()
        hold(1)
        assert refused(live, uuid7()) == (503, "service_unavailable")
        live.postgresql.mend()
        page.sees(seats[1], "held", within=4)


def test_who_may_not_watch_is_told_so_before_a_socket_opens(live, showtime):
    assert refused(live, uuid7()) == (404, "showtime_not_found")
    assert refused(live, "nothing") == (404, "not_found")
    assert refused(live, showtime.id, query="?colour=red") == (400, "bad_parameter")
    for origin in ("https://elsewhere.example", "null", "http://tickets.example"):
        assert refused(live, showtime.id, origin=origin) == (403, "origin_not_allowed")
    for origin in ("https://tickets.example", "https://app.example", f"http://127.0.0.1:{live.port}", None):
        with live.watch(showtime.id, origin=origin) as page:
            assert page.hears()["type"] == "map"
    assert live.asks(f"/showtimes/{showtime.id}/seats/live") == 400


def test_sockets_are_counted_by_address_and_in_all(live, showtime):
    house = {"additional_headers": {"X-Forwarded-For": "1.2.3.4, 2001:db8::1"}}
    neighbour = {"additional_headers": {"X-Forwarded-For": "2001:db8::2"}}
    with live.watch(showtime.id, **house), live.watch(showtime.id, **neighbour):
        with live.watch(showtime.id, **house):
            assert refused(live, showtime.id, **neighbour) == (429, "too_many_sockets")
        wait_until(lambda: live.metric("live_seats_sockets") == 2)
        with live.watch(showtime.id, **house):
            pass
    wait_until(lambda: live.metric("live_seats_sockets") == 0)
    open_now = [live.watch(showtime.id) for _ in range(12)]
    for each in open_now:
        each.__enter__()
    assert refused(live, showtime.id) == (503, "service_unavailable")
    for each in open_now:
        each.__exit__(None, None, None)


def test_a_client_that_talks_is_closed(live, showtime):
    with live.watch(showtime.id) as page:
        page.hears()
        for _ in range(16):
            page.socket.send("hello")
        assert closing_code(page) == 1008
    with live.watch(showtime.id) as page:
        page.hears()
        page.socket.send("x" * 2000)
        assert closing_code(page) == 1009


def test_a_client_that_reads_nothing_is_cut_off_and_keeps_nobody_waiting(live, showtime, hold, seats):
    large = layout(40, 50)
    Screen.objects.filter(id=showtime.screen_id).update(seats=[*Screen.objects.get().seats, *large])
    with live.watch(showtime.id, max_size=None) as page, deaf_client(live.port, showtime.id) as deaf:
        page.hears()
        wait_until(lambda: live.metric("live_seats_sockets") == 2)
        hold(0)
        page.sees(seats[0], "held")
        wait_until(lambda: live.metric('live_seats_cut_off_total{reason="slow"}') == 1, 4)
        told = b""
        deaf.settimeout(5)
        farewell = b"\x88\x0a" + (1013).to_bytes(2, "big") + b"too slow"
        while not told.endswith(farewell):
            some = deaf.recv(65536)
            assert some, "it was told why before its connection ended"
            told += some
        assert b"delta" not in told, "nothing is written for whoever reads nothing"


def closing_code(page: Client) -> int | None:
    """By which the server ended it."""
    for _ in range(100):
        try:
            page.socket.recv(timeout=5)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
    return None


def test_a_restart_is_announced_and_loses_nothing(live, showtime, hold, seats):
    with live.watch(showtime.id) as page:
        version = page.hears()["version"]
        live.process.send_signal(signal.SIGTERM)
        assert closing_code(page) == 1001
        assert live.process.wait(10) == 0
    live.start()
    with live.watch(showtime.id, version) as again:
        assert again.hears()["seats"] == []
        hold(2)
        again.sees(seats[2], "held")
