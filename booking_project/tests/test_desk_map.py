"""Tonight and the map of a showtime: who sits where, seats off sale and back on it, other seats, tickets on paper."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags
from factories import ScreenFactory, ShowtimeFactory, seat_ids
from seated import USHER, another, let_them_sit_down, of

from bookings import blocks, doors, hall, tasks
from bookings.inventory import seat_statuses
from bookings.models import Booking, SeatStatus, Showtime
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(client: Client) -> Client:
    enter(client, "support", username="linh")
    return client


@pytest.fixture
def post(support: Client, showtime: Showtime) -> Callable[..., str]:
    """post("block", 0, 1, reason="broken") → what the page says then, of the first two seats."""

    def send(what: str, *places: int, **said: str) -> str:
        return words_of(
            support.post(map_of(showtime), {"what": what, "seat": seen(showtime, *places), **said}, follow=True)
        )

    return send


def seen(showtime: Showtime, *places: int) -> list[str]:
    """Seats as the map has them, for whoever looks at it now."""
    marks = {spot.seat.id: spot.mark for spot in hall.hall_of(showtime.id, with_bookings=True).spots}
    return [f"{seat}.{marks[seat]}" for seat in (seat_ids(showtime)[place] for place in places)]


def map_of(showtime: Showtime) -> str:
    return f"/admin/booking/showtimes/{showtime.id}/map/"


def words_of(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode().replace("><", "> <")).split())


def local(showtime: Showtime, hours: int) -> str:
    """As the form sends it: by the theater's clock."""
    moment = timezone.now() + timedelta(hours=hours)
    return f"{moment.astimezone(ZoneInfo(showtime.time_zone)):%Y-%m-%dT%H:%M}"


def test_the_map_says_whose_each_seat_is(support: Client, bought: Any, hold: Any, showtime: Showtime) -> None:
    booking, held = bought(0, 1), hold(2)
    doors.check_in(
        ticket=booking.seat_tickets[str(seat_ids(showtime)[1])], showtime_id=showtime.id, door="", actor=USHER
    )
    page = support.get(map_of(showtime)).content.decode()
    for said in (
        f"A1, standard: sold, {booking.reference}",
        f"A2, standard: let in, {booking.reference}",
        f"A3, standard: held, {held.reference}",
        "E8, premium: on sale",
    ):
        assert f'aria-label="{said}"' in page
    assert "37 on sale, 1 held, 2 sold." in page
    moved = support.get("/admin/booking/showtimes/019c0000-0000-7000-8000-000000000000/map/")
    assert (moved.status_code, moved.headers["Location"]) == (302, "/admin/booking/tonight/")


def test_whoever_may_not_see_bookings_sees_no_reference(client: Client, bought: Any, showtime: Showtime) -> None:
    booking = bought(0)
    enter(client, "support")
    role = Permission.objects.get(codename="view_booking").group_set.get(name="support")
    role.permissions.remove(*role.permissions.exclude(codename="view_showtime"))
    page = client.get(map_of(showtime)).content.decode()
    assert "A1: sold" in page
    assert booking.reference not in page
    assert "checkbox" not in page
    for what in ("block", "free", "move"):
        sent = {"what": what, "seat": [str(seat_ids(showtime)[5])], "reason": "x"}
        assert client.post(map_of(showtime), sent).status_code == 403
    assert seat_ids(showtime)[5] not in seat_statuses(showtime.id)
    for page in ("door/", f"door/{showtime.id}/", f"door/{showtime.id}/sync/"):
        assert client.get(f"/admin/booking/{page}").status_code == 403
    assert client.post(f"/admin/booking/bookings/{booking.id}/tickets/").status_code == 403


