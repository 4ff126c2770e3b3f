"""A showtime moves to another screen: everybody has a seat there, nobody one of before, and no seat has two."""

import pytest
from factories import seat_ids
from money import authorise, capture
from seated import another, assert_no_seat_has_two, enter, let_them_sit_down, of, seat_of, taken

from bookings import blocks, endings, extensions, heard, returns, services
from bookings.domain import PaymentStatus
from bookings.errors import TicketUsed, TicketVoid
from bookings.history import Cause
from bookings.models import Booking, BookingSeat, Screen, Showtime
from bookings.selectors import reseated_of
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door

BASE = "/admin/booking/bookings/showtime"
USHER = Actor(uuid7(), "linh", Door.API)


def test_everybody_sits_where_they_sat_or_as_near_as_it_is_and_their_price_stays(showtime, bought, hold, move):
    same, nearest, held = (Booking.objects.get(id=each.id) for each in (bought(0, 1), bought(6, 7), hold(20)))
    move(screen=another(showtime, columns=7))
    let_them_sit_down()
    assert [of(same), of(nearest), of(held)] == [["A1", "A2"], ["A6", "A7"], ["C5"]]
    assert taken(showtime) == {"A1": "sold", "A2": "sold", "A6": "sold", "A7": "sold", "C5": "held"}
    assert_no_seat_has_two(showtime)
    for booking in (same, nearest, held):
        kept = Booking.objects.get(id=booking.id)
        assert (kept.total_amount, kept.lines, kept.terms) == (booking.total_amount, booking.lines, booking.terms)
        assert (kept.status, kept.hold_expires_at) == (booking.status, booking.hold_expires_at)


def test_they_are_told_of_the_seats_before_and_now_with_new_tickets(showtime, bought, hold, move, emitted):
    booking, held = bought(0, 7), hold(20)
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
    line = booking.history.last()
    assert (line.reason, line.seats) == ("Hall 1 → Hall 2", "A1 → A1, A8 → A2")
    assert not BookingSeat.objects.exclude(seat_before="").exists()


def test_a_ticket_of_before_lets_nobody_in_and_the_new_one_does(showtime, bought, move):
    booking = bought(0, 1)
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


def test_who_was_in_already_is_in(showtime, bought, move):
    booking = bought(0, 1)
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


def test_a_seat_is_refunded_by_the_name_under_which_it_was_sold(showtime, bought, move):
    booking = bought(0, 1)
    move(screen=another(showtime))
    let_them_sit_down()
    services.record_refund(
        booking_id=booking.id,
        status=PaymentStatus.PARTIALLY_REFUNDED,
        refunded=90000,
        kind="cancel",
        seats=[heard.RefundedSeat(seat_of(booking, "A1"))],
        cause=Cause("payment"),
    )
    assert (of(booking), taken(showtime)) == (["A2"], {"A2": "sold"})


def test_a_customer_gives_a_seat_back_by_the_name_under_which_it_was_sold(showtime, bought, move):
    booking = bought(0, 1)
    move(screen=another(showtime))
    let_them_sit_down()
    outcome = returns.give_back_seats(booking_id=booking.id, user_id=booking.user_id, seat_ids=[seat_of(booking, "A1")])
    assert outcome.refund == 90000
    assert (of(booking), taken(showtime)) == (["A2"], {"A2": "sold"})


def test_its_customer_goes_for_nothing_whatever_the_rules(showtime, bought, move, emitted):
    Showtime.objects.filter(id=showtime.id).update(rules={"cancellation_cutoff_minutes": 60 * 24 * 7})
    booking = bought(0)
    move(screen=another(showtime))
    let_them_sit_down()
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    (event,) = emitted("booking.cancelled")
    assert (event.data["why"], event.data["refund"]) == ("showtime_changed", {"amount": 90000, "currency": "VND"})
    assert taken(showtime) == {}


def test_who_finds_no_seat_is_cancelled_refunded_and_told_why(showtime, bought, hold, move, emitted):
    first, second, third = bought(0, 1), bought(2, 3), hold(4)
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


def test_seats_off_sale_are_off_sale_in_the_other_screen_and_give_way_to_people(showtime, bought, move, emitted):
    ids = seat_ids(showtime)
    blocks.block_seats(showtime_id=showtime.id, seat_ids=[ids[0], ids[1], ids[7]])
    last = bought(8)  # B1, and the other screen has no row B for it
    move(screen=another(showtime, rows=1 + 1, columns=2))
    let_them_sit_down()
    assert (of(last), taken(showtime)) == (["A1"], {"A1": "sold", "A2": "blocked"})
    event = emitted("seats.blocked")[-1]
    assert (event.data["blocked"], event.data["revision"]) == (1, 2)
    assert event.data["seat_ids"] == [str(seat_ids(showtime)[1])]
    blocks.unblock_seats(showtime_id=showtime.id, seat_ids=[seat_ids(showtime)[1]])
    assert taken(showtime) == {"A1": "sold"}


def test_moved_on_before_anybody_sat_down_is_one_move_from_where_they_sat(showtime, bought, move, emitted):
    booking = bought(7)
    move(screen=another(showtime, columns=3))
    move(screen=another(showtime, name="Hall 3"))
    let_them_sit_down()
    (event,) = emitted("booking.moved")
    assert (event.data["before"]["screen"], event.data["showtime"]["screen"]) == ("Hall 1", "Hall 3")
    assert [(seat["before"], seat["now"]) for seat in event.data["moved_seats"]] == [("A8", "A8")]
    assert of(booking) == ["A8"]
    assert_no_seat_has_two(showtime)


def test_back_where_it_was_sold_a_ticket_of_the_first_time_stays_void(showtime, bought, move, emitted):
    booking, here = bought(0), Screen.objects.get(id=showtime.screen_id)
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


def test_away_and_back_before_anybody_sat_down_is_nothing(showtime, bought, move, emitted):
    booking, here = bought(0), Screen.objects.get(id=showtime.screen_id)
    move(screen=another(showtime))
    move(screen=here)
    let_them_sit_down()
    assert not emitted("booking.moved")
    assert enter(booking, booking.ticket) == ["A1"]
    assert_no_seat_has_two(showtime)
