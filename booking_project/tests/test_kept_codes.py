"""What a process keeps of a code: within bounds, and never for longer than it is so."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import TARIFF, PromoCodeFactory, PromotionFactory, ScreenFactory, ShowtimeFactory, seat_ids
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH

from bookings import holds, inventory, offers, promotions, sales
from bookings.models import Booking, PromoUse
from bookings.promo_errors import PromoCodeInvalid, PromoCodeUnfit, PromoCodeUsedUp
from chassis.ids import uuid7
from chassis.messaging import outbox_table
from chassis.storage import redis
from chassis.storage.audit_log import Actor, Door
from chassis.testing import wait_until

STAFF = Actor(uuid7(), "linh", Door.API)


@pytest.fixture
def showtime(db):
    return ShowtimeFactory(tariff={**TARIFF, "fees": []})


@pytest.fixture
def code(db):
    return PromoCodeFactory()


@pytest.fixture
def take(hold):
    """take(0) → what a booking of that seat costs with the code, in percent of what it costs without."""
    return lambda place: hold(place, promo_code="QUIET").total_amount * 100 / 90000


def statements(ask):
    with CaptureQueriesContext(connection) as made:
        ask()
    return sum("promo_codes AS codes" in each["sql"] for each in made)


def test_rules_that_another_process_changed_hold_for_the_next_booking(take, code):
    assert take(0) == 90
    promotions.change_promotion(promotion_id=code.promotion_id, actor=STAFF, value=20)
    assert take(2) == 80
    promotions.change_promotion(promotion_id=code.promotion_id, actor=STAFF, min_tickets=2)
    with pytest.raises(PromoCodeUnfit):
        take(4)
    promotions.change_promotion(promotion_id=code.promotion_id, actor=STAFF, min_tickets=1)
    assert take(4) == 80
    promotions.change_promotion(promotion_id=code.promotion_id, actor=STAFF, most_per_customer=1)
    customer = uuid7()
    wanted = {"user_id": customer, "promo_code": "QUIET"}
    showtime_id = Booking.objects.first().showtime_id
    first, second = seat_ids_of(showtime_id)[6:8]
    holds.hold_seats(showtime_id=showtime_id, seat_ids=[first], **wanted)
    with pytest.raises(PromoCodeUsedUp):
        holds.hold_seats(showtime_id=showtime_id, seat_ids=[second], **wanted)


def seat_ids_of(showtime_id):
    return list(sales.sale_of(showtime_id).seats)


def test_a_bound_for_each_customer_counts_the_bookings_made_since_it_is_there(showtime, code):
    customer, seats = uuid7(), iter(seat_ids(showtime))
    promotion_id = code.promotion_id

    def book():
        holds.hold_seats(user_id=customer, showtime_id=showtime.id, seat_ids=[next(seats)], promo_code="QUIET")

    book()
    promotions.change_promotion(promotion_id=promotion_id, actor=STAFF, most_per_customer=1)
    book()
    with pytest.raises(PromoCodeUsedUp):
        book()
    promotions.change_promotion(promotion_id=promotion_id, actor=STAFF, most_per_customer=2)
    book()
    with pytest.raises(PromoCodeUsedUp):
        book()
    assert list(PromoUse.objects.order_by("booking").values_list("per_customer", flat=True)) == [False, True, True]


def test_a_code_that_is_spelt_in_another_way_is_refused_as_soon_as_it_is_stopped(take, code):
    take(0)
    assert offers.known("qui-et").code_id == code.id
    promotions.stop_promotion(promotion_id=code.promotion_id, actor=STAFF)
    for typed in ("QUIET", "qui-et"):
        showtime = ShowtimeFactory(tariff=TARIFF)
        with pytest.raises(PromoCodeInvalid):
            holds.hold_seats(
                user_id=uuid7(), showtime_id=showtime.id, seat_ids=seat_ids(showtime)[:1], promo_code=typed
            )
    assert not offers._kept


def test_one_that_another_process_stopped_is_refused_at_once(take, code):
    take(0)
    promotions.stop_promotion(promotion_id=code.promotion_id, actor=STAFF)
    for _ in range(2):
        with pytest.raises(PromoCodeInvalid):
            take(2)
    assert not offers._kept
    assert PromoUse.objects.count() == 1


def test_one_that_may_be_used_so_often_is_kept_and_counted_all_the_same(take, db):
    code = PromoCodeFactory(most_uses=2)
    take(0)
    assert statements(lambda: take(2)) == 0
    with pytest.raises(PromoCodeUsedUp):
        take(4)
    code.refresh_from_db()
    assert code.uses == 2


@pytest.mark.django_db(transaction=True)
def test_one_that_is_kept_ends_by_the_clock_of_the_database(transactional_db):
    showtime = ShowtimeFactory(tariff=TARIFF)
    until = timezone.now() + timedelta(seconds=2)
    PromoCodeFactory(promotion__sold_until=until)
    assert offers.known("QUIET") is not None
    wait_until(lambda: timezone.now() > until + timedelta(milliseconds=50))
    assert offers._kept
    with pytest.raises(PromoCodeInvalid):
        holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=seat_ids(showtime)[:1], promo_code="QUIET")
    assert not Booking.objects.exists()


def test_with_one_that_is_kept_neither_database_nor_redis_is_asked_more_often(sign_in, showtime, code, monkeypatch):
    asked = []
    guarded = redis._guarded

    def counted(*args, **kwargs):
        asked.append(args)
        return guarded(*args, **kwargs)

    monkeypatch.setattr(redis, "_guarded", counted)
    customer, seats, found = sign_in(), map(str, seat_ids(showtime)), []
    for more in ({}, {"promo_code": "QUIET"}, {"promo_code": "QUIET"}, {}):
        asked.clear()
        body = {"showtime_id": str(showtime.id), "seat_ids": [next(seats)], **more}
        with CaptureQueriesContext(connection) as made:
            assert customer.post("/bookings", body).status_code == 201
        found.append((len(asked), len(made)))
    assert found[2] == found[3]


def test_who_was_wrong_too_often_is_turned_away_with_one_that_is_kept_too(sign_in, showtime, code, settings):
    settings.PROMO_GUESSES_PER_USER = 2
    first, second = seat_ids(showtime)[:2]
    body = {"showtime_id": str(showtime.id), "seat_ids": [str(first)], "promo_code": "QUIET"}
    assert sign_in().post("/bookings", body).status_code == 201
    guesser, body["seat_ids"] = sign_in(), [str(second)]
    for word in ("WRONG1", "WRONG2"):
        assert guesser.post("/bookings", {**body, "promo_code": word}).json()["code"] == "promo_code_invalid"
    assert guesser.post("/bookings", body).json()["code"] == "too_many_promo_codes"
    assert sign_in().post("/bookings", body).status_code == 201


def test_so_many_codes_are_kept_each_for_so_long_and_the_oldest_goes(db, monkeypatch):
    monkeypatch.setattr(offers, "KEPT", 2)
    now = 1000.0
    monkeypatch.setattr(offers.time, "monotonic", lambda: now)
    promotion = PromotionFactory()
    for word in ("FIRST", "SECOND", "THIRD"):
        PromoCodeFactory(word=word, promotion=promotion)
    ask = {word: lambda word=word: offers.known(word) for word in ("FIRST", "SECOND", "THIRD")}
    assert [statements(ask[word]) for word in ("FIRST", "FIRST", "SECOND", "THIRD")] == [1, 0, 1, 1]
    assert len(offers._kept) == 2
    assert [statements(ask[word]) for word in ("SECOND", "THIRD", "FIRST")] == [0, 0, 1]
    now += offers.KEPT_SECONDS - 1
    assert statements(ask["THIRD"]) == 0
    now += 1
    assert statements(ask["THIRD"]) == 1
    assert len(offers._kept) == 2


def test_neither_a_voucher_nor_what_is_no_code_is_kept(db):
    (voucher,) = promotions.make_vouchers(promotion_id=PromotionFactory().id, count=1, actor=STAFF)
    assert offers.known(voucher).most_uses == 1
    for wrong in ("NEVER", "x", "SUMMER'25"):
        with pytest.raises(PromoCodeInvalid):
            offers.known(wrong)
    assert offers.known(None) is None
    assert not offers._kept


def test_changed_and_stopped_beside_bookings_each_is_made_by_what_held(transactional_db):
    """No booking that is asked for after a change is made by what was before, and none after the stop."""
    showtime = ShowtimeFactory(screen=ScreenFactory(rows=10, columns=10), prices={"standard": 100, "premium": 100})
    promotion_id = PromoCodeFactory().promotion_id
    ids, totals = seat_ids(showtime), {10: 90, 20: 80, 30: 70}
    sales.reload_sale(showtime.id)

    def ask(number):
        try:
            return holds.hold_seats(
                user_id=uuid7(), showtime_id=showtime.id, seat_ids=[ids[number]], promo_code="QUIET"
            ).booking.total_amount
        except PromoCodeInvalid:
            return None
        finally:
            connection.close()

    told = []
    with ThreadPoolExecutor(16) as pool:
        for turn, value in enumerate((10, 20, 30, None)):
            if value is None:
                promotions.stop_promotion(promotion_id=promotion_id, actor=STAFF)
            elif turn:
                promotions.change_promotion(promotion_id=promotion_id, actor=STAFF, value=value)
            # Those of the turn before may be under way still; these are asked for after the change.
            told.append((value, [pool.submit(ask, 25 * turn + number) for number in range(25)]))
            told[-1][1][0].result()
    for value, asked in told[:-1]:
        later = [totals[each] for each in totals if each >= value]
        assert {future.result() for future in asked} <= {*later, None}
    assert {future.result() for future in told[-1][1]} == {None}
    assert PromoUse.objects.count() == Booking.objects.count() > 0


@pytest.mark.parametrize("counted", [None, False, True])
def test_the_statement_that_takes_seats_is_short_enough_for_its_driver_to_keep_it_parsed(counted):
    telling = outbox_table.insert_from("booked", event="%(event)s", exchange="%(exchange)s", fill=inventory._TIMES)
    assert len(inventory._take_and_tell(telling, counted).encode()) <= MAX_CACHED_STATEMENT_LENGTH