def test_seats_go_off_sale_for_a_reason_and_until_a_time_and_come_back_by_themselves(
    post: Any, showtime: Showtime, emitted: Any
) -> None:
    first, second, third = seat_ids(showtime)[:3]
    assert "Off sale: 1 seat." in post("block", 0, reason="broken")
    shown = post("block", 1, 2, reason="for the director", until=local(showtime, 3))
    assert "A1: broken A2: for the director, until" in shown
    assert seat_statuses(showtime.id) == dict.fromkeys((first, second, third), "blocked")
    said = AuditRecord.objects.order_by("id").last()
    assert (said.action, said.reason, sorted(said.after["seats"])) == (
        "seats.blocked",
        "for the director",
        ["A2", "A3"],
    )
    assert tasks.end_blocks() == 0
    assert "Give a reason." in post("free", 1)
    assert "On sale again: 1 seat." in post("free", 1, reason="mended")
    assert AuditRecord.objects.order_by("id").last().reason == "mended"
    SeatStatus.objects.filter(seat_id=third).update(blocked_until=timezone.now() - timedelta(hours=1))
    assert tasks.end_blocks() == 1
    assert seat_statuses(showtime.id) == {first: "blocked"}
    assert [event.data["blocked"] for event in emitted("seats.unblocked")] == [2, 1]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Choose the seats first."),
        ({"what": "block"}, "Choose the seats first."),
        ({"what": "swap", "seat": ["here"]}, "Choose the seats first."),
        ({"what": "block", "seat": ["7", "'"], "reason": "x"}, "Choose the seats first."),
        ({"what": "block", "seat": ["here"]}, "Give a reason."),
        ({"what": "block", "seat": ["here"], "reason": "x", "until": "2001-01-01T10:00"}, "That is over."),
        ({"what": "block", "seat": ["here"], "reason": "x", "until": "soon"}, "Enter a valid date/time."),
        (
            {"what": "block", "seat": ["here"], "reason": "x", "until": "9999-12-31T23:59"},
            "Between the years 1900 and 2999.",
        ),
        ({"what": "block", "seat": ["here"], "reason": "x" * 301}, "at most 300 characters"),
        ({"what": "move", "seat": ["here"], "reason": "x"}, "Choose seats of one booking and as many free ones, or"),
        ({"what": "block", "seat": ["sold", "here"], "reason": "x"}, "A seat is held or sold already: A1."),
    ],
)
def test_what_is_missing_or_cannot_be_is_said(
    support: Client, bought: Any, showtime: Showtime, form: dict[str, Any], said: str
) -> None:
    bought(0)
    ids = seat_ids(showtime)
    seats = dict(zip(("here", "sold"), seen(showtime, 5, 0), strict=True))
    wanted = {**form, "seat": [seats.get(name, name) for name in form.get("seat", ())]}
    assert said in words_of(support.post(map_of(showtime), wanted, follow=True))
    assert ids[5] not in seat_statuses(showtime.id)


def test_a_booking_is_moved_to_the_free_seats_that_were_chosen(post: Any, bought: Any, emitted: Any) -> None:
    booking, other = bought(0, 1), bought(2)
    said = post("move", 1, 0, 8, 9, reason="a broken seat", message="We are sorry.")
    assert "The booking has B1, B2 now." in said
    assert of(booking) == ["B1", "B2"]
    assert emitted("booking.reseated")[0].data["message"] == "We are sorry."
    assert "Choose seats of one booking" in post("move", 2, 8, 16, 17, reason="x")
    assert of(other) == ["A3"]
    assert "The bookings have A3, B2 and B1 now." in post("move", 8, 2, reason="a tall one in front")
    assert (of(booking), of(other)) == (["A3", "B2"], ["B1"])


def test_what_was_seen_is_changed_or_nothing_is(support: Client, bought: Any, hold: Any, showtime: Showtime) -> None:
    """Seats that were sold since, a form that is sent again, and a seat that somebody holds."""
    booking = bought(0)
    before = seen(showtime, 0, 8)
    other = bought(8)
    swap = {"what": "move", "seat": seen(showtime, 0, 8), "reason": "x"}
    assert "Look again, and choose anew." in words_of(
        support.post(map_of(showtime), {**swap, "seat": before}, follow=True)
    )
    assert (of(booking), of(other)) == (["A1"], ["B1"])
    assert "The bookings have B1 and A1 now." in words_of(support.post(map_of(showtime), swap, follow=True))
    assert "Look again, and choose anew." in words_of(support.post(map_of(showtime), swap, follow=True))
    hold(3)
    held = {**swap, "seat": seen(showtime, 0, 8, 3)}
    assert "Choose seats of one booking" in words_of(support.post(map_of(showtime), held, follow=True))
    assert (of(booking), of(other)) == (["B1"], ["A1"])


