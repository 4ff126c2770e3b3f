"""Bookings with a code: what comes off, how often it is had, and when somebody else may have it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import TARIFF, PromoCodeFactory, PromotionFactory, ShowtimeFactory, seat_ids
from money import authorise, capture

from bookings import endings, heard, holds, offers, promotions, sales, services
from bookings.history import Cause
from bookings.models import Booking, PromoCode, Promotion, PromoUse
from bookings.promo_errors import PromoCodeUnfit, PromoCodeUsedUp
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door
from chassis.testing_plans import costs
from chassis.web.problems import Problem

STAFF = Actor(uuid7(), "linh", Door.API)


@pytest.fixture
def showtime(db):
    return ShowtimeFactory(tariff=TARIFF)


@pytest.fixture
def code(db):
    return PromoCodeFactory(word="QUIET", promotion__most_per_customer=None)


@pytest.fixture
def with_code(hold):
    """with_code(0, 1) → a booking of these seats with the code."""
    return lambda *places, code="quiet", **wanted: hold(*places, promo_code=code, **wanted)


@pytest.fixture
def use(with_code):
    """Whether the code is had once more; the booking is left as it is."""

    def ask(*places, **wanted):
        with_code(*places, **wanted)
        return True

    return ask


def in_use(code):
    return promotions.uses_of([code])[code.id]


def sell(booking):
    authorise(booking.id)
    capture(booking.id)


def test_a_percentage_comes_off_each_ticket_and_off_no_fee(with_code, code, emitted):
    booking = with_code(0, 1)
    discounts = [line for line in booking.lines if line["kind"] == "discount"]
    assert [(line["code"], line["name"], line["gross"]) for line in discounts] == [
        ("QUIET", "Quiet evening", -9000)
    ] * 2
    assert {line["seat_id"] for line in discounts} == {str(seat.seat_id) for seat in booking.seats.all()}
    assert booking.total_amount == 2 * (90000 - 9000 + 20000) + 5000
    (told,) = emitted("booking.created")
    assert told.data["total"]["amount"] == booking.total_amount
    use = PromoUse.objects.get()
    assert (use.booking_id, use.code_id, use.user_id) == (booking.id, code.id, booking.user_id)
    assert set(use.seat_ids) == {seat.seat_id for seat in booking.seats.all()}


def test_of_free_tickets_of_a_type_those_of_others_are_paid(showtime, db):
    PromoCodeFactory(promotion__off="tickets", promotion__value=1, promotion__ticket_types=["child"])
    wanted = dict(zip(seat_ids(showtime), ["adult", "child", "child"], strict=False))
    held = holds.hold_seats(
        user_id=uuid7(), showtime_id=showtime.id, seat_ids=list(wanted), ticket_types=wanted, promo_code="QUIET"
    )
    assert held.booking.total_amount == 90000 + 60000 + 3 * 20000 + 5000
    (use,) = PromoUse.objects.all()
    assert [wanted[seat] for seat in use.seat_ids] == ["child"]


def test_a_voucher_may_make_it_free_and_then_no_card_is_needed(with_code, db, showtime, emitted):
    sales._kept.clear()
    showtime.tariff, showtime.revision = {**TARIFF, "fees": []}, 2
    showtime.save()
    promotion = PromotionFactory(value=100)
    (voucher,) = promotions.make_vouchers(promotion_id=promotion.id, count=1, actor=STAFF)
    booking = with_code(0, code=voucher, payment_method={"token": "tok_visa"})
    assert (booking.total_amount, booking.with_card) == (0, False)
    (told,) = emitted("booking.created")
    assert voucher[-4:] in told.data["lines"][1]["code"]
    for kept in (str(told.data), str(Booking.objects.values()), str(PromoCode.objects.values())):
        assert voucher not in kept
        assert voucher.replace("-", "") not in kept


def test_a_code_that_never_was_and_one_that_is_none_any_more_are_answered_alike(sign_in, showtime, settings):
    settings.PROMO_GUESSES_PER_USER = 100
    now = timezone.now()
    for word, told in {
        "STOPPED": {"stopped_at": now},
        "OVER": {"sold_until": now - timedelta(seconds=1)},
        "NOTYET": {"sold_from": now + timedelta(hours=1)},
    }.items():
        PromoCodeFactory(word=word, promotion=PromotionFactory(**told))
    customer, seat = sign_in(), str(seat_ids(showtime)[0])
    answers, statements = [], []
    for word in ("NEVER", "STOPPED", "OVER", "NOTYET", "x", "SUMMER'25"):
        body = {"showtime_id": str(showtime.id), "seat_ids": [seat], "promo_code": word}
        with CaptureQueriesContext(connection) as asked:
            answer = customer.post("/bookings", body)
        assert answer.status_code == 409
        told = answer.json()
        answers.append((told["code"], told["detail"], *sorted(told)))
        statements.append(len(asked))
    assert len(set(answers)) == 1
    assert len(set(statements[1:])) == 1  # the first has read what is on sale
    assert answers[0][0] == "promo_code_invalid"
    assert not Booking.objects.exists()


def test_a_code_that_is_for_something_else_says_what(sign_in, showtime):
    PromoCodeFactory(promotion__min_tickets=3)
    customer = sign_in()
    body = {"showtime_id": str(showtime.id), "seat_ids": [str(seat_ids(showtime)[0])], "promo_code": "quiet"}
    told = customer.post("/bookings", body).json()
    assert (told["code"], told["why"]) == ("promo_code_unfit", "tickets")
    assert "3" in told["detail"]
    quoted = customer.post(f"/showtimes/{showtime.id}/quote", {"seat_ids": body["seat_ids"], "promo_code": "quiet"})
    assert quoted.json()["code"] == "promo_code_unfit"


def test_a_ticket_that_costs_nothing_uses_no_code(hold, showtime, code):
    crew = dict.fromkeys(seat_ids(showtime)[:1], "crew")
    with pytest.raises(PromoCodeUnfit):
        hold(0, ticket_types=crew, seller=STAFF, promo_code="QUIET")
    assert in_use(code) == 0


def test_a_quote_tells_what_the_booking_then_costs_and_uses_nothing(sign_in, showtime, code):
    customer, ids = sign_in(), [str(seat) for seat in seat_ids(showtime)[:2]]
    PromoCode.objects.update(most_uses=1)
    wanted = {"seat_ids": ids, "promo_code": "Quiet"}
    quoted = customer.post(f"/showtimes/{showtime.id}/quote", wanted).json()
    assert in_use(code) == 0
    made = customer.post("/bookings", {"showtime_id": str(showtime.id), **wanted}).json()
    assert made["lines"] == quoted["lines"]
    assert made["total"] == quoted["total"]
    again = customer.post(f"/showtimes/{showtime.id}/quote", {**wanted, "seat_ids": ids})
    assert again.json()["code"] == "promo_code_used_up"
    endings.cancel_booking(booking_id=made["id"], user_id=customer.user_id)
    assert customer.post(f"/showtimes/{showtime.id}/quote", wanted).status_code == 200


def test_the_same_request_gets_the_same_answer_whatever_became_of_the_code(sign_in, showtime, code):
    PromoCode.objects.update(most_uses=1)
    customer = sign_in()
    body = {"showtime_id": str(showtime.id), "seat_ids": [str(seat_ids(showtime)[0])], "promo_code": "QUIET"}
    first = customer.post("/bookings", body, headers={"Idempotency-Key": "once"})
    assert first.status_code == 201
    Promotion.objects.update(stopped_at=timezone.now())
    again = customer.post("/bookings", body, headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert PromoUse.objects.count() == 1


def test_a_use_is_given_back_by_every_end_and_by_no_other_step(with_code, code, let_hold_end):
    PromoCode.objects.update(most_uses=1)
    payment = Cause("payment")

    def expire(booking):
        let_hold_end(booking)
        endings.expire_holds()

    def decline(booking):
        services.fail_payment(booking_id=booking.id, stage="authorise", final=True, code="x", cause=payment)

    def cancel_unpaid(booking):
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)

    def cancel_sold(booking):
        sell(booking)
        assert in_use(code) == 1
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)

    def refund(booking):
        sell(booking)
        back = {"status": services.PaymentStatus.REFUNDED, "refunded": booking.total_amount, "kind": "cancel"}
        services.record_refund(booking_id=booking.id, **back, cause=payment)

    ways = [expire, decline, cancel_unpaid, cancel_sold, refund]
    for number, way in enumerate(ways):
        booking = with_code(number)
        assert in_use(code) == 1
        with pytest.raises(PromoCodeUsedUp):
            with_code(20)
        way(booking)
        assert in_use(code) == 0
    with_code(21)
    code.refresh_from_db()
    assert (code.uses, PromoUse.objects.count()) == (1, len(ways) + 1)
    assert PromoUse.objects.filter(counted=True).count() == 1


def test_it_stays_used_while_a_seat_that_came_cheaper_is_left(hold, showtime, db):
    code = PromoCodeFactory(promotion__off="tickets", promotion__value=2, promotion__ticket_types=["child"])
    wanted = dict(zip(seat_ids(showtime), ["adult", "child", "child"], strict=False))
    booking = holds.hold_seats(
        user_id=uuid7(), showtime_id=showtime.id, seat_ids=list(wanted), ticket_types=wanted, promo_code="QUIET"
    ).booking
    sell(booking)
    _, first, second = wanted
    refunded = 0
    for going, left in ((first, 1), (second, 0)):
        seat = booking.seats.get(seat_id=going)
        refunded += seat.price_amount
        back = {"status": services.PaymentStatus.PARTIALLY_REFUNDED, "refunded": refunded, "kind": "cancel"}
        services.record_refund(booking_id=booking.id, **back, seats=[heard.RefundedSeat(going)], cause=Cause("payment"))
        assert in_use(code) == left
    booking.refresh_from_db()
    assert booking.status == "CONFIRMED"
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    assert in_use(code) == 0


def test_a_customer_has_it_as_often_as_each_may(with_code, db):
    PromoCodeFactory(promotion__most_per_customer=1)
    PromoCodeFactory(word="LOUD", promotion=Promotion.objects.get())
    customer = uuid7()
    booking = with_code(0, user_id=customer)
    for word in ("QUIET", "LOUD"):
        with pytest.raises(PromoCodeUsedUp, match="each customer"):
            with_code(1, code=word, user_id=customer)
    with_code(2)
    endings.cancel_booking(booking_id=booking.id, user_id=customer)
    with_code(1, code="LOUD", user_id=customer)


def test_when_the_seats_are_not_to_be_had_neither_is_the_code(with_code, code):
    with_code(0)
    with pytest.raises(Problem) as refused:
        with_code(0, 1)
    assert refused.value.code == "seat_unavailable"
    assert PromoUse.objects.count() == in_use(code) == 1


def test_without_a_code_nothing_more_is_asked_and_with_one_a_statement_the_first_time(hold, showtime, code):
    hold(7)
    asked = []
    for place, promo_code in ((4, None), (2, "QUIET"), (0, "QUIET")):
        with CaptureQueriesContext(connection) as made:
            hold(place, promo_code=promo_code)
        # The test itself reads the screen.
        ours = ("SAVEPOINT", "RELEASE", 'SELECT "screens"')
        asked.append([each["sql"] for each in made if not each["sql"].startswith(ours)])
    assert [len(statements) for statements in asked] == [1, 2, 1]
    assert "promo" not in asked[0][0]


def test_a_code_is_looked_up_before_others_wait_for_who_chooses(showtime, code):
    with CaptureQueriesContext(connection) as made:
        holds.hold_best_seats(user_id=uuid7(), showtime_id=showtime.id, quantity=2, promo_code="QUIET")
    order = [word for each in made for word in ("pg_advisory", "FROM promo_codes") if word in each["sql"]]
    assert order == ["FROM promo_codes", "pg_advisory"]


def test_what_a_use_costs_is_bounded_whatever_was_given_back_before(hold, showtime, code, settings):
    settings.MAX_OPEN_HOLDS = 30
    with costs() as plain:
        hold(0)
    with costs() as fresh:
        hold(4, promo_code="QUIET")
    PromoUse.objects.all().delete()
    PromoCode.objects.update(most_uses=1000)
    offers._kept.clear()
    given_back = timezone.now()
    PromoUse.objects.bulk_create(
        PromoUse(
            booking_id=uuid7(),
            code=code,
            promotion=code.promotion,
            user_id=uuid7(),
            seat_ids=[],
            given_back_at=given_back,
        )
        for _ in range(900)
    )
    PromoCode.objects.update(uses=900)
    with costs() as made:
        hold(2, promo_code="QUIET")
    code.refresh_from_db()
    assert code.uses == 891
    bought = sum(cost.buffers for cost in plain)
    assert sum(cost.buffers for cost in fresh) - bought < 30
    assert sum(cost.buffers for cost in made) - bought < 300
