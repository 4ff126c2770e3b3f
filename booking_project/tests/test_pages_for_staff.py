"""The staff pages say what people say: one clock, the theater's; words for codes; names for ids; and a way back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags
from factories import TARIFF, ScreenFactory, ShowtimeFactory, seat_ids

from bookings import blocks, desk, doors, services
from bookings.domain import PaymentStatus, State
from bookings.history import Cause
from bookings.models import Booking, SeatStatus, Showtime
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door
from chassis.testing_pages import assert_lists_are_taken_along
from chassis.web import searching
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db

BASE = "/admin/booking/bookings/"
LOG = "/admin/booking/chassis/auditrecord/"
LINH = Actor(uuid7(), "linh", Door.API)
START = datetime(2030, 11, 28, 17, 15, tzinfo=UTC)


@pytest.fixture
def showtime(db: None) -> Showtime:
    """Of the next day already by the clocks there."""
    return ShowtimeFactory(starts_at=START, rules={"cancellation_cutoff_minutes": 60})


@pytest.fixture(params=["support", "manager", "admin"])
def staff(request: Any, client: Client) -> Client:
    """A browser of somebody of each role."""
    client.force_login(local_user("root", {request.param}), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def read(staff: Client) -> Callable[..., str]:
    """read("booking/") → what the page says, without its markup."""

    def get(path: str) -> str:
        answer = staff.get(path if path.startswith("/") else f"{BASE}{path}")
        assert answer.status_code == 200, path
        return " ".join(strip_tags(answer.content.decode().replace("><", "> <")).split())

    return get


def choose(browser: Client, *bookings: Booking, **form: str) -> Any:
    chosen = {"action": "cancel", ACTION_CHECKBOX_NAME: [str(booking.id) for booking in bookings]}
    return browser.post(f"{BASE}booking/", {**chosen, **form}, follow=True)


def test_every_page_has_one_clock_the_theater_s_and_names_it(
    bought: Any, showtime: Showtime, read: Any, staff: Client, move: Any
) -> None:
    booking = bought(0)
    doors.check_in(ticket=booking.ticket, showtime_id=showtime.id, door="Hall 1", actor=LINH)
    move(timedelta(minutes=30))
    pages = {
        path: read(path)
        for path in (
            *("booking/", f"booking/{booking.id}/change/", "showtime/", f"showtime/{showtime.id}/change/"),
            *(f"/admin/booking/showtimes/{showtime.id}/map/", "bookingtransition/"),
        )
    }
    pages["cancel"] = choose(staff, booking).content.decode()
    for path, page in pages.items():
        assert " Asia/Ho_Chi_Minh" in page, path
        assert "UTC" not in page, path
        assert path == "bookingtransition/" or "Fri 29 Nov 2030 00:45 Asia/Ho_Chi_Minh" in page, path
    local = showtime.at_the_theater(booking.created_at)
    assert all(local in pages[path] for path in ("booking/", f"booking/{booking.id}/change/", "bookingtransition/"))


def test_lists_are_taken_along_as_they_are_shown(client: Client, bought: Any) -> None:
    bought(0)
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    assert_lists_are_taken_along(client)


def test_codes_are_read_as_words(hold: Any, read: Any) -> None:
    booking = hold(0)
    for state in State:
        Booking.objects.filter(id=booking.id).update(status=state, payment_status="partially_refunded")
        for path in ("booking/", f"booking/{booking.id}/change/"):
            page = read(path)
            assert "refunded in part" in page
            assert not [code for code in (*State, "partially_refunded", "hold_ended", "seats_sold") if code in page]


def test_terms_prices_and_rules_are_sentences(bought: Any, showtime: Showtime, read: Any) -> None:
    booking = bought(0)
    Showtime.objects.filter(id=showtime.id).update(movie_title="Another Film", rules={"accessible_places": "anybody"})
    shown = read(f"booking/{booking.id}/change/")
    assert "The Lantern Keeper (2D, vi) · Marquee Bến Thành, Hall 1 · Fri 29 Nov 2030 00:15 Asia/Ho_Chi_Minh" in shown
    assert "free until 1 hour before the start, then not at all" in shown
    now = read(f"showtime/{showtime.id}/change/")
    assert "premium 120,000 VND" in now
    assert "Cancellation is free until the start. " in now
    assert "Wheelchair places and the seats beside them are for anybody." in now
    assert "{" not in shown + now


def test_what_a_booking_is_made_of_and_what_is_for_sale_are_lines_in_words(
    showtime: Showtime, hold: Any, read: Any
) -> None:
    tariff = {**TARIFF, "early": [{"days_before": 7, "percent": 10}]}
    Showtime.objects.filter(id=showtime.id).update(tariff=tariff)
    first, second = seat_ids(showtime)[:2]
    booking = hold(0, 1, ticket_types={first: "adult", second: "child"})
    shown = read(f"booking/{booking.id}/change/")
    for line in (
        "A1 Adult 90,000 VND, of which tax 4,286 VND (5 %)",
        "A1 7 days before -9,000 VND, of which tax -429 VND (5 %)",
        "A2 Child 60,000 VND, of which tax 2,857 VND (5 %)",
        "A2 3D glasses 20,000 VND, of which tax 1,818 VND (10 %)",
        "Booking fee 5,000 VND, of which tax 455 VND (10 %)",
    ):
        assert line in shown
    now = read(f"showtime/{showtime.id}/change/")
    for line in (
        "Adult: standard 90,000 VND, premium 120,000 VND",
        "Crew, at the counter alone: standard 0 VND",
        "3D glasses: 20,000 VND a ticket",
        "10 % off 7 days before",
        "Tax included: 5 % of tickets, 10 % of fees",
    ):
        assert line in now
    assert "{" not in shown + now


def test_who_did_what_is_said_by_name(bought: Any, showtime: Showtime, read: Any) -> None:
    booking = bought(0, 1)
    doors.check_in(
        ticket=booking.seat_tickets[str(seat_ids(showtime)[1])], showtime_id=showtime.id, door="", actor=LINH
    )
    other = bought(2)
    desk.cancel_for_customer(booking_id=other.id, actor=LINH, reason="projector broke")
    let_in, cancelled = (read(f"booking/{each.id}/change/") for each in (booking, other))
    assert "A2 - linh" in let_in
    assert "the customer" in let_in
    assert "linh projector broke" in cancelled
    assert "linh projector broke" in read("bookingtransition/")
    assert str(LINH.id) not in let_in + cancelled


def test_the_log_says_what_was_done_to_what_by_name(bought: Any, showtime: Showtime, read: Any) -> None:
    booking = bought(0)
    desk.cancel_for_customer(booking_id=booking.id, actor=LINH, reason="projector broke")
    blocks.block_seats(showtime_id=showtime.id, seat_ids=seat_ids(showtime)[4:6], actor=LINH)
    page = read(LOG)
    assert f"booking {booking.reference}" in page
    assert f"showtime The Lantern Keeper · Marquee Bến Thành, Hall 1 · {showtime.at_the_theater(START)}" in page
    assert not [str(key) for key in (booking.id, showtime.id) if str(key) in page]


def test_screens_are_listed_by_theater_which_is_named(read: Any) -> None:
    for name in ("Roxy", "Astor"):
        screen = ScreenFactory(name=f"Hall of {name}")
        ShowtimeFactory(screen=screen, theater_id=screen.theater_id, theater_name=name)
    ScreenFactory(name="Empty hall")
    page = read("screen/")
    assert page.index("Astor Hall of Astor") < page.index("Roxy Hall of Roxy")
    assert "one without a showtime so far" in page


def test_a_day_is_the_theater_s_own_and_begins_in_its_morning(hold: Any, read: Any, showtime: Showtime) -> None:
    booking = hold(0)
    late = ShowtimeFactory(time_zone="America/New_York", starts_at=START, movie_title="Late Show")
    for day, here, there in (("2030-11-28", False, True), ("2030-11-29", True, False)):
        page = read(f"showtime/?day={day}")
        assert (showtime.movie_title in page, late.movie_title in page) == (here, there), day
        assert (booking.reference in read(f"booking/?day={day}")) == here, day
    ShowtimeFactory(starts_at=START + timedelta(hours=2), movie_title="Afterwards")
    page = read("showtime/?day=2030-11-29")
    assert page.index(showtime.movie_title) < page.index("Afterwards")


def test_bookings_of_a_theater_are_found_among_the_newest_and_all_of_those_of_a_day(
    hold: Any, read: Any, showtime: Showtime, monkeypatch: Any
) -> None:
    monkeypatch.setattr(searching, "REACH", 4)
    older, *newest = [hold(place) for place in range(3)]
    there = f"booking/?{urlencode({'showtime__theater_name': showtime.theater_name})}"
    assert [one.reference in read(there) for one in (older, *newest)] == [False, True, True]
    assert all(one.reference in read(f"{there}&day=2030-11-29") for one in (older, *newest))
    elsewhere = f"booking/?{urlencode({'showtime__theater_name': 'Elsewhere'})}"
    assert not any(one.reference in read(elsewhere) for one in (older, *newest))


def test_a_cancelled_showtime_that_was_never_told_of_has_a_page(read: Any, deliver: Any) -> None:
    showtime_id = uuid7()
    deliver("showtime.cancelled", showtime_id=showtime_id)
    for path in ("showtime/", f"showtime/{showtime_id}/change/", "showtime/?day=today"):
        assert "a showtime that was cancelled at once" in read(path) or path != f"showtime/{showtime_id}/change/"


def test_the_pages_of_a_showtime_say_whom_its_cancellation_touches(
    bought: Any, hold: Any, showtime: Showtime, read: Any
) -> None:
    bought(0, 1, 2)
    bought(3)
    hold(8, 9)
    ended, ago = hold(10), timezone.now() - timedelta(hours=1)  # before this test's transaction began
    Booking.objects.filter(id=ended.id).update(hold_expires_at=ago)
    SeatStatus.objects.filter(booking_id=ended.id).update(held_until=ago)
    blocks.block_seats(showtime_id=showtime.id, seat_ids=seat_ids(showtime)[16:18])
    touched = "2 bookings of 4 people, and 1 hold of 2 people not paid yet"
    assert touched in read(f"showtime/{showtime.id}/change/")
    seats = read(f"/admin/booking/showtimes/{showtime.id}/map/")
    assert f"A cancellation of the showtime touches {touched}." in seats
    assert "32 on sale, 2 held, 4 sold, 2 off sale." in seats


def test_before_bookings_are_cancelled_the_page_says_what_that_does_and_leads_back(
    bought: Any, hold: Any, staff: Client
) -> None:
    paid, held, ended = bought(0, 1), hold(2), bought(3)
    services.record_refund(
        booking_id=paid.id,
        status=PaymentStatus.PARTIALLY_REFUNDED,
        refunded=30_000,
        kind="goodwill",
        cause=Cause("payment"),
    )
    desk.cancel_for_customer(booking_id=ended.id, actor=LINH, reason="once")
    page = choose(staff, paid, held, ended).content.decode()
    assert "2 bookings of 3 people: their seats are free again, and 150,000 VND goes back." in page
    assert "(cancelled, stays as it is)" in page
    assert "A1, A2" in page
    assert f'href="{BASE}booking/"' in page
    assert "This field is required." in choose(staff, paid, reason=" ").content.decode()
    doors.check_in(ticket=paid.ticket, showtime_id=paid.showtime_id, door="Hall 1", actor=LINH)
    page = choose(staff, paid, held).content.decode()
    assert "(confirmed, somebody was let in, stays as it is)" in page
    assert "1 booking of 1 person: their seats are free again, and no money goes back." in page
    assert "nothing is left to cancel" in choose(staff, paid, ended).content.decode()


def test_no_page_asks_the_database_for_each_of_its_rows(
    bought: Any, hold: Any, showtime: Showtime, read: Any, staff: Client
) -> None:
    booking = bought(0, 1, 2, 3, 8, 9)

    def statements() -> list[int]:
        made = []
        for ask in (
            *(lambda path=path: read(path) for path in ("booking/", "showtime/", "screen/", "bookingtransition/", LOG)),
            lambda: read(f"booking/{booking.id}/change/"),
            lambda: choose(staff, *Booking.objects.all()),
        ):
            with CaptureQueriesContext(connection) as captured:
                ask()
            made.append(len(captured))
        return made

    def one_more(place: int) -> None:
        another = bought(16 + place)
        desk.cancel_for_customer(booking_id=another.id, actor=LINH, reason="one more")
        ticket = booking.seat_tickets[str(booking.seats.all()[place].seat_id)]
        doors.check_in(ticket=ticket, showtime_id=showtime.id, door="", actor=LINH)
        ShowtimeFactory()

    one_more(0)
    statements()  # what a process asks once
    few = statements()
    for place in (1, 2, 3):
        one_more(place)
    assert statements() == few


def test_the_day_of_a_showtime_and_the_name_of_a_theater_are_found_by_indexes(db: None) -> None:
    now = timezone.now()
    # So many that it matters which is taken, whatever earlier tests have left in the indexes.
    Showtime.objects.bulk_create(ShowtimeFactory.build_batch(300, screen=ScreenFactory()))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE showtimes")
        cursor.execute("SET LOCAL enable_seqscan = off")
    near = Showtime.objects.filter(starts_at__gte=now, starts_at__lt=now + timedelta(days=1))
    named = Showtime.objects.filter(theater_id=uuid7()).order_by("-starts_at")[:1]
    assert "showtimes_by_start" in near.explain()
    assert "showtimes_of_theater" in named.explain()
