"""What a booking was sold as stays what it was sold as."""

from datetime import datetime, timedelta

import pytest
from money import authorise

from bookings import closures, endings, sales
from bookings.errors import CancellationClosed
from bookings.models import Booking, Showtime
from bookings.terms import terms_of, terms_of_sale

WEEK = 7 * 24 * 60
GENTLE = {"cancellation_cutoff_minutes": 60, "cancellation_fee_percent": None}
HARSH = {"cancellation_cutoff_minutes": WEEK, "cancellation_fee_percent": 100}
CLOSED = {"cancellation_cutoff_minutes": WEEK, "cancellation_fee_percent": None}


@pytest.fixture
def sold(hold):
    def make(*places: int) -> Booking:
        booking = hold(*places)
        authorise(booking.id)
        return booking

    return make


def refund_of(booking, emitted) -> int:
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    return emitted("booking.cancelled")[-1].data["refund"]["amount"]


def test_a_booking_keeps_the_showtime_and_the_rules_of_the_moment_it_was_made(hold, move, showtime):
    Showtime.objects.filter(id=showtime.id).update(rules=GENTLE)
    showtime.refresh_from_db()
    sold_as = terms_of_sale(showtime)
    booking = hold(0)
    now = move(timedelta(hours=1), language="en", rules=HARSH)
    kept = Booking.objects.get(id=booking.id)
    assert terms_of(kept, now) == sold_as != terms_of_sale(now)
    assert (sold_as.language, sold_as.rules.fee_percent) == ("vi", None)


def test_each_booking_has_the_terms_of_its_own_revision(hold, move):
    first = hold(0)
    now = move(rules=HARSH)
    second = hold(1)
    rules = [terms_of(Booking.objects.get(id=booking.id), now).rules.fee_percent for booking in (first, second)]
    assert rules == [None, 100]


@pytest.mark.parametrize(
    ("sold_under", "changed_to", "back"),
    [(GENTLE, HARSH, 90000), (GENTLE, CLOSED, 90000), (HARSH, GENTLE, 0)],
    ids=["harsher later", "closed later", "gentler later"],
)
def test_a_cancellation_goes_by_the_rules_of_the_sale(sold, move, showtime, emitted, sold_under, changed_to, back):
    Showtime.objects.filter(id=showtime.id).update(rules=sold_under)
    booking = sold(0)
    move(rules=changed_to)
    assert refund_of(booking, emitted) == back


def test_what_was_sold_without_a_way_back_has_none_when_the_theater_opens_one_for_others(sold, move, showtime):
    Showtime.objects.filter(id=showtime.id).update(rules=CLOSED)
    booking = sold(0)
    move(rules=GENTLE)
    with pytest.raises(CancellationClosed):
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)


def test_a_booking_from_before_there_were_terms_goes_by_its_showtime(sold, showtime, emitted):
    booking = sold(0)
    Booking.objects.update(terms={})
    Showtime.objects.update(rules={"cancellation_cutoff_minutes": WEEK, "cancellation_fee_percent": 10})
    assert refund_of(booking, emitted) == 81000


def test_the_answer_shows_what_was_bought_and_what_it_is_now(sign_in, hold, move):
    booking = hold(0)
    move(language="en", rules=HARSH)
    shown = sign_in(user_id=booking.user_id).get(f"/bookings/{booking.id}").json()
    assert (shown["showtime"]["language"], shown["terms"]["language"]) == ("en", "vi")
    assert shown["terms"]["rules"] == {"cancellation_cutoff_minutes": 0, "cancellation_fee_percent": None}


def test_what_a_process_knew_before_a_change_sells_nothing_under_the_old_terms(hold, move, showtime):
    stale = sales.sale_of(showtime.id)
    now = move(rules=HARSH)
    assert stale.showtime.revision < now.revision
    assert terms_of(Booking.objects.get(id=hold(0).id), now).rules.fee_percent == 100


def test_before_cancelling_a_customer_reads_what_comes_back_and_until_when(sign_in, sold, showtime, emitted):
    Showtime.objects.update(rules={"cancellation_cutoff_minutes": WEEK, "cancellation_fee_percent": 10})
    booking = sold(0)
    customer = sign_in(user_id=booking.user_id)
    offered = customer.get(f"/bookings/{booking.id}/cancellation").json()
    assert (offered["allowed"], offered["why"]) == (True, "late")
    assert (offered["refund"]["amount"], offered["retained"]["amount"]) == (81000, 9000)
    assert datetime.fromisoformat(offered["until"]) == showtime.starts_at
    answer = customer.delete(f"/bookings/{booking.id}").json()
    assert answer["status"] == "CANCELLED"
    assert answer["cancellation"] == offered
    told = emitted("booking.cancelled")[-1].data
    assert (told["refund"]["amount"], told["retained"]["amount"], told["why"]) == (81000, 9000, "late")
    ended = customer.get(f"/bookings/{booking.id}/cancellation").json()
    assert (ended["allowed"], ended["why"], ended["until"]) == (False, "ended", None)


def test_what_cannot_be_cancelled_is_said_before_it_is_tried(sign_in, sold):
    Showtime.objects.update(rules=CLOSED)
    booking = sold(0)
    customer = sign_in(user_id=booking.user_id)
    offered = customer.get(f"/bookings/{booking.id}/cancellation").json()
    assert (offered["allowed"], offered["why"], offered["refund"]["amount"]) == (False, "closed", 0)
    assert customer.delete(f"/bookings/{booking.id}").json()["code"] == "cancellation_closed"
    assert sign_in().get(f"/bookings/{booking.id}/cancellation").json()["code"] == "booking_not_found"


def test_money_that_went_back_before_is_not_promised_again(sign_in, sold, deliver, emitted):
    booking = sold(0)
    about = {"booking_id": str(booking.id), "status": "partially_refunded"}
    for amount in (30000, 20000):  # the older news comes last
        deliver("payment.refunded", **about, refunded_amount={"amount": amount, "currency": "VND"})
    customer = sign_in(user_id=booking.user_id)
    assert customer.get(f"/bookings/{booking.id}/cancellation").json()["refund"]["amount"] == 60000
    customer.delete(f"/bookings/{booking.id}")
    told = emitted("booking.cancelled")[-1].data
    # payment subtracts by itself what it gave back before
    assert [told[name]["amount"] for name in ("total", "refund", "refunded", "retained")] == [90000, 90000, 30000, 0]


def test_who_cancels_an_unpaid_hold_is_told_of_no_money(sign_in, hold, emitted):
    booking = hold(0)
    answer = sign_in(user_id=booking.user_id).delete(f"/bookings/{booking.id}").json()["cancellation"]
    assert (answer["why"], answer["refund"]["amount"], answer["retained"]["amount"]) == ("unpaid", 0, 0)
    assert emitted("booking.cancelled")[-1].data["why"] == "unpaid"


def test_the_words_that_staff_have_for_a_cancelled_showtime_reach_its_customers(sold, hold, deliver, showtime, emitted):
    for make in (sold, hold):
        make(len(emitted("booking.created")))
    deliver("showtime.cancelled", showtime_id=str(showtime.id), revision=9, reason="The projector of Hall 1 is broken")
    assert closures.cancel_bookings() == 2
    assert sorted(told.data["confirmed"] for told in emitted("booking.cancelled")) == [False, True]
    for told in emitted("booking.cancelled"):
        assert told.data["message"] == "The projector of Hall 1 is broken"
        assert (told.data["why"], told.data["retained"]["amount"]) == ("showtime_cancelled", 0)
