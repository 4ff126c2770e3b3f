"""Seats that are given back while their booking goes on: theirs no more, and everything else as it was."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from django.db import connection
from money import authorise, capture
from races import came_of
from seated import seats_of

from bookings import desk, doors, endings, heard, services
from bookings.domain import PaymentStatus, State, Trigger, Why
from bookings.errors import NotCancellable, TicketVoid
from bookings.history import Cause
from bookings.inventory import seat_statuses
from bookings.models import GIVEN_BACK, Booking, BookingSeat, BookingTransition, Showtime
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door

USHER = Actor(uuid7(), "linh", Door.API)
PRICE = 90_000


@pytest.fixture
def paid(hold):
    """paid(0, 1) → a booking of two seats with its tickets."""

    def make(*places: int, captured: bool = True) -> Booking:
        booking = hold(*places)
        authorise(booking.id)
        if captured:
            capture(booking.id)
        return Booking.objects.get(id=booking.id)

    return make


def refund(booking: Booking, seats: list[BookingSeat], *, refunded: int | None = None, kind: str = "cancel") -> None:
    """Payment tells that the money of these seats went back; refunded: so far, if more than theirs."""
    so_far = len(seats) * PRICE if refunded is None else refunded
    services.record_refund(
        booking_id=booking.id,
        status=PaymentStatus.REFUNDED if so_far == booking.total_amount else PaymentStatus.PARTIALLY_REFUNDED,
        refunded=so_far,
        kind=kind,
        seats=[heard.RefundedSeat(seat.seat_id) for seat in seats],
        cause=Cause("payment", uuid7(), "refunded", "As you asked."),
    )


def enter(booking: Booking, code: str) -> list[str]:
    admitted = doors.check_in(ticket=code, showtime_id=booking.showtime_id, door="left", actor=USHER)
    return sorted(str(seat) for seat in admitted.seats)


def code_of(booking: Booking, seat: BookingSeat) -> str:
    return booking.seat_tickets[str(seat.seat_id)]


def test_a_seat_given_back_is_free_and_the_booking_goes_on_with_the_others(paid, sign_in, emitted, showtime):
    booking = paid(0, 1)
    going, staying = seats_of(booking)
    refund(booking, [going])
    assert seat_statuses(showtime.id) == {staying.seat_id: "sold"}
    shown = sign_in(user_id=booking.user_id).get(f"/bookings/{booking.id}").json()
    assert (shown["status"], shown["payment_status"]) == ("CONFIRMED", "partially_refunded")
    assert [seat["id"] for seat in shown["seats"]] == [str(staying.seat_id)]
    (gone,) = shown["seats_given_back"]
    assert (gone["id"], gone["price"]["amount"], bool(gone["given_back_at"])) == (str(going.seat_id), PRICE, True)
    assert (shown["total"]["amount"], shown["refunded"]["amount"]) == (2 * PRICE, PRICE)
    assert [each["seat_id"] for each in shown["tickets"]] == [str(staying.seat_id)]
    (told,) = emitted("booking.reduced")
    assert (told.data["given_back"], told.data["seat_ids"]) == ([str(going.seat_id)], [str(staying.seat_id)])
    line = BookingTransition.objects.filter(booking=booking).latest("id")
    assert (line.trigger, line.to_status, line.reason) == ("seats_refunded", "CONFIRMED", "A1")
    assert line.message == "As you asked."


def test_somebody_else_buys_the_seat_that_was_given_back(paid, showtime, django_capture_on_commit_callbacks):
    booking = paid(0, 1)
    going, staying = seats_of(booking)
    with django_capture_on_commit_callbacks(execute=True):
        refund(booking, [going])
    other = paid(0)
    refund(booking, [staying], refunded=2 * PRICE)
    assert Booking.objects.get(id=booking.id).status == State.CANCELLED
    assert seat_statuses(showtime.id) == {going.seat_id: "sold"}
    assert enter(other, other.ticket) == ["A1"]


def test_the_ticket_of_a_seat_given_back_lets_nobody_in_and_the_others_do(paid):
    booking = paid(0, 1, 2)
    going = seats_of(booking)[1]
    refund(booking, [going])
    now = Booking.objects.get(id=booking.id)
    with pytest.raises(TicketVoid) as refused:
        enter(booking, code_of(booking, going))
    assert (refused.value.extra["ended_by"], refused.value.extra["booking_status"]) == ("seats_refunded", "CONFIRMED")
    assert jwt.decode(now.ticket, options={"verify_signature": False})["seats"] in (["A1", "A3"], ["A3", "A1"])
    # What was mailed before stays good for whom it is left: the code of a seat, and the one of all of them.
    assert enter(booking, code_of(booking, seats_of(booking)[0])) == ["A1"]
    assert enter(booking, booking.ticket) == ["A3"]


def test_doors_without_a_connection_know_which_seats_were_given_back(paid, sign_in, showtime):
    reduced, ended = paid(0, 1), paid(2, 3)
    going = seats_of(reduced)[0]
    refund(reduced, [going])
    refund(ended, seats_of(ended)[:1])
    refund(ended, seats_of(ended)[1:], refunded=2 * PRICE)
    told = sign_in(roles=("manager",)).get(f"/showtimes/{showtime.id}/tickets/revoked").json()["revoked"]
    by_booking = {each["booking_id"]: each for each in told}
    assert by_booking[str(ended.id)]["seats"] is None
    assert by_booking[str(reduced.id)] == {
        "booking_id": str(reduced.id),
        "reference": reduced.reference,
        "status": "CONFIRMED",
        "seats": [{"seat": "A1", "seat_id": str(going.seat_id)}],
    }


def test_the_seats_given_back_of_a_showtime_are_read_by_their_index(paid):
    booking = paid(0)
    (seat,) = seats_of(booking)
    others = [BookingSeat(**_columns(seat), seat_id=uuid7()) for _ in range(3000)]
    BookingSeat.objects.bulk_create(others)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE booking_seats")
    plan = BookingSeat.objects.filter(GIVEN_BACK, showtime_id=booking.showtime_id).explain()
    assert "booking_seats_given_back" in plan


def _columns(seat: BookingSeat) -> dict[str, object]:
    return {name: getattr(seat, name) for name in ("booking_id", "showtime_id", "row", "number", "price_amount")}


def test_with_its_last_seat_the_booking_ends_as_with_all_of_its_money(paid, emitted, showtime):
    booking = paid(0, 1)
    first, last = seats_of(booking)
    refund(booking, [first])
    refund(booking, [last], refunded=2 * PRICE)
    ended = Booking.objects.get(id=booking.id)
    assert (ended.status, ended.payment_status) == (State.CANCELLED, "refunded")
    assert seat_statuses(showtime.id) == {}
    (told,) = emitted("booking.cancelled")
    assert told.data["seat_ids"] == [str(last.seat_id)]
    assert (told.data["retained"]["amount"], told.data["refunded"]["amount"]) == (0, 2 * PRICE)


def test_goodwill_for_a_seat_leaves_the_seat_where_it_is(paid, emitted, showtime):
    booking = paid(0, 1)
    refund(booking, seats_of(booking)[:1], kind="goodwill")
    assert set(seat_statuses(showtime.id).values()) == {"sold"}
    assert emitted("booking.reduced") == []
    assert enter(booking, booking.ticket) == ["A1", "A2"]


def test_a_seat_is_given_back_also_where_goodwill_took_the_rest_of_the_money(paid):
    booking = paid(0, 1)
    refund(booking, seats_of(booking)[:1], refunded=2 * PRICE)
    now = Booking.objects.get(id=booking.id)
    assert (now.status, now.payment_status) == (State.CONFIRMED, "refunded")
    assert enter(booking, booking.ticket) == ["A2"]


def test_the_same_news_again_gives_nothing_back_again(paid, emitted):
    booking = paid(0, 1)
    for _ in range(2):
        refund(booking, seats_of(booking)[:1])
    assert len(emitted("booking.reduced")) == 1
    assert BookingTransition.objects.filter(booking=booking, trigger=Trigger.SEATS_REFUNDED).count() == 1


def test_whoever_cancels_the_rest_gets_back_what_the_rules_leave_of_the_rest(paid, showtime):
    Showtime.objects.filter(id=showtime.id).update(
        rules={"cancellation_cutoff_minutes": 60 * 24 * 30, "cancellation_fee_percent": 10}
    )
    booking = paid(0, 1)
    refund(booking, seats_of(booking)[:1])
    outcome = endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    assert (outcome.why, outcome.retained, outcome.refund) == (Why.LATE, PRICE // 10, PRICE - PRICE // 10)


def test_of_a_reduced_booking_staff_cancel_the_rest(paid, emitted):
    booking = paid(0, 1)
    refund(booking, seats_of(booking)[:1])
    outcome = desk.cancel_for_customer(booking_id=booking.id, actor=USHER, reason="by telephone")
    assert (outcome.refund, outcome.retained) == (PRICE, 0)
    assert len(emitted("booking.cancelled")[0].data["seat_ids"]) == 1


def test_a_refund_that_overtook_the_capture_leaves_a_ticket_of_what_is_left(paid, emitted):
    booking = paid(0, 1, captured=False)
    going, staying = seats_of(booking)
    refund(booking, [going])
    capture(booking.id)
    (issued,) = emitted("ticket.issued")
    assert [each["seat_id"] for each in issued.data["tickets"]] == [str(staying.seat_id)]


def test_who_is_in_when_the_refund_comes_stays_in(paid, showtime):
    booking = paid(0, 1)
    used, fresh = seats_of(booking)
    assert enter(booking, code_of(booking, used)) == ["A1"]
    refund(booking, [], refunded=2 * PRICE)
    assert Booking.objects.get(id=booking.id).status == State.CONFIRMED
    assert seat_statuses(showtime.id) == {used.seat_id: "sold"}
    with pytest.raises(TicketVoid):
        enter(booking, code_of(booking, fresh))
    with pytest.raises(NotCancellable):
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)


def test_every_check_in_is_told_with_the_seats_it_was_the_first_of(paid, emitted):
    booking = paid(0, 1, 2)
    seats = seats_of(booking)
    enter(booking, code_of(booking, seats[1]))
    enter(booking, booking.ticket)
    told = [event.data["seat_ids"] for event in emitted("booking.checked_in")]
    assert list(map(sorted, told)) == [
        [str(seats[1].seat_id)],
        sorted([str(seats[0].seat_id), str(seats[2].seat_id)]),
    ]


def test_a_refund_a_scan_and_a_cancellation_at_once_leave_one_story(transactional_db, request):
    paid, seen = request.getfixturevalue("paid"), Counter()

    for place in range(0, 16, 2):
        booking = paid(place, place + 1)
        going, _ = seats_of(booking)
        acts = (
            lambda b=booking, s=going: refund(b, [s]),
            lambda b=booking, s=going: enter(b, code_of(b, s)),
            lambda b=booking: endings.cancel_booking(booking_id=b.id, user_id=b.user_id),
        )
        with ThreadPoolExecutor(3) as pool:
            _, scanned, cancelled = pool.map(came_of, acts)
        now = Booking.objects.get(id=booking.id)
        given_back = now.seats.filter(GIVEN_BACK).exists()
        sold = set(seat_statuses(now.showtime_id, [seat.seat_id for seat in seats_of(now)]))
        has = {seat.seat_id for seat in seats_of(now) if seat.given_back_at is None}
        assert sold == (has if now.status == State.CONFIRMED else set())
        assert (scanned == "done") == now.check_ins.exists()
        assert (cancelled == "done") == (now.status == State.CANCELLED)
        assert not (now.check_ins.exists() and (given_back or now.status == State.CANCELLED))
        seen[scanned, cancelled] += 1
    assert sum(seen.values()) == 8
    assert set(seen) <= {("done", "not_cancellable"), ("ticket_void", "done")}
