"""A showtime becomes another than was sold: its customers are told once, and may cancel for nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import jwt
import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from factories import ScreenFactory, ShowtimeFactory, seat_ids
from money import authorise, capture

from bookings import endings, holds, moves, screen_moves, tickets
from bookings.domain import State, Trigger, rebuild
from bookings.errors import CancellationClosed
from bookings.history import Cause
from bookings.models import Booking, BookingTransition, Showtime, ShowtimeMove
from chassis.ids import uuid7
from chassis.testing import wait_until

PAYMENT = Cause("payment")
HOUR = timedelta(hours=1)
NO_WAY_BACK = {"cancellation_cutoff_minutes": 60 * 24 * 7}


@pytest.fixture
def sold(hold):
    """sold(0) → a CONFIRMED booking of the first seat."""

    def make(*places: int) -> Booking:
        booking = hold(*places)
        authorise(booking.id)
        return booking

    return make


def let_no_hold_be_on_its_way() -> None:
    """As if the moves had been long ago, and it were time to look at them for the last time."""
    longer_ago = moves.SETTLED_AFTER
    ShowtimeMove.objects.update(moved_at=F("moved_at") - longer_ago, due_at=F("due_at") - longer_ago)


def its_turn_again() -> None:
    ShowtimeMove.objects.update(due_at=F("due_at") - moves.AGAIN_AFTER)


def of_another_that_moved(count: int) -> list[Booking]:
    """So many bookings of another showtime, which moved afterwards."""
    showtime = ShowtimeFactory()
    taken = [
        holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[seat]).booking
        for seat in seat_ids(showtime)[:count]
    ]
    Booking.objects.filter(showtime=showtime).update(showtime_revision=0)
    ShowtimeMove.objects.create(
        showtime=showtime, revision=1, starts_at=showtime.starts_at - HOUR, screen_name="Hall 1", moved_at=Now()
    )
    return taken


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_everybody_with_an_open_booking_is_told_of_both_times_and_of_the_offer(hold, sold, move, showtime, emitted):
    was = showtime.starts_at
    bookings = [sold(0, 1), hold(2)]
    now = move(2 * HOUR)
    assert moves.tell_of_moves() == 2
    told = {event.subject: event.data for event in emitted("booking.moved")}
    assert set(told) == {str(booking.id) for booking in bookings}
    for booking in bookings:
        data = told[str(booking.id)]
        assert (at(data["before"]["starts_at"]), data["before"]["screen"]) == (was, "Hall 1")
        assert at(data["showtime"]["starts_at"]) == was + 2 * HOUR == now.starts_at
        assert at(data["free_cancellation_until"]) == now.starts_at
        assert data["total"] == {"amount": booking.total_amount, "currency": "VND"}
    assert told[str(bookings[0].id)]["status"] == "CONFIRMED"
    assert told[str(bookings[1].id)]["status"] == "PENDING"
    assert {seat["number"] for seat in told[str(bookings[0].id)]["seats"]} == {1, 2}


def test_the_ticket_is_signed_anew_with_the_new_time(sold, hold, move, emitted):
    paid, unpaid = sold(0), hold(1)
    capture(paid.id)
    now = move(HOUR)
    moves.tell_of_moves()
    told = {event.subject: event.data for event in emitted("booking.moved")}
    kept, (seat,) = Booking.objects.get(id=paid.id), told[str(paid.id)]["tickets"]
    assert kept.ticket == told[str(paid.id)]["ticket"]
    assert kept.seat_tickets == {seat["seat_id"]: seat["code"]}
    for code in (kept.ticket, seat["code"]):
        assert tickets.verify(code).booking_id == paid.id
        claims = jwt.decode(code, options={"verify_signature": False})
        assert (at(claims["starts_at"]), claims["seats"]) == (now.starts_at, ["A1"])
    assert told[str(unpaid.id)]["ticket"] == Booking.objects.get(id=unpaid.id).ticket == ""
    assert told[str(unpaid.id)]["tickets"] == []


def test_another_screen_is_a_move_and_another_name_of_it_is_none(sold, move, showtime, emitted):
    sold(0)
    move(screen=ScreenFactory.build(id=showtime.screen_id, name="The Red Hall"))
    assert moves.tell_of_moves() == 0
    move(screen=ScreenFactory(name="Hall 7"))
    assert moves.tell_of_moves() == 0  # before they have seats there
    assert screen_moves.reseat_moved() == 1
    assert moves.tell_of_moves() == 1
    (event,) = emitted("booking.moved")
    assert (event.data["before"]["screen"], event.data["showtime"]["screen"]) == ("The Red Hall", "Hall 7")


# What a showtime may become, and what of it a customer is told as changed.
CHANGES = {
    "another language": ({"language": "en"}, ["language"]),
    "another format": ({"format": "3D"}, ["format"]),
    "another film": ({"movie": {"id": str(uuid7()), "title": "The Tide Clock"}}, ["movie_title"]),
    "another start": ({"by": HOUR}, ["starts_at"]),
    "another zone, and so another time on the theater's clocks": (
        {"theater": {"id": str(uuid7()), "name": "Marquee", "time_zone": "Asia/Tokyo"}},
        ["starts_at"],
    ),
    "another name of the same zone": (
        {"theater": {"id": str(uuid7()), "name": "Marquee", "time_zone": "Asia/Bangkok"}},
        [],
    ),
    "other prices": ({"prices": {"standard": 1}}, []),
    "other rules": ({"rules": NO_WAY_BACK}, []),
    "another name of the theater": (
        {"theater": {"id": str(uuid7()), "name": "Odeon", "time_zone": "Asia/Ho_Chi_Minh"}},
        [],
    ),
    "several at once": ({"by": HOUR, "language": "en", "format": "3D"}, ["starts_at", "format", "language"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whoever_gets_something_else_than_they_bought_is_told_and_may_go_for_nothing(
    sold, move, showtime, emitted, change
):
    news, changed = CHANGES[change]
    Showtime.objects.filter(id=showtime.id).update(rules=NO_WAY_BACK)
    booking = sold(0)
    move(**news)
    assert moves.tell_of_moves() == bool(changed)
    assert [event.data["changed"] for event in emitted("booking.moved")] == ([changed] if changed else [])
    if not changed:
        with pytest.raises(CancellationClosed):
            endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
        return
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    assert emitted("booking.cancelled")[0].data["refund"] == {"amount": 90000, "currency": "VND"}


def test_what_changed_is_told_as_it_was_and_as_it_is(sold, move, emitted):
    sold(0)
    move(language="en", format="3D")
    moves.tell_of_moves()
    (event,) = emitted("booking.moved")
    before, now = event.data["before"], event.data["showtime"]
    assert (before["language"], now["language"]) == ("vi", "en")
    assert (before["format"], now["format"]) == ("2D", "3D")
    assert before["starts_at"] == now["starts_at"]


def test_a_move_that_an_older_version_kept_is_told_by_start_and_screen(sold, move, showtime, emitted):
    sold(0)
    was = showtime.starts_at
    move(HOUR)
    ShowtimeMove.objects.update(terms={})
    assert moves.tell_of_moves() == 1
    (event,) = emitted("booking.moved")
    assert (at(event.data["before"]["starts_at"]), event.data["changed"]) == (was, ["starts_at"])


def test_who_booked_after_the_move_knows_the_new_time(hold, move):
    move(HOUR)
    booking = hold(0)
    assert booking.showtime_id
    assert moves.tell_of_moves() == 0


def test_a_hold_of_the_old_time_that_is_committed_after_the_others_were_told_is_told_too(hold, move, emitted):
    hold(0)
    move(HOUR)
    assert moves.tell_of_moves() == 1
    late = hold(1)
    Booking.objects.filter(id=late.id).update(showtime_revision=1)
    assert moves.tell_of_moves() == 0
    let_no_hold_be_on_its_way()
    assert ShowtimeMove.objects.get().settled_at is None
    assert moves.tell_of_moves() == 1
    assert emitted("booking.moved")[-1].subject == str(late.id)
    assert ShowtimeMove.objects.get().settled_at is not None


def test_several_moves_before_anybody_was_told_are_one_to_the_customer(sold, move, showtime, emitted):
    was = showtime.starts_at
    sold(0)
    move(HOUR)
    move(HOUR)
    assert [moves.tell_of_moves(), moves.tell_of_moves()] == [1, 0]
    (event,) = emitted("booking.moved")
    assert at(event.data["before"]["starts_at"]) == was
    assert at(event.data["showtime"]["starts_at"]) == was + 2 * HOUR


def test_the_next_move_starts_from_what_was_told_last(sold, move, showtime, emitted):
    was = showtime.starts_at
    sold(0)
    for _ in range(2):
        move(HOUR)
        assert moves.tell_of_moves() == 1
    first, second = emitted("booking.moved")
    assert at(second.data["before"]["starts_at"]) == at(first.data["showtime"]["starts_at"]) == was + HOUR
    assert second.data["revision"] > first.data["revision"]


def test_moved_and_moved_back_before_anybody_was_told_is_not_told(sold, move, emitted):
    sold(0)
    move(HOUR)
    move(-HOUR)
    assert [moves.tell_of_moves(), moves.tell_of_moves()] == [1, 0]
    assert not emitted("booking.moved")


def test_what_has_ended_is_not_told(hold, sold, move, showtime, let_hold_end):
    cancelled, ended = sold(0), hold(1)
    endings.cancel_booking(booking_id=cancelled.id, user_id=cancelled.user_id)
    let_hold_end(ended)
    move(HOUR)
    assert moves.tell_of_moves() == 0
    sold(2)
    Booking.objects.update(showtime_revision=1)
    Showtime.objects.filter(id=showtime.id).update(status=Showtime.Status.CANCELLED)
    assert moves.tell_of_moves() == 0


def test_a_move_is_told_in_bounded_batches(hold, move, emitted):
    for place in range(5):
        hold(place)
    move(HOUR)
    assert [moves.tell_of_moves(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(emitted("booking.moved")) == 5


def test_a_batch_costs_the_same_statements_whatever_its_size(hold, move, django_assert_num_queries):
    for place in range(6):
        hold(place)
    move(HOUR)
    for size in (2, 3):
        # whose turn, lock, moves, seats, mark, history, outbox; and the savepoints of the test's own transaction
        with django_assert_num_queries(7 + 2):
            assert moves.tell_of_moves(limit=size) == size
    with django_assert_num_queries(8 + 2):  # and that all are told
        assert moves.tell_of_moves() == 1


def test_without_a_move_a_tick_is_one_statement(hold, django_assert_num_queries):
    hold(0)
    with django_assert_num_queries(1 + 2):
        assert moves.tell_of_moves() == 0


def test_a_worker_killed_in_a_batch_has_told_nobody(hold, move, emitted, monkeypatch):
    hold(0)
    move(HOUR)

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(moves, "emit_all", die)
        with pytest.raises(Killed):
            moves.tell_of_moves()
    assert not BookingTransition.objects.filter(trigger=Trigger.SHOWTIME_MOVED).exists()
    assert [moves.tell_of_moves(), moves.tell_of_moves()] == [1, 0]
    assert len(emitted("booking.moved")) == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_tell_each_booking_once(transactional_db, emitted):
    bookings = [booking for _ in range(6) for booking in of_another_that_moved(4)]

    def tell(_: int) -> None:
        try:
            wait_until(lambda: moves.tell_of_moves(limit=3) == 0)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, range(4)))
    assert moves.tell_of_moves() == 0
    assert sorted(event.subject for event in emitted("booking.moved")) == sorted(str(each.id) for each in bookings)


def test_the_history_has_a_line_of_the_move_and_rebuilds_the_same_state(sold, move, showtime):
    booking = sold(0)
    was = showtime.starts_at
    move(HOUR)
    moves.tell_of_moves()
    history = list(BookingTransition.objects.filter(booking=booking))
    line = history[-1]
    assert (line.from_status, line.to_status, line.trigger) == ("CONFIRMED", "CONFIRMED", "showtime_moved")
    local = was.astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    away, there = (f"{start:%Y-%m-%d %H:%M} Asia/Ho_Chi_Minh" for start in (local, local + HOUR))
    assert line.reason == f"{away} → {there}"
    assert rebuild([Trigger(entry.trigger) for entry in history]) is State.CONFIRMED


def test_inside_the_time_in_which_nobody_may_cancel_a_move_lets_those_before_it_go_for_nothing(
    sold, move, showtime, emitted
):
    Showtime.objects.filter(id=showtime.id).update(rules=NO_WAY_BACK)
    before = sold(0)
    with pytest.raises(CancellationClosed):
        endings.cancel_booking(booking_id=before.id, user_id=before.user_id)
    move(HOUR)
    after = sold(1)
    endings.cancel_booking(booking_id=before.id, user_id=before.user_id)
    assert emitted("booking.cancelled")[0].data["refund"] == {"amount": 90000, "currency": "VND"}
    with pytest.raises(CancellationClosed):
        endings.cancel_booking(booking_id=after.id, user_id=after.user_id)


def test_the_offer_ends_when_the_showtime_starts(sold, move, showtime):
    Showtime.objects.filter(id=showtime.id).update(rules=NO_WAY_BACK)
    booking = sold(0)
    move(timezone.now() - showtime.starts_at)
    with pytest.raises(CancellationClosed):
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)


def test_a_move_is_settled_when_its_time_is_over_and_nobody_is_left_to_tell(hold, move, django_assert_num_queries):
    hold(0)
    move(HOUR)
    assert moves.tell_of_moves() == 1
    with django_assert_num_queries(1 + 2):  # nothing is looked at until no hold can be on its way
        assert moves.tell_of_moves() == 0
    let_no_hold_be_on_its_way()
    assert moves.tell_of_moves() == 0
    assert ShowtimeMove.objects.get().settled_at is not None
    move(HOUR)
    assert moves.tell_of_moves() == 1


def test_a_move_stays_open_while_somebody_of_it_is_left(hold, move, let_hold_end, emitted):
    booking = hold(0)
    let_hold_end(booking)
    move(HOUR)
    let_no_hold_be_on_its_way()
    for _ in range(2):
        assert moves.tell_of_moves() == 0
        assert ShowtimeMove.objects.get().settled_at is None
        its_turn_again()
    endings.expire_holds()
    assert moves.tell_of_moves() == 0
    assert ShowtimeMove.objects.get().settled_at is not None
    assert not emitted("booking.moved")


def test_what_was_never_looked_at_comes_before_what_nobody_can_be_told_of_yet(sold, hold, move, let_hold_end, emitted):
    let_hold_end(hold(0))
    move(HOUR)
    (told,) = of_another_that_moved(1)
    # As many as may be looked at, so there may be more to do, though nobody is told.
    assert moves.tell_of_moves(limit=1) == 1
    assert not emitted("booking.moved")
    its_turn_again()
    assert moves.tell_of_moves(limit=1) == 1
    assert [event.subject for event in emitted("booking.moved")] == [str(told.id)]


def test_a_large_hall_is_told_to_its_end_before_the_next_has_its_turn(hold, move, emitted):
    for place in range(3):
        hold(place)
    move(HOUR)
    looks = [moves.tell_of_moves(limit=2), moves.tell_of_moves(limit=2)]
    assert looks == [2, 1]
    assert len(emitted("booking.moved")) == 3
    assert ShowtimeMove.objects.get().due_at > timezone.now() + HOUR / 15
