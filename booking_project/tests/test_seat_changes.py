"""Staff give a booking other seats of its screen: its customer is told, and tickets of before let nobody in."""

from datetime import timedelta

import pytest
from django.utils import timezone
from factories import ScreenFactory, layout, seat_ids
from rest_framework.test import APIClient
from seated import USHER, another, assert_no_seat_has_two, enter, let_them_sit_down, of, taken

from bookings import doors, moves, screen_moves, selectors
from bookings.errors import (
    BookingNotFound,
    CoupleSeatSplit,
    OwnPurchase,
    SeatsNotChangeable,
    SeatUnavailable,
    TicketVoid,
    UnknownSeat,
)
from bookings.models import Booking, Showtime
from bookings.seat_changes import change_seats
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord

pytestmark = pytest.mark.django_db


def change(booking: Booking, showtime: Showtime, places: dict[int, int], **said) -> Booking:
    ids = seat_ids(showtime)
    wanted = {ids[leaves]: ids[gets] for leaves, gets in places.items()}
    change_seats(places={booking.id: wanted}, **{"actor": USHER, "reason": "broken", **said})
    return Booking.objects.get(id=booking.id)


def test_other_seats_are_told_with_tickets_that_alone_let_in(bought, showtime, emitted):
    booking = bought(0, 1)
    now = change(booking, showtime, {0: 1, 1: 10}, message="We are sorry.")
    assert (of(now), taken(showtime)) == (["A2", "B3"], {"A2": "sold", "B3": "sold"})
    assert now.total_amount == booking.total_amount
    (told,) = emitted("booking.reseated")
    called = sorted((seat["before"], seat["now"]) for seat in told.data["moved_seats"])
    assert called == [("A1", "A2"), ("A2", "B3")]
    assert (told.data["seating"], told.data["message"], told.data["ticket"]) == (1, "We are sorry.", now.ticket)
    for code in (booking.ticket, *booking.seat_tickets.values()):
        with pytest.raises(TicketVoid) as refused:
            enter(booking, code)
        assert refused.value.extra["ended_by"] == "seats_changed"
    assert [each.seating for each in selectors.reseated_of(showtime.id)] == [1]
    assert enter(now, now.ticket) == ["A2", "B3"]
    line = now.history.last()
    assert (line.trigger, line.actor, line.reason, line.message) == (
        *("seats_changed", str(USHER.id)),
        *("broken", "We are sorry."),
    )
    assert line.seats == "A1 → A2, A2 → B3"
    done = AuditRecord.objects.get(action="booking.reseated")
    assert (done.before["seats"], done.after["seats"], done.reason) == ("A1, A2", "A2, B3", "broken")
    assert_no_seat_has_two(showtime)


def test_two_bookings_swap_their_seats_or_neither_does(bought, showtime, emitted):
    one, other, used = bought(0, 1), bought(2, 3), bought(4)
    ids = seat_ids(showtime)
    there, back = {ids[0]: ids[2], ids[1]: ids[3]}, {ids[2]: ids[0], ids[3]: ids[1]}
    change_seats(places={one.id: there, other.id: back}, actor=USHER, reason="one sees badly")
    assert [of(Booking.objects.get(id=each.id)) for each in (one, other)] == [["A3", "A4"], ["A1", "A2"]]
    steps = [each.history.last().seats for each in (one, other)]
    assert steps == ["A1 → A3, A2 → A4", "A3 → A1, A4 → A2"]
    assert {told.data["reference"] for told in emitted("booking.reseated")} == {one.reference, other.reference}
    for old in (one, other):
        with pytest.raises(TicketVoid):
            enter(old, old.ticket)
    doors.check_in(ticket=used.ticket, showtime_id=showtime.id, door="", actor=USHER)
    for places in (
        {one.id: {ids[2]: ids[4]}, used.id: {ids[4]: ids[2]}},
        {one.id: {ids[2]: ids[0]}, other.id: {ids[0]: ids[9], ids[1]: ids[0]}},
        {one.id: {ids[2]: ids[0]}, uuid7(): {ids[0]: ids[2]}},
    ):
        with pytest.raises((SeatsNotChangeable, BookingNotFound)):
            change_seats(places=places, actor=USHER, reason="x")
    assert [of(Booking.objects.get(id=each.id)) for each in (one, other, used)] == [["A3", "A4"], ["A1", "A2"], ["A5"]]
    assert_no_seat_has_two(showtime)


