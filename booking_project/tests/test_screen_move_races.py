"""A showtime moves to another screen while everything else goes on: what is previewed, killed, late, or all at once."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from factories import ScreenFactory, ShowtimeFactory, seat_ids
from money import authorise, capture
from seated import another, assert_no_seat_has_two, enter, let_no_move_wait, let_them_sit_down, of, seat_of, taken

from bookings import endings, holds, inventory, moves, screen_moves
from bookings.errors import SalesClosed, ScreenUnknown, ShowtimeNotFound
from bookings.heard import ScreenUpdated
from bookings.models import Booking, BookingSeat, Screen, SeatStatus, Showtime
from bookings.projections import project_screen
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door
from chassis.storage.redis import redis_client
from chassis.testing import wait_until
from chassis.testing_staff import enter as enter_admin
from chassis.web.problems import Problem

BASE = "/admin/booking/bookings/showtime"
USHER = Actor(uuid7(), "linh", Door.API)


def test_nothing_is_sold_before_everybody_sits(showtime, hold, move):
    hold(0)
    move(screen=another(showtime))
    with pytest.raises(SalesClosed):
        hold(1)
    let_them_sit_down()
    hold(1)
    assert taken(showtime) == {"A1": "held", "A2": "held"}


def test_the_layout_may_come_after_the_move(showtime, bought, move):
    booking, later = bought(3), another(showtime)
    Screen.objects.filter(id=later.id).delete()
    move(screen=later)
    assert (screen_moves.reseat_moved(), moves.tell_of_moves(), of(booking)) == (0, 0, ["A4"])
    told = {"name": later.name, "rows": 5, "columns": 8, "revision": 1, "seats": later.seats}
    project_screen(ScreenUpdated(screen_id=later.id, theater_id=later.theater_id, **told))
    assert (screen_moves.reseat_moved(), moves.tell_of_moves()) == (1, 1)
    assert_no_seat_has_two(showtime)


def test_a_hold_that_was_on_its_way_when_the_others_sat_down_sits_down_too(showtime, hold, move, emitted):
    """As if its statement had read the showtime before the move and been committed after it."""
    late = hold(0)
    rows = list(SeatStatus.objects.values("showtime_id", "seat_id", "status", "booking_id", "held_until"))
    SeatStatus.objects.all().delete()
    Booking.objects.filter(id=late.id).update(status="EXPIRED")
    move(screen=another(showtime))
    let_them_sit_down()
    first = hold(0)
    Booking.objects.filter(id=late.id).update(status="PENDING")
    SeatStatus.objects.bulk_create(SeatStatus(**row) for row in rows)
    let_no_move_wait()
    assert moves.tell_of_moves() == 1
    assert (of(first), of(late)) == (["A1"], ["A2"])
    assert [event.subject for event in emitted("booking.moved")] == [str(late.id)]
    assert_no_seat_has_two(showtime)


def test_it_costs_the_same_statements_for_one_booking_as_for_many(showtime, hold, move, django_assert_num_queries):
    counts = []
    for name, places in (("Hall 2", range(1)), ("Hall 3", range(1, 9))):
        for place in places:
            hold(place)
        move(screen=another(showtime, name=name))
        with django_assert_num_queries(16) as counted:
            screen_moves.reseat_moved()
        counts.append(len(counted))
        moves.tell_of_moves()
    assert counts[0] == counts[1]


def test_a_worker_killed_between_any_two_steps_has_moved_nobody_and_the_next_one_moves_all(
    showtime, bought, hold, move, monkeypatch
):
    bought(0), hold(1)
    move(screen=another(showtime))
    before = _all_of(showtime)

    class Killed(BaseException):
        pass

    def die(*_, **__):
        raise Killed

    for step in (("inventory", "move_seats"), ("rows", "update"), ("endings", "end")):
        with monkeypatch.context() as patched:
            patched.setattr(getattr(screen_moves, step[0]), step[1], die)
            with pytest.raises(Killed):
                screen_moves.reseat_moved()
        assert _all_of(showtime) == before
    let_them_sit_down()
    assert_no_seat_has_two(showtime)


def _all_of(showtime: Showtime):
    return (
        sorted(SeatStatus.objects.values_list("seat_id", "status", "booking_id")),
        sorted(BookingSeat.objects.values_list("id", "row", "number", "seat_before")),
        sorted(Booking.objects.values_list("id", "seated_revision", "ticket")),
        Showtime.objects.values_list("reseat_due").get(id=showtime.id),
    )


def test_locks_of_the_seats_that_were_left_are_let_go_of(transactional_db, hold, move, showtime):
    booking = hold(0)
    key = f"lock:showtime:{{{showtime.id}}}:seat:{booking.seats.get().seat_id}"
    assert redis_client().exists(key)
    move(screen=another(showtime))
    screen_moves.reseat_moved()
    assert not redis_client().exists(key)


def test_a_preview_says_who_would_sit_where_and_moves_nobody(showtime, bought, hold, let_hold_end):
    first, second, over = bought(0, 1), bought(2, 3), hold(4)
    let_hold_end(over)
    before = _all_of(showtime)
    plan = screen_moves.preview(showtime.id, another(showtime, rows=2, columns=3).id)
    assert [booking.id for booking in plan.bookings] == [first.id, second.id]
    assert [booking.id for booking in plan.without_seat] == [second.id]
    assert [str(seat.row) + str(seat.number) for seat in plan.found[first.id].values()] == ["A1", "A2"]
    assert _all_of(showtime) == before


def test_a_preview_is_of_a_screen_of_the_same_theater(showtime):
    with pytest.raises(ScreenUnknown):
        screen_moves.preview(showtime.id, ScreenFactory().id)
    with pytest.raises(ShowtimeNotFound):
        screen_moves.preview(uuid7(), showtime.screen_id)


@pytest.mark.django_db(transaction=True)
def test_while_people_book_pay_cancel_and_go_in_no_seat_is_ever_had_by_two(transactional_db, deliver):
    """Three moves, there and back, under the feet of a crowd in threads of their own."""
    showtime = ShowtimeFactory(screen=ScreenFactory(rows=6, columns=10))
    screens = [Screen.objects.get(id=showtime.screen_id), another(showtime, 6, 9), another(showtime, 7, 8, "Hall 3")]
    done: list[str] = []

    def crowd(number: int) -> None:
        try:
            for turn in range(6):
                try:
                    done.append(_one_of_the_crowd(showtime, number * 6 + turn))
                except Problem as problem:
                    done.append(problem.code)
        finally:
            connection.close()

    def move_it() -> None:
        try:
            for revision, screen in enumerate([screens[1], screens[2], screens[0]], 2):
                _tell_of_screen(deliver, showtime, screen, revision)
                wait_until(lambda: screen_moves.reseat_moved() == 1)
                moves.tell_of_moves()
        finally:
            connection.close()

    with ThreadPoolExecutor(9) as pool:
        work = [*(pool.submit(crowd, number) for number in range(8)), pool.submit(move_it)]
        wait(work)
        for each in work:
            each.result()

    def all_told() -> bool:
        let_no_move_wait()
        return moves.tell_of_moves() == 0

    wait_until(all_told)
    assert {"bought", "held", "left", "in"} <= set(done)
    assert_no_seat_has_two(showtime)
    for booking in Booking.objects.filter(showtime=showtime, status="CONFIRMED"):
        if not booking.check_ins.exists():
            assert enter(booking, booking.ticket) == of(booking)


def _one_of_the_crowd(showtime: Showtime, number: int) -> str:
    held = holds.hold_best_seats(user_id=uuid7(), showtime_id=showtime.id, quantity=1 + number % 2, verified=True)
    booking = held.booking
    if number % 3 == 0:
        return "held"
    if number % 3 == 1:
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
        return "left"
    authorise(booking.id)
    capture(booking.id)
    if number % 2:
        return "bought"
    enter(booking, Booking.objects.get(id=booking.id).ticket)
    return "in"


def _tell_of_screen(deliver, showtime: Showtime, screen: Screen, revision: int) -> None:
    deliver(
        "showtime.updated",
        showtime_id=showtime.id,
        revision=revision,
        screen={"id": screen.id, "name": screen.name},
        theater={"id": showtime.theater_id, "name": showtime.theater_name, "time_zone": showtime.time_zone},
        starts_at=(timezone.now() + timedelta(days=2)).isoformat(),
        ends_at=(timezone.now() + timedelta(days=2, hours=2)).isoformat(),
        prices=showtime.prices,
        currency="VND",
        tariff=None,
    )


def test_a_seat_that_somebody_takes_in_the_very_moment_is_found_again(showtime, bought, move, monkeypatch):
    bought(0)
    move(screen=another(showtime))
    with monkeypatch.context() as patched:
        patched.setattr(inventory, "move_seats", lambda *_, **__: False)
        assert screen_moves.reseat_moved() == 0
    assert screen_moves.reseat_moved() == 1
    assert_no_seat_has_two(showtime)


def test_staff_read_who_would_sit_where_and_customers_do_not(showtime, bought, sign_in):
    first, second = bought(0, 1), bought(2, 3)
    there = another(showtime, rows=2, columns=3)
    path = f"/showtimes/{showtime.id}/seats/in-screen/{there.id}"
    assert sign_in().get(path).status_code == 403
    manager = sign_in(roles=("manager",))
    told = manager.get(path).json()
    assert (told["bookings"], told["people"], told["without_seat"]) == (2, 4, 1)
    assert told["screen"] == {"id": str(there.id), "name": "Hall 2"}
    seats = {move["reference"]: {seat["before"]: seat["after"] for seat in move["seats"]} for move in told["moves"]}
    assert seats == {first.reference: {"A1": "A1", "A2": "A2"}, second.reference: {"A3": None, "A4": None}}
    unknown = manager.get(f"/showtimes/{showtime.id}/seats/in-screen/{uuid7()}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "screen_not_found")


def test_the_booking_says_where_its_seats_are_now_and_the_door_which_tickets_count(showtime, bought, move, sign_in):
    booking = bought(7)
    move(screen=another(showtime, columns=7))
    let_them_sit_down()
    (seat,) = sign_in(user_id=booking.user_id).get(f"/bookings/{booking.id}").json()["seats"]
    assert (f"{seat['row']}{seat['number']}", seat["id"]) == ("A7", str(seat_of(booking, "A7")))
    assert seat["moved_to"] == str(seat_ids(showtime)[6])
    revoked = sign_in(roles=("support",)).get(f"/showtimes/{showtime.id}/tickets/revoked").json()
    assert revoked["reseated"] == [
        {"booking_id": str(booking.id), "reference": booking.reference, "seating": showtime.revision}
    ]


def test_the_page_of_a_showtime_leads_to_who_would_sit_where(showtime, bought, client):
    first, second = bought(0, 1), bought(2, 3)
    there = another(showtime, rows=2, columns=3)
    enter_admin(client, "support")
    page, link = f"{BASE}/{showtime.id}/change/", f"{BASE}/{showtime.id}/screen/"
    assert link in client.get(page).content.decode()
    assert "Hall 2" in client.get(link).content.decode()
    told = client.get(link, {"screen": str(there.id)}).content.decode()
    assert "2 bookings of 4 people, 1 of them without a seat" in told
    assert first.reference in told
    assert second.reference in told
    assert "<strong>no seat</strong>" in told
    assert "Select a valid choice" in client.get(link, {"screen": str(showtime.screen_id)}).content.decode()
    assert client.get(f"{BASE}/{uuid7()}/screen/").status_code == 302
