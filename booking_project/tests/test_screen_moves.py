"""A showtime moves to another screen: everybody has a seat there, nobody one of before, and no seat has two."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from factories import ScreenFactory, ShowtimeFactory, layout, seat_ids
from money import authorise, capture

from bookings import doors, endings, extensions, holds, inventory, moves, screen_moves, services
from bookings.domain import PaymentStatus
from bookings.errors import SalesClosed, ScreenUnknown, ShowtimeNotFound, TicketUsed, TicketVoid
from bookings.heard import ScreenUpdated
from bookings.history import Cause
from bookings.models import Booking, BookingSeat, Screen, SeatStatus, Showtime
from bookings.projections import project_screen
from bookings.selectors import reseated_of, seat_map, seats_left
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door
from chassis.storage.redis import redis_client
from chassis.testing import wait_until
from chassis.testing_staff import enter as enter_admin
from chassis.web.problems import Problem

BASE = "/admin/booking/bookings/showtime"
USHER = Actor(uuid7(), "linh", Door.API)


@pytest.fixture
def paid(hold):
    """paid(0, 1) → a booking of two seats with its tickets."""

    def make(*places: int, **wanted) -> Booking:
        booking = hold(*places, **wanted)
        authorise(booking.id)
        capture(booking.id)
        return Booking.objects.get(id=booking.id)

    return make


def another(showtime: Showtime, rows: int = 5, columns: int = 8, name: str = "Hall 2", **layout_of) -> Screen:
    """A screen of the same theater."""
    seats = layout(rows, columns, **layout_of)
    return ScreenFactory(theater_id=showtime.theater_id, name=name, rows=rows, columns=columns, seats=seats)


def of(booking: Booking) -> list[str]:
    """Its seats as they are called now."""
    return sorted(str(seat) for seat in BookingSeat.objects.filter(booking=booking, given_back_at=None))


def seat_of(booking: Booking, name: str) -> UUID:
    """The id of its seat of this name, by which it was sold."""
    return next(seat.seat_id for seat in booking.seats.all() if str(seat) == name)


def taken(showtime: Showtime) -> dict[str, str]:
    """What the seat map shows of it: held, sold or blocked by the name of the seat."""
    sale, statuses = seat_map(showtime.id)
    return {f"{seat.row}{seat.number}": statuses[seat.id] for seat in sale.seats.values() if seat.id in statuses}


def enter(booking: Booking, code: str) -> list[str]:
    admitted = doors.check_in(ticket=code, showtime_id=booking.showtime_id, door="left", actor=USHER)
    return sorted(str(seat) for seat in admitted.seats)


def let_them_sit_down() -> None:
    screen_moves.reseat_moved()
    moves.tell_of_moves()


def assert_no_seat_has_two(showtime: Showtime) -> None:
    """Each seat of an open booking is its own in the inventory, in the screen of now; and there is nothing else."""
    showtime.refresh_from_db()
    hall = set(seat_ids(showtime))
    has = [
        (seat.place, booking.id, "sold" if booking.status == "CONFIRMED" else "held")
        for booking in Booking.objects.filter(showtime=showtime, status__in=["PENDING", "CONFIRMED"])
        for seat in seats_left(booking)
    ]
    rows = list(SeatStatus.objects.filter(showtime_id=showtime.id).exclude(status="blocked"))
    assert Counter(has) == Counter((row.seat_id, row.booking_id, row.status) for row in rows)
    assert {place for place, *_ in has} <= hall
    assert max(Counter(place for place, *_ in has).values(), default=1) == 1


def test_everybody_sits_where_they_sat_or_as_near_as_it_is_and_their_price_stays(showtime, paid, hold, move):
    same, nearest, held = (Booking.objects.get(id=each.id) for each in (paid(0, 1), paid(6, 7), hold(20)))
    move(screen=another(showtime, columns=7))
    let_them_sit_down()
    assert [of(same), of(nearest), of(held)] == [["A1", "A2"], ["A6", "A7"], ["C5"]]
    assert taken(showtime) == {"A1": "sold", "A2": "sold", "A6": "sold", "A7": "sold", "C5": "held"}
    assert_no_seat_has_two(showtime)
    for booking in (same, nearest, held):
        kept = Booking.objects.get(id=booking.id)
        assert (kept.total_amount, kept.lines, kept.terms) == (booking.total_amount, booking.lines, booking.terms)
        assert (kept.status, kept.hold_expires_at) == (booking.status, booking.hold_expires_at)


def test_they_are_told_of_the_seats_before_and_now_with_new_tickets(showtime, paid, hold, move, emitted):
    booking, held = paid(0, 7), hold(20)
    first, second = seat_of(booking, "A1"), seat_of(booking, "A8")
    move(screen=another(showtime, columns=7))
    let_them_sit_down()
    told = {event.subject: event.data for event in emitted("booking.moved")}
    its = told[str(booking.id)]
    assert its["changed"] == ["screen"]
    moved = {seat["before"]: seat for seat in its["moved_seats"]}
    assert {before: seat["now"] for before, seat in moved.items()} == {"A1": "A1", "A8": "A2"}
    assert {seat["id"] for seat in moved.values()} == {str(first), str(second)}
    assert {seat["moved_to"] for seat in moved.values()} <= set(map(str, seat_ids(showtime)))
    assert {one["seat"]: one["seat_id"] for one in its["tickets"]} == {"A1": str(first), "A2": str(second)}
    assert its["ticket"] == Booking.objects.get(id=booking.id).ticket != booking.ticket
    assert (told[str(held.id)]["ticket"], told[str(held.id)]["status"]) == ("", "PENDING")
    assert booking.history.last().reason in {"Hall 1, A1, A8 → Hall 2, A1, A2", "Hall 1, A8, A1 → Hall 2, A2, A1"}
    assert not BookingSeat.objects.exclude(seat_before="").exists()


def test_a_ticket_of_before_lets_nobody_in_and_the_new_one_does(showtime, paid, move):
    booking = paid(0, 1)
    old = [booking.ticket, *booking.seat_tickets.values()]
    move(screen=another(showtime))
    let_them_sit_down()
    for code in old:
        with pytest.raises(TicketVoid) as refused:
            enter(booking, code)
        assert refused.value.extra["ended_by"] == "showtime_moved"
    assert [each.id for each in reseated_of(showtime.id)] == [booking.id]
    now = Booking.objects.get(id=booking.id)
    assert enter(now, now.seat_tickets[str(seat_of(booking, "A1"))]) == ["A1"]
    assert enter(now, now.ticket) == ["A2"]


def test_who_was_in_already_is_in(showtime, paid, move):
    booking = paid(0, 1)
    enter(booking, booking.seat_tickets[str(seat_of(booking, "A1"))])
    move(screen=another(showtime))
    let_them_sit_down()
    now = Booking.objects.get(id=booking.id)
    assert enter(now, now.ticket) == ["A2"]
    with pytest.raises(TicketUsed):
        enter(now, now.ticket)


def test_a_hold_is_paid_for_its_new_seats_extended_and_given_back_there(showtime, hold, move):
    bought, extended, left = hold(0), hold(1), hold(2)
    move(screen=another(showtime))
    let_them_sit_down()
    assert authorise(bought.id) == "CONFIRMED"
    capture(bought.id)
    assert enter(bought, Booking.objects.get(id=bought.id).ticket) == ["A1"]
    extensions.extend_hold(booking_id=extended.id, user_id=extended.user_id)
    endings.cancel_booking(booking_id=left.id, user_id=left.user_id)
    assert taken(showtime) == {"A1": "sold", "A2": "held"}
    assert_no_seat_has_two(showtime)


def test_a_seat_is_refunded_by_the_name_under_which_it_was_sold(showtime, paid, move):
    booking = paid(0, 1)
    move(screen=another(showtime))
    let_them_sit_down()
    services.record_refund(
        booking_id=booking.id,
        status=PaymentStatus.PARTIALLY_REFUNDED,
        refunded=90000,
        kind="cancel",
        seats=[seat_of(booking, "A1")],
        cause=Cause("payment"),
    )
    assert (of(booking), taken(showtime)) == (["A2"], {"A2": "sold"})


def test_its_customer_goes_for_nothing_whatever_the_rules(showtime, paid, move, emitted):
    Showtime.objects.filter(id=showtime.id).update(rules={"cancellation_cutoff_minutes": 60 * 24 * 7})
    booking = paid(0)
    move(screen=another(showtime))
    let_them_sit_down()
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    (event,) = emitted("booking.cancelled")
    assert (event.data["why"], event.data["refund"]) == ("showtime_changed", {"amount": 90000, "currency": "VND"})
    assert taken(showtime) == {}


def test_who_finds_no_seat_is_cancelled_refunded_and_told_why(showtime, paid, hold, move, emitted):
    first, second, third = paid(0, 1), paid(2, 3), hold(4)
    move(screen=another(showtime, rows=2, columns=3))
    let_them_sit_down()
    assert [Booking.objects.get(id=each.id).status for each in (first, second, third)] == [
        *("CONFIRMED", "CANCELLED", "PENDING"),
    ]
    (event,) = emitted("booking.cancelled")
    assert (event.subject, event.data["refund"]["amount"]) == (str(second.id), 180000)
    assert event.data["message"] == "The showtime was moved to Hall 2, which has no seat left like yours. We are sorry."
    assert [event.subject for event in emitted("booking.moved")] == [str(first.id), str(third.id)]
    assert_no_seat_has_two(showtime)


def test_a_hold_that_is_over_ends_and_takes_nobodys_seat(showtime, hold, move, let_hold_end):
    over, running = hold(0), hold(1)
    let_hold_end(over)
    move(screen=another(showtime, rows=2, columns=1))
    let_them_sit_down()
    assert (Booking.objects.get(id=over.id).status, of(running)) == ("EXPIRED", ["A1"])
    assert authorise(over.id) == "EXPIRED"  # its money comes late
    assert_no_seat_has_two(showtime)


def test_seats_off_sale_are_off_sale_in_the_other_screen_and_give_way_to_people(showtime, paid, move, emitted):
    ids = seat_ids(showtime)
    holds.block_seats(showtime_id=showtime.id, seat_ids=[ids[0], ids[1], ids[7]])
    last = paid(8)  # B1, and the other screen has no row B for it
    move(screen=another(showtime, rows=1 + 1, columns=2))
    let_them_sit_down()
    assert (of(last), taken(showtime)) == (["A1"], {"A1": "sold", "A2": "blocked"})
    event = emitted("seats.blocked")[-1]
    assert (event.data["blocked"], event.data["revision"]) == (1, 2)
    assert event.data["seat_ids"] == [str(seat_ids(showtime)[1])]
    holds.unblock_seats(showtime_id=showtime.id, seat_ids=[seat_ids(showtime)[1]])
    assert taken(showtime) == {"A1": "sold"}


def test_nothing_is_sold_before_everybody_sits(showtime, hold, move):
    hold(0)
    move(screen=another(showtime))
    with pytest.raises(SalesClosed):
        hold(1)
    let_them_sit_down()
    hold(1)
    assert taken(showtime) == {"A1": "held", "A2": "held"}


def test_the_layout_may_come_after_the_move(showtime, paid, move):
    booking, later = paid(3), another(showtime)
    Screen.objects.filter(id=later.id).delete()
    move(screen=later)
    assert (screen_moves.reseat_moved(), moves.tell_of_moves(), of(booking)) == (0, 0, ["A4"])
    told = {"name": later.name, "rows": 5, "columns": 8, "revision": 1, "seats": later.seats}
    project_screen(ScreenUpdated(screen_id=later.id, theater_id=later.theater_id, **told))
    assert (screen_moves.reseat_moved(), moves.tell_of_moves()) == (1, 1)
    assert_no_seat_has_two(showtime)


def test_moved_on_before_anybody_sat_down_is_one_move_from_where_they_sat(showtime, paid, move, emitted):
    booking = paid(7)
    move(screen=another(showtime, columns=3))
    move(screen=another(showtime, name="Hall 3"))
    let_them_sit_down()
    (event,) = emitted("booking.moved")
    assert (event.data["before"]["screen"], event.data["showtime"]["screen"]) == ("Hall 1", "Hall 3")
    assert [(seat["before"], seat["now"]) for seat in event.data["moved_seats"]] == [("A8", "A8")]
    assert of(booking) == ["A8"]
    assert_no_seat_has_two(showtime)


def test_back_where_it_was_sold_a_ticket_of_the_first_time_stays_void(showtime, paid, move, emitted):
    booking, here = paid(0), Screen.objects.get(id=showtime.screen_id)
    move(screen=another(showtime))
    let_them_sit_down()
    move(screen=here)
    let_them_sit_down()
    assert BookingSeat.objects.get(booking=booking).moved_to is None
    assert emitted("booking.moved")[-1].data["moved_seats"][0]["moved_to"] is None
    with pytest.raises(TicketVoid):
        enter(booking, booking.ticket)
    now = Booking.objects.get(id=booking.id)
    assert enter(now, now.ticket) == ["A1"]
    assert_no_seat_has_two(showtime)


def test_away_and_back_before_anybody_sat_down_is_nothing(showtime, paid, move, emitted):
    booking, here = paid(0), Screen.objects.get(id=showtime.screen_id)
    move(screen=another(showtime))
    move(screen=here)
    let_them_sit_down()
    assert not emitted("booking.moved")
    assert enter(booking, booking.ticket) == ["A1"]
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


def let_no_move_wait() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE showtime_moves SET due_at = now()")


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
    showtime, paid, hold, move, monkeypatch
):
    paid(0), hold(1)
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


def test_a_preview_says_who_would_sit_where_and_moves_nobody(showtime, paid, hold, let_hold_end):
    first, second, over = paid(0, 1), paid(2, 3), hold(4)
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


def test_a_seat_that_somebody_takes_in_the_very_moment_is_found_again(showtime, paid, move, monkeypatch):
    paid(0)
    move(screen=another(showtime))
    with monkeypatch.context() as patched:
        patched.setattr(inventory, "move_seats", lambda *_, **__: False)
        assert screen_moves.reseat_moved() == 0
    assert screen_moves.reseat_moved() == 1
    assert_no_seat_has_two(showtime)


def test_staff_read_who_would_sit_where_and_customers_do_not(showtime, paid, sign_in):
    first, second = paid(0, 1), paid(2, 3)
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


def test_the_booking_says_where_its_seats_are_now_and_the_door_which_tickets_count(showtime, paid, move, sign_in):
    booking = paid(7)
    move(screen=another(showtime, columns=7))
    let_them_sit_down()
    (seat,) = sign_in(user_id=booking.user_id).get(f"/bookings/{booking.id}").json()["seats"]
    assert (f"{seat['row']}{seat['number']}", seat["id"]) == ("A7", str(seat_of(booking, "A7")))
    assert seat["moved_to"] == str(seat_ids(showtime)[6])
    revoked = sign_in(roles=("support",)).get(f"/showtimes/{showtime.id}/tickets/revoked").json()
    assert revoked["reseated"] == [
        {"booking_id": str(booking.id), "reference": booking.reference, "seating": showtime.revision}
    ]


def test_the_page_of_a_showtime_leads_to_who_would_sit_where(showtime, paid, client):
    first, second = paid(0, 1), paid(2, 3)
    there = another(showtime, rows=2, columns=3)
    enter_admin(client, "support")
    page, link = f"{BASE}/{showtime.id}/change/", f"{BASE}/{showtime.id}/screen/"
    assert link in client.get(page).content.decode()
    assert "Hall 2" in client.get(link).content.decode()
    told = client.get(link, {"screen": str(there.id)}).content.decode()
    assert "2 bookings of 4 people; 1 of them finds no seat" in told
    assert first.reference in told
    assert second.reference in told
    assert "<strong>no seat</strong>" in told
    assert "Select a valid choice" in client.get(link, {"screen": str(showtime.screen_id)}).content.decode()
    assert client.get(f"{BASE}/{uuid7()}/screen/").status_code == 302