def test_why_seats_are_off_sale_goes_along_to_another_screen(post: Any, showtime: Showtime, move: Any) -> None:
    post("block", 0, reason="broken", until=local(showtime, 3))
    until = SeatStatus.objects.get(showtime_id=showtime.id).blocked_until
    move(screen=another(showtime))
    let_them_sit_down()
    (kept,) = SeatStatus.objects.filter(showtime_id=showtime.id)
    assert (kept.status, kept.block_reason, kept.blocked_until) == ("blocked", "broken", until)


def test_tickets_on_paper_are_of_what_is_sold(support: Client, bought: Any, hold: Any, showtime: Showtime) -> None:
    booking, held = bought(0, 1), hold(2)
    page = support.post(f"/admin/booking/bookings/{booking.id}/tickets/").content.decode()
    assert page.count("data:image/svg+xml") == 2
    assert "Seat A1" in page
    assert showtime.at_the_theater(showtime.starts_at) in page
    assert support.get(f"/admin/booking/bookings/{booking.id}/tickets/").status_code == 405
    refused = support.post(f"/admin/booking/bookings/{held.id}/tickets/", follow=True)
    assert "There are tickets of what is sold and paid alone." in words_of(refused)


def test_tonight_shows_how_full_each_showtime_of_a_theater_is(
    support: Client, bought: Any, hold: Any, showtime: Showtime
) -> None:
    booking = bought(0, 1)
    hold(2)
    blocks.block_seats(showtime_id=showtime.id, seat_ids=seat_ids(showtime)[3:6])
    doors.check_in(ticket=booking.ticket, showtime_id=showtime.id, door="", actor=USHER)
    other = ShowtimeFactory(starts_at=showtime.starts_at, theater_name="Astor", movie_title="Elsewhere")
    day = showtime.starts_at.astimezone(ZoneInfo(showtime.time_zone)).date()
    for name in ("tonight/", "panels/tonight/"):
        page = words_of(support.get(f"/admin/booking/{name}?day={day}&theater={showtime.theater_id}"))
        assert "2 sold 1 held 34 free 3 off sale 2 let in" in page, name
        assert other.movie_title not in page
    assert "Elsewhere" in words_of(support.get(f"/admin/booking/tonight/?day={day}&theater=nonsense"))
    for odd in ("day=nonsense", "day=9999-12-31", "day=0001-01-01", "theater=%27"):
        assert support.get(f"/admin/booking/tonight/?{odd}").status_code == 200, odd


def test_of_what_is_over_the_bookings_say_who_sat(support: Client, bought: Any, showtime: Showtime) -> None:
    bought(0, 1)
    SeatStatus.objects.filter(showtime_id=showtime.id).delete()
    Showtime.objects.filter(id=showtime.id).update(seats_forgotten_at=timezone.now())
    day = showtime.starts_at.astimezone(ZoneInfo(showtime.time_zone)).date()
    assert "2 sold 0 held 38 free" in words_of(support.get(f"/admin/booking/tonight/?day={day}"))


def test_no_page_asks_for_each_of_its_rows(support: Client, bought: Any, showtime: Showtime) -> None:
    day = showtime.starts_at.astimezone(ZoneInfo(showtime.time_zone)).date()
    pages = [map_of(showtime), f"/admin/booking/tonight/?day={day}", f"/admin/booking/door/{showtime.id}/codes/"]

    def statements() -> list[int]:
        made = []
        for page in pages:
            with CaptureQueriesContext(connection) as captured:
                support.get(page)
            made.append(len(captured))
        return made

    def one_more(place: int) -> None:
        bought(place)
        screen = ScreenFactory(theater_id=showtime.theater_id)
        ShowtimeFactory(screen=screen, theater_id=showtime.theater_id, starts_at=showtime.starts_at)

    one_more(0)
    statements()  # what a process asks once
    few = statements()
    for place in (1, 2, 3):
        one_more(place)
    assert statements() == few
    assert Booking.objects.count() == 4
