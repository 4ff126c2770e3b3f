"""Seats that their customer gives back: by the rules they were sold under, once, and to the unit of a cancellation."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import TARIFF, PromoCodeFactory, layout, seat_ids
from hypothesis import given
from hypothesis import strategies as st
from races import came_of
from seated import seats_of

from bookings import desk, doors, endings, heard, returns, services
from bookings.domain import CancellationRules, PaymentStatus, State, Why, cancellation, taken_back
from bookings.errors import TicketVoid
from bookings.history import Cause
from bookings.inventory import seat_statuses
from bookings.models import GIVEN_BACK, Booking, BookingSeat, BookingTransition, Screen, Showtime
from chassis.ids import uuid7
from chassis.money import Money
from chassis.storage.audit_log import Actor, Door
from chassis.web.problems import Problem

USHER = Actor(uuid7(), "linh", Door.API)
PRICE = 90_000
START = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
FEE = PRICE // 10
# From thirty days before the start on a tenth is kept.
LATE = {"cancellation_cutoff_minutes": 60 * 24 * 30, "cancellation_fee_percent": 10}


@pytest.fixture
def late(showtime: Showtime) -> None:
    Showtime.objects.filter(id=showtime.id).update(rules=LATE)


def body(*seats: BookingSeat) -> dict[str, Any]:
    return {"seat_ids": [str(seat.seat_id) for seat in seats]}


def give_back(booking: Booking, *seats: BookingSeat):
    return returns.give_back_seats(
        booking_id=booking.id, user_id=booking.user_id, seat_ids=[seat.seat_id for seat in seats]
    )


def goes_back(booking: Booking, seats: list[BookingSeat], *, so_far: int, kind: str = "cancel") -> None:
    """Payment tells that the money of these seats went back, as much as is due of each."""
    told = [heard.RefundedSeat(seat.seat_id, Money(seat.refund_amount or PRICE, "VND")) for seat in seats]
    cause = Cause("payment", uuid7(), "refunded")
    status = PaymentStatus.PARTIALLY_REFUNDED
    services.record_refund(booking_id=booking.id, status=status, refunded=so_far, kind=kind, seats=told, cause=cause)


def test_a_customer_gives_a_seat_back_and_the_booking_goes_on(bought, sign_in, emitted, showtime):
    booking = bought(0, 1)
    going, staying = seats_of(booking)
    customer = sign_in(user_id=booking.user_id)
    quote = customer.post(f"/bookings/{booking.id}/give-back/quote", body(going), format="json").json()
    answer = customer.post(f"/bookings/{booking.id}/give-back", body(going), format="json")
    shown = answer.json()
    assert (answer.status_code, shown["cancellation"]) == (200, quote)
    assert (quote["allowed"], quote["refund"]["amount"], quote["retained"]["amount"]) == (True, PRICE, 0)
    assert (shown["status"], [seat["id"] for seat in shown["seats"]]) == ("CONFIRMED", [str(staying.seat_id)])
    (gone,) = shown["seats_given_back"]
    assert (gone["id"], gone["refund"]["amount"]) == (str(going.seat_id), PRICE)
    assert [each["seat_id"] for each in shown["tickets"]] == [str(staying.seat_id)]
    assert seat_statuses(showtime.id) == {staying.seat_id: "sold"}
    (told,) = emitted("booking.reduced")
    assert [(each["id"], each["due"]["amount"]) for each in told.data["due"]] == [(str(going.seat_id), PRICE)]
    assert (told.data["refund"]["amount"], told.data["retained"]["amount"]) == (PRICE, 0)
    line = BookingTransition.objects.filter(booking=booking).latest("id")
    assert (line.trigger, line.actor, line.reason) == ("seats_given_back", str(booking.user_id), "A1")
    with pytest.raises(TicketVoid) as refused:
        doors.check_in(
            ticket=booking.seat_tickets[str(going.seat_id)], showtime_id=showtime.id, door="left", actor=USHER
        )
    assert refused.value.extra["ended_by"] == "seats_given_back"


def test_all_that_is_left_is_the_cancellation_to_the_same_unit(late, bought, emitted):
    twins = bought(0, 1, 2), bought(3, 4, 5)
    for booking in twins:
        give_back(booking, seats_of(booking)[0])
    by_seats = give_back(twins[0], *seats_of(twins[0])[1:])
    whole = endings.cancel_booking(booking_id=twins[1].id, user_id=twins[1].user_id)
    assert by_seats == whole
    assert (whole.why, whole.refund, whole.retained) == (Why.LATE, 2 * (PRICE - FEE), 3 * FEE)
    one, other = emitted("booking.cancelled")
    amounts = ("total", "refund", "retained", "refunded", "why")
    assert [one.data[name] for name in amounts] == [other.data[name] for name in amounts]
    # What is on its way is told as what went back before, and what was kept of it as a part of what is kept.
    assert one.data["refunded"]["amount"] == PRICE - FEE
    assert [each["due"]["amount"] for each in one.data["due"]] == [PRICE - FEE]


def test_what_went_back_is_known_by_the_seat_and_the_rest_is_reckoned_without_it(late, bought):
    booking = bought(0, 1)
    going, _ = seats_of(booking)
    assert give_back(booking, going).refund == PRICE - FEE
    for _ in range(2):
        on_its_way = endings.cancellation_of(Booking.objects.get(id=booking.id))
        assert (on_its_way.refund, on_its_way.retained) == (PRICE - FEE, 2 * FEE)
        goes_back(booking, seats_of(booking)[:1], so_far=PRICE - FEE)
    now = Booking.objects.get(id=booking.id)
    assert (now.status, now.refunded_amount, now.seats.filter(refunded_at=None).count()) == ("CONFIRMED", 81_000, 1)
    # The house keeps nothing of what it ends itself.
    outcome = desk.cancel_for_customer(booking_id=booking.id, actor=USHER, reason="by telephone")
    assert (outcome.refund, outcome.retained) == (PRICE + FEE, 0)


def test_money_that_support_gave_for_a_seat_is_not_given_for_it_again(bought):
    booking = bought(0, 1, 2)
    as_goodwill, whole, _ = seats_of(booking)
    goes_back(booking, [as_goodwill], so_far=PRICE, kind="goodwill")
    assert give_back(booking, as_goodwill).refund == 0
    # A refund of staff was on its way when its customer gave it back: all of it went.
    Showtime.objects.filter(id=booking.showtime_id).update(starts_at=booking.created_at + timedelta(minutes=1))
    Booking.objects.filter(id=booking.id).update(terms={})
    Showtime.objects.filter(id=booking.showtime_id).update(rules=LATE)
    assert give_back(booking, whole).refund == PRICE - FEE
    services.record_refund(
        booking_id=booking.id,
        status=PaymentStatus.PARTIALLY_REFUNDED,
        refunded=2 * PRICE,
        kind="cancel",
        seats=[heard.RefundedSeat(whole.seat_id, Money(PRICE, "VND"))],
        cause=Cause("payment"),
    )
    left = endings.cancellation_of(Booking.objects.get(id=booking.id))
    assert (left.refund, left.retained) == (PRICE - FEE, FEE)


def test_fees_of_the_booking_stay_until_its_last_seat_goes(bought, showtime):
    Showtime.objects.filter(id=showtime.id).update(tariff=TARIFF)
    booking = bought(0, 1)
    first, last = seats_of(booking)
    with_glasses = PRICE + 20_000
    assert give_back(booking, first).refund == with_glasses
    assert give_back(booking, last).refund == with_glasses + 5_000


def refused(booking: Booking, *seats: BookingSeat) -> str:
    with pytest.raises(Problem) as problem:
        give_back(booking, *seats)
    assert not quoted(booking, *seats)
    return problem.value.code


def quoted(booking: Booking, *seats: BookingSeat) -> bool:
    """Whether the quote says that they may be given back."""
    wanted = {"booking_id": booking.id, "user_id": booking.user_id, "seat_ids": [seat.seat_id for seat in seats]}
    try:
        return returns.quote_seats_back(**wanted)[1].allowed
    except Problem:
        return False


def test_what_cannot_be_given_back_is_refused_and_nothing_is_half_done(bought, hold, sign_in, emitted, showtime):
    booking, other, held = bought(0, 1, 2), bought(3), hold(4, 5)
    used, first, second = seats_of(booking)
    doors.check_in(ticket=booking.seat_tickets[str(used.seat_id)], showtime_id=showtime.id, door="left", actor=USHER)
    assert refused(booking, used) == refused(booking, used, first) == "seats_not_returnable"
    assert refused(booking, first, *seats_of(other)) == refused(held, seats_of(held)[0]) == "seats_not_returnable"
    give_back(booking, first)
    assert refused(booking, first) == "seats_not_returnable"
    Showtime.objects.filter(id=showtime.id).update(starts_at=booking.created_at)
    assert refused(booking, second) == "cancellation_closed"
    stranger = sign_in()
    for path in ("give-back", "give-back/quote"):
        asked = stranger.post(f"/bookings/{booking.id}/{path}", body(second), format="json")
        assert (asked.status_code, asked.json()["code"]) == (404, "booking_not_found")
    assert len(emitted("booking.reduced")) == 1


def test_what_is_sold_together_stays_together_or_goes_together(bought, showtime):
    seats = layout(rows=1, columns=8)
    kinds = ["couple", "couple", "accessible", "companion", *["standard"] * 4]
    Screen.objects.filter(id=showtime.screen_id).update(
        seats=[seat | {"category": kind} for seat, kind in zip(seats, kinds, strict=True)]
    )
    tariff = TARIFF | {"prices": {code: dict.fromkeys(kinds, PRICE) for code in ("adult", "child", "crew")}}
    Showtime.objects.filter(id=showtime.id).update(tariff=tariff)
    ids = seat_ids(showtime)
    booking = bought(*range(6), ticket_types={ids[5]: "child", ids[4]: "child"})
    left, right, wheelchair, companion, *children = seats_of(booking)
    assert refused(booking, left) == "couple_seat_split"
    assert refused(booking, wheelchair) == "companion_alone"
    assert refused(booking, left, right, wheelchair, companion) == "accompanied_alone"
    give_back(booking, left, right)
    give_back(booking, companion)
    give_back(booking, wheelchair, *children)
    assert Booking.objects.get(id=booking.id).status == State.CANCELLED


def test_a_code_for_so_many_tickets_is_not_had_for_fewer(bought, showtime):
    PromoCodeFactory(promotion__min_tickets=3, promotion__value=50)
    booking = bought(0, 1, 2, 3, promo_code="QUIET")
    first, second, *rest = seats_of(booking)
    assert give_back(booking, first).refund == PRICE // 2
    assert refused(booking, second) == "promo_code_unfit"
    assert give_back(booking, second, *rest).refund == 3 * PRICE // 2


def test_the_same_key_gives_back_once(bought, sign_in, emitted):
    booking = bought(0, 1)
    customer = sign_in(user_id=booking.user_id)
    going = body(seats_of(booking)[0])
    first, again = (
        customer.post(f"/bookings/{booking.id}/give-back", going, format="json", headers={"Idempotency-Key": "once"})
        for _ in range(2)
    )
    assert (first.status_code, again.content) == (200, first.content)
    assert (again["Idempotency-Replayed"], len(emitted("booking.reduced"))) == ("true", 1)


amounts = st.lists(st.integers(0, 10**11), min_size=2, max_size=6)


@given(prices=amounts, percent=st.integers(0, 100), fee=st.integers(0, 10**6), goodwill=st.integers(0, 10**9))
def test_seat_by_seat_never_more_comes_back_than_was_paid_nor_less_than_at_once(
    prices: list[int], percent: int, fee: int, goodwill: int
):
    start = START
    total = sum(prices) + fee
    goodwill = min(goodwill, total)
    rules = {"starts_at": start, "now": start - timedelta(minutes=1), "rules": CancellationRules(60, percent)}
    whole = cancellation(state=State.CONFIRMED, total=total, refunded=goodwill, hold_expires_at=start, **rules)
    back = kept = gone = 0
    for price in prices[:-1]:
        left = max(total - goodwill - back - kept, 0)
        each = taken_back(price=price, left=min(price, left), **rules)
        assert 0 <= each.refund <= price
        back, kept, gone = back + each.refund, kept + price - each.refund, gone + price
    last = cancellation(
        state=State.CONFIRMED,
        total=total,
        refunded=goodwill + back,
        hold_expires_at=start,
        given_back=gone,
        kept=kept,
        **rules,
    )
    assert goodwill + back + last.refund + last.retained == total
    assert last.refund >= 0
    if not goodwill:
        assert whole.refund <= back + last.refund <= whole.refund + len(prices)


def test_give_backs_a_scan_a_cancellation_and_a_refund_at_once_leave_one_story(transactional_db, request):
    bought, seen = request.getfixturevalue("bought"), Counter()

    for place in range(0, 16, 2):
        booking = bought(place, place + 1)
        going, _ = seats_of(booking)
        code = booking.seat_tickets[str(going.seat_id)]
        acts = (
            lambda b=booking, s=going: give_back(b, s),
            lambda b=booking, s=going: give_back(b, s),
            lambda b=booking, c=code: doors.check_in(ticket=c, showtime_id=b.showtime_id, door="left", actor=USHER),
            lambda b=booking: endings.cancel_booking(booking_id=b.id, user_id=b.user_id),
            lambda b=booking, s=going: goes_back(b, [s], so_far=PRICE),
        )
        with ThreadPoolExecutor(len(acts)) as pool:
            first, second, scanned, cancelled, _ = pool.map(came_of, acts)
        now = Booking.objects.get(id=booking.id)
        left = {seat.seat_id for seat in seats_of(now) if seat.given_back_at is None}
        sold_now = set(seat_statuses(now.showtime_id, [seat.seat_id for seat in seats_of(now)]))
        assert sold_now == (left if now.status == State.CONFIRMED else set())
        assert (first, second).count("done") <= 1
        assert not ("done" in (first, second) and scanned == "done")
        assert (cancelled == "done") == (now.status == State.CANCELLED)
        assert now.seats.filter(GIVEN_BACK).count() <= 1
        seen[scanned] += 1
    assert sum(seen.values()) == 8
