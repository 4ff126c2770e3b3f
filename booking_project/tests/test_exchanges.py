"""A booking is exchanged for another showtime of its film: the new seats first, the old ones free once that is paid."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db.models import F
from factories import ShowtimeFactory, seat_ids
from money import authorise, capture, told
from races import came_of
from seated import another, assert_no_seat_has_two, enter, let_them_sit_down

from bookings import closures, desk, endings, exchange_holds, returns, services, tasks
from bookings.domain import PaymentStatus
from bookings.errors import TicketVoid
from bookings.handlers import HANDLERS, lock
from bookings.history import Cause
from bookings.inventory import seat_statuses
from bookings.models import Booking, BookingTransition, Screen, Showtime
from chassis.ids import uuid7
from chassis.messaging.inbox import receive_all
from chassis.storage.audit_log import Actor, Door
from chassis.storage.models import AuditRecord
from chassis.web.problems import Problem

PRICE = 90_000
VISA = {"token": "tok_visa"}
USHER = Actor(uuid7(), "linh", Door.API)
LATE = {"cancellation_cutoff_minutes": 60 * 24 * 30, "cancellation_fee_percent": 10}
CLOSED = {"cancellation_cutoff_minutes": 60 * 24 * 30}


@pytest.fixture
def other(showtime: Showtime) -> Showtime:
    """Another showtime of the same film, in the same screen."""
    return ShowtimeFactory(
        screen=Screen.objects.get(id=showtime.screen_id),
        movie_id=showtime.movie_id,
        theater_id=showtime.theater_id,
        starts_at=showtime.starts_at + timedelta(days=1),
    )


def exchange(booking: Booking, other: Showtime, *places: int, **wanted: Any) -> Booking:
    ids = seat_ids(other)
    wanted = {"showtime_id": other.id, "seat_ids": [ids[place] for place in places], **wanted}
    held = exchange_holds.exchange_booking(booking_id=booking.id, user_id=booking.user_id, wanted=wanted, verified=True)
    return held.booking


def carried(new: Booking) -> dict[str, Any]:
    amount = min(new.exchange_worth, new.total_amount)
    return {"carried": {"amount": amount, "currency": "VND"} if amount else None}


def pay(new: Booking) -> str:
    """As payment tells it: reserved, and then taken."""
    status = authorise(new.id, **carried(new))
    capture(new.id)
    return status


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Problem) as refused:
        act()
    return refused.value.code


def now(booking: Booking) -> Booking:
    return Booking.objects.get(id=booking.id)


def last_line(booking: Booking) -> BookingTransition:
    return BookingTransition.objects.filter(booking=booking).latest("id")


class TestOneAct:
    def test_the_old_one_is_good_until_the_new_one_is_paid(self, bought, other, sign_in, emitted, showtime):
        old = bought(0, 1)
        customer = sign_in(user_id=old.user_id)
        body = {"showtime_id": str(other.id), "seat_ids": [str(each) for each in seat_ids(other)[:3]]}
        quote = customer.post(f"/bookings/{old.id}/exchange/quote", body, format="json").json()
        assert {name: quote[name]["amount"] for name in ("total", "worth", "retained", "to_pay", "refund")} == {
            "total": 3 * PRICE,
            "worth": 2 * PRICE,
            "retained": 0,
            "to_pay": PRICE,
            "refund": 0,
        }
        answer = customer.post(f"/bookings/{old.id}/exchange", body, format="json")
        shown = answer.json()
        assert (answer.status_code, shown["status"]) == (201, "PENDING")
        assert answer.headers["Location"] == f"/bookings/{shown['id']}"
        assert shown["exchange"] == {
            "booking_id": str(old.id),
            "carried": {"amount": 2 * PRICE, "currency": "VND"},
            "retained": {"amount": 0, "currency": "VND"},
        }
        new = Booking.objects.get(id=shown["id"])
        assert emitted("booking.created")[-1].data["exchange"] == {
            "booking_id": str(old.id),
            "reference": old.reference,
            "carried": {"amount": 2 * PRICE, "currency": "VND"},
        }
        assert authorise(new.id, **carried(new)) == "CONFIRMED"
        assert (now(old).status, len(seat_statuses(showtime.id))) == ("CONFIRMED", 2)
        capture(new.id)
        assert (now(new).status, bool(now(new).ticket)) == ("CONFIRMED", True)
        assert (now(old).status, seat_statuses(showtime.id)) == ("CANCELLED", {})
        line = last_line(old)
        assert (line.trigger, line.actor, line.reason) == ("exchanged", "payment", new.reference)
        (ended,) = emitted("booking.cancelled")
        assert (ended.data["why"], ended.data["reason"], ended.data["exchanged_for"]) == (
            "exchanged",
            "exchanged",
            new.reference,
        )
        amounts = {name: ended.data[name]["amount"] for name in ("total", "refund", "retained", "carried")}
        assert amounts == {"total": 2 * PRICE, "refund": 2 * PRICE, "retained": 0, "carried": 2 * PRICE}
        with pytest.raises(TicketVoid) as refused:
            enter(old, old.ticket)
        assert refused.value.extra["ended_by"] == "exchanged"

    def test_the_fee_of_a_cancellation_is_kept_and_what_is_over_comes_back(self, bought, other, emitted, showtime):
        Showtime.objects.filter(id=showtime.id).update(rules=LATE)
        old = bought(0, 1)
        new = exchange(old, other, 0, payment_method=VISA)
        assert (new.exchange_worth, new.exchange_retained, new.with_card) == (162_000, 18_000, False)
        pay(new)
        (ended,) = emitted("booking.cancelled")
        amounts = {name: ended.data[name]["amount"] for name in ("refund", "retained", "carried")}
        assert amounts == {"refund": 162_000, "retained": 18_000, "carried": PRICE}

    def test_what_is_exchanged_may_be_exchanged_again(self, bought, other, showtime):
        old = bought(0)
        second = exchange(old, other, 0)
        pay(second)
        third = exchange(now(second), showtime, 0)
        pay(third)
        assert [now(each).status for each in (old, second, third)] == ["CANCELLED", "CANCELLED", "CONFIRMED"]

    def test_an_answer_is_kept_for_the_same_request(self, bought, other, sign_in):
        old = bought(0)
        customer = sign_in(user_id=old.user_id)
        body = {"showtime_id": str(other.id), "quantity": 1}
        once = {"headers": {"Idempotency-Key": "one"}, "format": "json"}
        first = customer.post(f"/bookings/{old.id}/exchange", body, **once)
        pay(Booking.objects.get(id=first.json()["id"]))
        again = customer.post(f"/bookings/{old.id}/exchange", body, **once)
        assert (again.status_code, again.json(), again.headers["Location"]) == (
            201,
            first.json(),
            first.headers["Location"],
        )

    def test_staff_exchange_beyond_the_rules_and_give_a_reason(self, bought, other, sign_in, showtime):
        Showtime.objects.filter(id=showtime.id).update(rules=CLOSED)
        old = bought(0)
        body = {"showtime_id": str(other.id), "quantity": 1}
        assert sign_in(user_id=old.user_id).post(f"/bookings/{old.id}/exchange", body, format="json").json()[
            "code"
        ] == ("cancellation_closed")
        clerk = sign_in(["support"])
        assert clerk.post(f"/bookings/{old.id}/exchange", body, format="json").status_code == 400
        shown = clerk.post(f"/bookings/{old.id}/exchange", body | {"reason": "the lift failed"}, format="json").json()
        new = Booking.objects.get(id=shown["id"])
        assert (new.user_id, new.exchange_worth, new.exchange_retained) == (old.user_id, PRICE, 0)
        record = AuditRecord.objects.get(action="booking.exchange_begun")
        assert (record.subject_id, record.reason) == (str(old.id), "the lift failed")
        pay(new)
        assert now(old).status == "CANCELLED"


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("changes", "detail"),
        [
            ({"movie_id": uuid7()}, "same film"),
            ({"currency": "EUR"}, "another currency"),
        ],
    )
    def test_another_film_or_currency(self, bought, other, sign_in, changes, detail):
        old = bought(0)
        Showtime.objects.filter(id=other.id).update(**changes)
        body = {"showtime_id": str(other.id), "quantity": 1}
        for path in ("exchange", "exchange/quote"):
            answer = sign_in(user_id=old.user_id).post(f"/bookings/{old.id}/{path}", body, format="json")
            assert (answer.status_code, answer.json()["code"]) == (409, "not_exchangeable")
            assert detail in answer.json()["detail"]
        assert seat_statuses(other.id) == {}

    def test_its_own_showtime_what_is_not_paid_and_what_is_in_use(self, bought, hold, other, sign_in, showtime):
        old, held = bought(0), hold(1)
        used = bought(2)
        enter(used, used.ticket)
        for booking, where in ((old, showtime), (held, other), (used, other)):
            assert refusal(lambda booking=booking, where=where: exchange(booking, where, 5)) == "not_exchangeable"
        stranger = sign_in()
        body = {"showtime_id": str(other.id), "quantity": 1}
        assert stranger.post(f"/bookings/{old.id}/exchange", body, format="json").status_code == 404

    def test_a_second_one_at_the_same_time(self, bought, other, let_hold_end):
        old = bought(0)
        first = exchange(old, other, 0)
        assert refusal(lambda: exchange(old, other, 1)) == "exchange_open"
        let_hold_end(first)
        tasks.expire_holds()
        exchange(old, other, 1)
        assert now(old).status == "CONFIRMED"

    def test_what_the_other_payment_did_not_carry_buys_nothing(self, bought, other, emitted):
        """As a payment service of before would tell it, which took all of it from the card."""
        old = bought(0)
        new = exchange(old, other, 0, 1)
        assert authorise(new.id) == "REJECTED"
        assert emitted("booking.rejected")[-1].data["reason"] == "exchange_lost"
        assert now(old).status == "CONFIRMED"


class TestWhatComesBetween:
    @pytest.mark.parametrize("what", ["cancelled", "given back", "checked in", "refunded", "showtime cancelled"])
    def test_before_the_new_one_is_sold_it_is_what_was_done(self, bought, other, deliver, what, showtime):
        old = bought(0, 1)
        new = exchange(old, other, 0, 1)
        match what:
            case "cancelled":
                endings.cancel_booking(booking_id=old.id, user_id=old.user_id)
            case "given back":
                seat = old.seats.all()[0]
                returns.give_back_seats(booking_id=old.id, user_id=old.user_id, seat_ids=[seat.seat_id])
            case "checked in":
                enter(old, old.ticket)
            case "refunded":
                services.record_refund(
                    booking_id=old.id,
                    status=PaymentStatus.PARTIALLY_REFUNDED,
                    refunded=1,
                    kind="goodwill",
                    cause=Cause("payment", uuid7(), "refunded"),
                )
            case "showtime cancelled":
                Showtime.objects.filter(id=showtime.id).update(status="cancelled")
                tasks.cancel_bookings_of_cancelled_showtimes()
        before = now(old).status
        assert pay(new) == "REJECTED"
        assert (now(old).status, seat_statuses(other.id)) == (before, {})

    def test_while_the_money_is_taken_neither_is_given_up(self, bought, other):
        old = bought(0, 1)
        new = exchange(old, other, 0, 1)
        authorise(new.id, **carried(new))
        first = old.seats.all()[0].seat_id
        for act in (
            lambda: endings.cancel_booking(booking_id=old.id, user_id=old.user_id),
            lambda: endings.cancel_booking(booking_id=new.id, user_id=new.user_id),
            lambda: returns.give_back_seats(booking_id=old.id, user_id=old.user_id, seat_ids=[first]),
            lambda: desk.cancel_for_customer(booking_id=new.id, actor=USHER, reason="by telephone"),
        ):
            assert refusal(act) == "exchange_under_way"
        with pytest.raises(TicketVoid):
            enter(old, old.ticket)
        capture(new.id)
        endings.cancel_booking(booking_id=new.id, user_id=new.user_id)

    def test_a_capture_that_fails_leaves_the_old_one(self, bought, other):
        old = bought(0)
        new = exchange(old, other, 0)
        authorise(new.id, **carried(new))
        services.fail_payment(
            booking_id=new.id, stage="capture", final=True, code="capture_refused", cause=Cause("payment", uuid7())
        )
        assert (now(new).status, now(old).status) == ("CANCELLED", "CONFIRMED")
        assert enter(old, old.ticket) == ["A1"]

    def test_a_showtime_that_is_cancelled_meanwhile_costs_nobody_the_other_one(self, bought, other, showtime):
        old = bought(0)
        new = exchange(old, other, 0)
        authorise(new.id, **carried(new))
        Showtime.objects.filter(id=other.id).update(status="cancelled")
        closures.cancel_bookings(limit=10)
        capture(new.id)
        assert (now(new).status, now(old).status) == ("CANCELLED", "CONFIRMED")


# Whatever the rival is told where it comes second.
REFUSED = {
    "cancel": {"exchange_under_way", "not_cancellable"},
    "give back": {"exchange_under_way", "seats_not_returnable"},
    "check in": {"ticket_void"},
    "exchange": {"exchange_open", "not_exchangeable"},
    "answers twice": set(),
    "hold ends": set(),
    "screen move": set(),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival", REFUSED)
def test_whichever_comes_first_there_is_one_good_booking(bought, other, rival, showtime, let_hold_end):
    for place in range(0, 6, 2):
        old = bought(place, place + 1)
        new = exchange(old, other, place, place + 1)
        if rival == "hold ends":
            let_hold_end(new)
        together = Barrier(2)

        def meet(act: Callable[[], object], together: Barrier = together) -> str:
            together.wait(10)
            return came_of(act)

        with ThreadPoolExecutor(2) as threads:
            paying = threads.submit(meet, partial(answers, new))
            rivalling = threads.submit(meet, partial(rivals(rival), old, new, other))
            paid, came = paying.result(), rivalling.result()
        assert (paid, came in {"done", *REFUSED[rival]}) == ("done", True), came
        old, new = now(old), now(new)
        states = (old.status, new.status)
        assert states.count("CONFIRMED") == (0 if rival == "cancel" and came == "done" else 1), states
        assert states in {("CANCELLED", "CONFIRMED"), ("CONFIRMED", "REJECTED"), ("CONFIRMED", "EXPIRED")} or (
            rival == "cancel" and states == ("CANCELLED", "REJECTED")
        )
        for shown in (showtime, other):
            assert_no_seat_has_two(shown)


def rivals(name: str) -> Callable[[Booking, Booking, Showtime], object]:
    """What somebody else does with the old booking at the same moment."""

    def cancel(old: Booking, new: Booking, other: Showtime) -> None:
        endings.cancel_booking(booking_id=old.id, user_id=old.user_id)

    def give_back(old: Booking, new: Booking, other: Showtime) -> None:
        first = old.seats.all()[0].seat_id
        returns.give_back_seats(booking_id=old.id, user_id=old.user_id, seat_ids=[first])

    def check_in(old: Booking, new: Booking, other: Showtime) -> None:
        enter(old, old.ticket)

    def again(old: Booking, new: Booking, other: Showtime) -> None:
        exchange(old, other, 20)

    def twice(old: Booking, new: Booking, other: Showtime) -> None:
        answers(new)

    def hold_ends(old: Booking, new: Booking, other: Showtime) -> None:
        tasks.expire_holds()

    def screen_move(old: Booking, new: Booking, other: Showtime) -> None:
        hall = another(other)
        Showtime.objects.filter(id=other.id).update(
            screen_id=hall.id, revision=F("revision") + 1, screen_since=F("revision") + 1, reseat_due=True
        )
        let_them_sit_down()

    return {
        "cancel": cancel,
        "give back": give_back,
        "check in": check_in,
        "exchange": again,
        "answers twice": twice,
        "hold ends": hold_ends,
        "screen move": screen_move,
    }[name]


def answers(new: Booking) -> None:
    """What payment tells of it, as a worker takes it."""
    receive_all([told("payment.authorized", new.id, **carried(new))], HANDLERS, lock=lock)
    receive_all([told("payment.completed", new.id)], HANDLERS, lock=lock)