def test_each_seating_has_tickets_of_its_own_whoever_brought_it(bought, showtime, move):
    booking = bought(0)
    first = change(booking, showtime, {0: 1})
    back = change(first, showtime, {1: 0})
    move(screen=another(showtime))
    let_them_sit_down()
    moved = Booking.objects.get(id=booking.id)
    ids = seat_ids(Showtime.objects.get(id=showtime.id))
    change_seats(places={booking.id: {ids[0]: ids[3]}}, actor=USHER, reason="broken")
    last = Booking.objects.get(id=booking.id)
    assert len({each.seating for each in (booking, first, back, moved, last)}) == 5
    for old in (booking, first, back, moved):
        with pytest.raises(TicketVoid):
            enter(old, old.ticket)
    assert enter(last, last.ticket) == ["A4"]
    assert_no_seat_has_two(showtime)


def test_what_cannot_be_changed_stays_as_it_is(bought, hold, showtime, emitted):
    booking, other, held, used = bought(0, 1), bought(2), hold(3), bought(4)
    own = bought(5, user_id=USHER.id)
    doors.check_in(ticket=used.ticket, showtime_id=showtime.id, door="", actor=USHER)
    for wanted, places, refusal in (
        (booking, {0: 2}, SeatUnavailable),
        (booking, {0: 3}, SeatUnavailable),
        (booking, {2: 6}, SeatsNotChangeable),
        (booking, {0: 6, 1: 6}, SeatsNotChangeable),
        (booking, {}, SeatsNotChangeable),
        (held, {3: 6}, SeatsNotChangeable),
        (used, {4: 6}, SeatsNotChangeable),
        (own, {5: 6}, OwnPurchase),
    ):
        with pytest.raises(refusal):
            change(wanted, showtime, places)
    with pytest.raises(UnknownSeat):
        change_seats(places={other.id: {seat_ids(showtime)[2]: uuid7()}}, actor=USHER, reason="x")
    assert (of(booking), of(other), of(used)) == (["A1", "A2"], ["A3"], ["A5"])
    assert emitted("booking.reseated") == []
    assert_no_seat_has_two(showtime)


def test_customers_are_told_of_a_move_before_they_get_other_seats(bought, showtime, move):
    booking = bought(0)
    move(screen=another(showtime))
    with pytest.raises(SeatsNotChangeable):
        change(booking, showtime, {0: 1})
    screen_moves.reseat_moved()
    showtime.refresh_from_db()
    with pytest.raises(SeatsNotChangeable):
        change(booking, showtime, {0: 1})
    moves.tell_of_moves()
    assert of(change(booking, showtime, {0: 1})) == ["A2"]


def test_nobody_changes_seats_once_the_film_is_over(bought, showtime):
    booking, ended = bought(0), timezone.now()
    Showtime.objects.filter(id=showtime.id).update(starts_at=ended - timedelta(hours=2), ends_at=ended)
    with pytest.raises(SeatsNotChangeable):
        change(booking, showtime, {0: 5})
    assert of(Booking.objects.get(id=booking.id)) == ["A1"]


def test_half_a_couple_seat_is_nobody_s(bought, showtime):
    seats = layout()
    for seat in seats[:2]:
        seat["category"] = "premium"
    couple = [{**seat, "category": "couple"} for seat in seats[8:10]]
    screen = ScreenFactory(seats=[*seats[:8], *couple, *seats[10:]])
    prices = {**showtime.prices, "couple": 1}
    Showtime.objects.filter(id=showtime.id).update(screen_id=screen.id, prices=prices)
    showtime.refresh_from_db()
    booking = bought(0, 1)
    with pytest.raises(CoupleSeatSplit):
        change(booking, showtime, {0: 8})
    assert of(change(booking, showtime, {0: 8, 1: 9})) == ["B1", "B2"]


def test_staff_change_seats_through_the_api(bought, showtime, sign_in):
    booking, ids = bought(0), seat_ids(showtime)
    wanted = {"changes": [{"leaves": str(ids[0]), "gets": str(ids[5])}], "reason": "broken"}
    customer: APIClient = sign_in(user_id=booking.user_id)
    assert customer.post(f"/bookings/{booking.id}/seats", wanted).status_code == 403
    answer = sign_in(("support",)).post(f"/bookings/{booking.id}/seats", wanted)
    assert (answer.status_code, [f"{seat['row']}{seat['number']}" for seat in answer.json()["seats"]]) == (200, ["A6"])
    missing = sign_in(("support",)).post(f"/bookings/{uuid7()}/seats", wanted)
    assert (missing.status_code, missing.json()["code"]) == (404, "booking_not_found")
