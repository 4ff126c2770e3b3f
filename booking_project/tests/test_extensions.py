"""A hold is made longer by its customer: once, while the seats are still theirs, and not beyond the end of sales."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from factories import ShowtimeFactory, seat_ids
from hypothesis import given
from hypothesis import strategies as st
from money import authorise

from bookings import endings, extensions, holds, locks
from bookings.domain import NoExtension, State, Trigger, no_extension, rebuild
from bookings.errors import HoldOver, NotExtendable, SalesClosed, TooManyHolds
from bookings.extensions import extend_hold
from bookings.models import Booking, BookingTransition, SeatStatus, Showtime
from chassis.ids import uuid7
from chassis.storage.redis import redis_client
from chassis.testing import wait_until
from chassis.web.problems import Problem

MINUTE = timedelta(minutes=1)
CARD = {"token": "tok_visa"}


def extend(booking: Booking) -> Booking:
    return extend_hold(booking_id=booking.id, user_id=booking.user_id)


@pytest.fixture
def nearly_over():
    """nearly_over(booking): as if its hold had begun four minutes ago."""

    def bring(booking: Booking) -> Booking:
        booking.hold_expires_at = booking.created_at + MINUTE
        Booking.objects.filter(id=booking.id).update(hold_expires_at=booking.hold_expires_at)
        SeatStatus.objects.filter(booking_id=booking.id).update(held_until=booking.hold_expires_at)
        return booking

    return bring


def refusal(booking: Booking) -> Problem:
    """What stood against it; and then nothing has changed."""
    before = kept(booking)
    with pytest.raises(Problem) as refused:
        extend(booking)
    assert kept(booking) == before
    return refused.value


def kept(booking: Booking) -> tuple[object, ...]:
    return (
        Booking.objects.filter(id=booking.id).values_list("hold_expires_at", "extended_at").get(),
        list(SeatStatus.objects.filter(booking_id=booking.id).order_by("seat_id").values_list("seat_id", "held_until")),
        BookingTransition.objects.filter(booking=booking).count(),
    )


def test_the_booking_its_seats_its_locks_and_everybody_else_know_of_the_longer_hold(
    hold, nearly_over, emitted, settings, showtime
):
    settings.HOLD_EXTENSION_SECONDS = 240
    booking = nearly_over(hold(0, 1))
    answered = extend(booking)
    stored = Booking.objects.get(id=booking.id)
    assert stored.hold_expires_at == answered.hold_expires_at
    assert stored.hold_expires_at - stored.extended_at == timedelta(seconds=240)
    assert set(SeatStatus.objects.values_list("held_until", flat=True)) == {stored.hold_expires_at}
    (told,) = emitted("booking.extended")
    assert told.subject == str(booking.id)
    assert datetime.fromisoformat(told.data["hold_expires_at"]) == stored.hold_expires_at
    assert datetime.fromisoformat(told.data["extended_at"]) == stored.extended_at
    assert sorted(told.data["seat_ids"]) == sorted(map(str, seat_ids(showtime)[:2]))
    history = list(BookingTransition.objects.filter(booking=booking))
    assert [(line.trigger, line.actor) for line in history] == [
        ("held", str(booking.user_id)),
        ("hold_extended", str(booking.user_id)),
    ]
    assert rebuild([Trigger(line.trigger) for line in history]) is State.PENDING


def ttl(showtime: Showtime, place: int) -> int:
    seat = seat_ids(showtime)[place]
    return redis_client().ttl(f"lock:showtime:{{{showtime.id}}}:seat:{seat}")


def test_only_the_locks_that_are_the_bookings_last_longer(hold, nearly_over, settings, showtime):
    settings.HOLD_SECONDS = 100
    booking = nearly_over(hold(0, 1, 2))
    seats = seat_ids(showtime)
    stranger = locks.Owner(uuid7(), uuid7())
    locks.take_over(showtime.id, [seats[1]], owner=stranger, seconds=50)
    locks.release(showtime.id, [seats[2]], owner=locks.Owner(booking.user_id, booking.id))
    extend(booking)
    assert 200 < ttl(showtime, 0) <= 300
    assert 0 < ttl(showtime, 1) <= 50
    assert ttl(showtime, 2) == -2  # there is none


def test_without_redis_it_is_the_same_but_for_the_locks(hold, nearly_over, redis_at):
    booking = nearly_over(hold(0))
    redis_at("redis://127.0.0.1:9")
    assert extend(booking).extended_at is not None


def test_the_second_time_it_is_told_until_when_the_seats_are_held(hold, nearly_over, sign_in, emitted):
    booking = nearly_over(hold(0))
    customer = sign_in(user_id=booking.user_id)
    before = customer.get(f"/bookings/{booking.id}").json()
    assert (before["extendable"], before["extended_at"]) == (True, None)
    first = customer.post(f"/bookings/{booking.id}/extend")
    assert first.status_code == 200
    assert (first.json()["extendable"], first.json()["extended_at"] is None) == (False, False)
    assert first.json() == customer.get(f"/bookings/{booking.id}").json()
    second = customer.post(f"/bookings/{booking.id}/extend")
    assert (second.status_code, second.json()["code"]) == (409, "hold_extended")
    assert second.json()["hold_expires_at"] == first.json()["hold_expires_at"] > before["hold_expires_at"]
    assert len(emitted("booking.extended")) == 1


def test_somebody_elses_booking_does_not_exist(hold, nearly_over, sign_in):
    booking = nearly_over(hold(0))
    for somebody in (sign_in(), sign_in(("support",)), sign_in(("admin",))):
        answer = somebody.post(f"/bookings/{booking.id}/extend")
        assert (answer.status_code, answer.json()["code"]) == (404, "booking_not_found")
    assert Booking.objects.get(id=booking.id).extended_at is None


def test_a_hold_that_is_over_stays_over_swept_or_not(hold, let_hold_end):
    booking = hold(0)
    let_hold_end(booking)
    assert isinstance(refusal(booking), HoldOver)
    endings.expire_holds()
    assert Booking.objects.get(id=booking.id).status == State.EXPIRED
    assert isinstance(refusal(booking), HoldOver)


def test_what_is_bought_or_given_back_needs_none(hold, nearly_over):
    bought, cancelled = nearly_over(hold(0)), nearly_over(hold(1))
    authorise(bought.id)
    endings.cancel_booking(booking_id=cancelled.id, user_id=cancelled.user_id)
    for booking, status in ((bought, "CONFIRMED"), (cancelled, "CANCELLED")):
        refused = refusal(booking)
        assert isinstance(refused, NotExtendable)
        assert status in refused.detail


def test_while_its_card_is_asked_a_booking_waits_for_the_answer(hold, nearly_over):
    booking = nearly_over(hold(0, payment_method=CARD))
    assert isinstance(refusal(booking), NotExtendable)


def test_it_ends_with_the_sales_and_not_later(hold, nearly_over, settings, showtime):
    settings.SALES_CLOSE_MINUTES = 15
    booking, another = nearly_over(hold(0)), nearly_over(hold(1))
    close = booking.created_at + 3 * MINUTE
    Showtime.objects.filter(id=showtime.id).update(starts_at=close - 15 * MINUTE)
    assert extend(booking).hold_expires_at == close
    Showtime.objects.filter(id=showtime.id).update(starts_at=another.hold_expires_at - 15 * MINUTE)
    assert isinstance(refusal(another), SalesClosed)
    Showtime.objects.filter(id=showtime.id).update(starts_at=close, status=Showtime.Status.CANCELLED)
    assert isinstance(refusal(another), SalesClosed)


def test_a_seat_that_is_somebody_elses_by_now_is_not_held_for_longer(hold, nearly_over, showtime):
    booking = nearly_over(hold(0, 1))
    SeatStatus.objects.filter(seat_id=seat_ids(showtime)[1]).update(booking_id=uuid7())
    assert isinstance(refusal(booking), HoldOver)


def test_it_may_be_turned_off_and_never_makes_a_hold_shorter(hold, nearly_over, settings):
    booking = nearly_over(hold(0))
    for seconds in (0, 1):
        settings.HOLD_EXTENSION_SECONDS = seconds
        assert isinstance(refusal(booking), NotExtendable)
    settings.HOLD_EXTENSION_SECONDS = 300
    assert extend(booking).hold_expires_at > booking.hold_expires_at


def test_the_hold_ends_when_its_longer_time_is_over(hold, nearly_over, let_hold_end):
    booking = extend(nearly_over(hold(0)))
    assert endings.expire_holds() == 0
    let_hold_end(booking)
    assert endings.expire_holds() == 1
    assert Booking.objects.get(id=booking.id).status == State.EXPIRED


def test_a_longer_hold_counts_as_held_for_as_long_as_it_lasts(hold, nearly_over, settings, showtime):
    settings.MAX_OPEN_HOLDS, settings.HOLDS_AGAIN_SECONDS = 1, 1
    settings.HOLD_SECONDS, settings.HOLD_EXTENSION_SECONDS = 60, 600
    booking = hold(0)
    longest = holds._limits(verified=True).seconds
    assert longest > 60 + 600
    extend(booking)
    with pytest.raises(TooManyHolds):
        hold(1, user_id=booking.user_id)


def test_it_costs_three_statements_that_find_their_way_by_keys(hold, nearly_over):
    booking = nearly_over(hold(0, 1))
    with CaptureQueriesContext(connection) as made:
        extend(booking)
    assert len(made) == 3, [query["sql"] for query in made]


@pytest.fixture
def held(transactional_db) -> Booking:
    """A booking that other connections see."""
    showtime = ShowtimeFactory()
    return holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=seat_ids(showtime)[:2]).booking


def outcome(booking: Booking) -> str:
    try:
        extend(booking)
    except Problem as problem:
        return problem.code
    finally:
        connection.close()
    return "extended"


def test_of_many_at_once_one_makes_it_longer(held, emitted):
    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(outcome, [held] * 8))
    assert outcomes == ["extended", *["hold_extended"] * 7]
    assert len(emitted("booking.extended")) == 1


def is_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def its_end(booking: Booking) -> None:
    past = booking.created_at - MINUTE
    Booking.objects.filter(id=booking.id).update(hold_expires_at=past)
    SeatStatus.objects.filter(booking_id=booking.id).update(held_until=past)
    endings.expire_holds()


def its_sale(booking: Booking) -> None:
    authorise(booking.id)


def its_cancellation(booking: Booking) -> None:
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)


@pytest.mark.parametrize(
    ("become", "said"),
    [(its_end, "hold_over"), (its_sale, "not_extendable"), (its_cancellation, "not_extendable")],
)
def test_who_comes_while_it_becomes_something_else_finds_it_as_it_is_then(held, emitted, become, said):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Booking.objects.select_for_update().get(id=held.id)
            answer = pool.submit(outcome, held)
            wait_until(is_waited_for)
            become(held)
        assert answer.result(timeout=30) == said
    assert not emitted("booking.extended")


@given(
    state=st.sampled_from(State),
    with_card=st.booleans(),
    extended=st.booleans(),
    ends_in=st.integers(-2, 4),
    until=st.integers(-2, 4),
)
def test_whatever_stands_against_it_is_named_or_nothing_does(state, with_card, extended, ends_in, until):
    now = datetime.fromisoformat("2026-11-22T03:15:00+00:00")
    against = no_extension(
        state=state,
        with_card=with_card,
        extended=extended,
        hold_expires_at=now + ends_in * MINUTE,
        until=now + until * MINUTE,
        now=now,
    )
    may = state is State.PENDING and not with_card and not extended and 0 < ends_in < until
    assert (against is None) == may
    if state is State.PENDING and extended and not with_card:
        assert against is NoExtension.EXTENDED


def test_who_asks_may_see_beforehand_whether_it_is_possible(hold, nearly_over, showtime):
    booking = nearly_over(hold(0))
    assert extensions.is_extendable(booking, showtime)
    assert not extensions.is_extendable(extend(booking), showtime)
    showtime.status = Showtime.Status.CANCELLED
    assert not extensions.is_extendable(nearly_over(hold(1)), showtime)
