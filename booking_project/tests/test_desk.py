"""What staff do with somebody else's booking, and what its customer sees of it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.db import connection
from money import authorise

from bookings import desk, tasks
from bookings.domain import State, Trigger
from bookings.errors import AddressChanged, NotCancellable, OwnPurchase, SecondPersonNeeded
from bookings.models import AddressChange, Booking, BookingTransition, Customer, Showtime
from bookings.selectors import found_by
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door
from chassis.testing_plans import analyze
from chassis.web.second_factor import SecondFactorNeeded

CLERK = uuid7()


@pytest.fixture
def sold(hold):
    """sold(0) → a confirmed booking of the first seat."""

    def make(*places: int, **wanted) -> Booking:
        booking = hold(*places, **wanted)
        authorise(booking.id)
        return booking

    return make


def cancel(booking: Booking, *, by=CLERK, **wanted) -> None:
    actor = Actor(by, "linh", Door.API)
    desk.cancel_for_customer(booking_id=booking.id, actor=actor, reason="projector broke", **wanted)


def test_staff_cancel_whatever_the_rules_say_and_all_goes_back(sold, showtime, emitted):
    Showtime.objects.filter(id=showtime.id).update(rules={"cancellation_cutoff_minutes": 60 * 24 * 7})
    booking = sold(0)
    cancel(booking)
    last = BookingTransition.objects.filter(booking=booking).last()
    assert (last.trigger, last.reason, last.actor) == (Trigger.CANCELLED_BY_STAFF, "projector broke", str(CLERK))
    assert emitted("booking.cancelled")[-1].data["refund"]["amount"] == booking.total_amount
    with pytest.raises(NotCancellable):
        cancel(booking)


def test_the_note_of_staff_leaves_the_service_nowhere_and_their_message_does(sold, emitted):
    cancel(sold(0), message="We are sorry: the film could not be shown.")
    (told,) = emitted("booking.cancelled")
    assert told.data["reason"] == "cancelled_by_staff"
    assert told.data["message"] == "We are sorry: the film could not be shown."
    assert not [event for event in emitted() if "projector broke" in str(event.data)]


def test_a_password_alone_cancels_nothing_for_a_customer_where_a_code_is_asked_for(sold, settings):
    settings.REFUNDS_NEED_SECOND_FACTOR = True
    booking = sold(0)
    with pytest.raises(SecondFactorNeeded):
        cancel(booking)
    actor = Actor(CLERK, "linh", Door.ADMIN, by_code=True)
    desk.cancel_for_customer(booking_id=booking.id, actor=actor, reason="projector broke")


def test_nobody_cancels_their_own_purchase_as_staff(sold):
    booking = sold(0, user_id=CLERK)
    with pytest.raises(OwnPurchase):
        cancel(booking)
    assert Booking.objects.get(id=booking.id).status == State.CONFIRMED


def test_more_than_one_person_gives_back_is_left_to_payment(sold, settings):
    booking = sold(0)
    Booking.objects.filter(id=booking.id).update(refunded_amount=1)
    for limits in ({booking.currency: booking.total_amount - 1}, {}):
        settings.REFUND_ALONE_UP_TO = limits
        with pytest.raises(SecondPersonNeeded):
            cancel(booking)
    assert Booking.objects.get(id=booking.id).status == State.CONFIRMED
    settings.REFUND_ALONE_UP_TO = {"*": booking.total_amount}
    cancel(booking)
    assert Booking.objects.get(id=booking.id).status == State.CANCELLED


def test_as_a_customer_staff_cancel_their_own_by_the_rules(sold, showtime, sign_in):
    Showtime.objects.filter(id=showtime.id).update(rules={"cancellation_cutoff_minutes": 60 * 24 * 7})
    support = sign_in(roles=("support",))
    booking = sold(0, user_id=support.user_id)
    answer = support.delete(f"/bookings/{booking.id}", {"reason": "I am staff"})
    assert (answer.status_code, answer.json()["code"]) == (409, "cancellation_closed")


@pytest.mark.parametrize(
    ("by", "ago", "refused"),
    [
        (CLERK, timedelta(hours=23), True),
        (CLERK, timedelta(hours=25), False),
        (uuid7(), timedelta(), False),
        (None, timedelta(), False),
    ],
)
def test_who_changed_the_address_of_an_account_cancels_nothing_of_it_for_a_day(sold, deliver, by, ago, refused):
    booking = sold(0)
    deliver("user.updated", user_id=booking.user_id, email_changed_by=by, email_changed_at=datetime.now(UTC) - ago)
    if refused:
        with pytest.raises(AddressChanged):
            cancel(booking)
    else:
        cancel(booking)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("when", ["before it was booked", "after"])
def test_who_changed_it_before_the_last_cancels_nothing_of_it_either_however_it_is_told(sold, deliver, order, when):
    owner, now, colleague = uuid7(), datetime.now(UTC), uuid7()
    changes = [
        {"email_changed_by": CLERK, "email_changed_at": now - timedelta(hours=3)},
        {"email_changed_by": colleague, "email_changed_at": now - timedelta(hours=2)},
        {"email_changed_by": None, "email_changed_at": now - timedelta(hours=1)},
    ]
    booking = sold(0, user_id=owner) if when == "after" else None
    for place in order:
        deliver("user.updated", user_id=owner, at=changes[place]["email_changed_at"], **changes[place])
    booking = booking or sold(0, user_id=owner)
    for clerk in (CLERK, colleague):
        with pytest.raises(AddressChanged):
            cancel(booking, by=clerk)
    cancel(booking, by=uuid7())


def test_what_staff_changed_is_forgotten_after_a_day_and_not_before(sold, deliver):
    booking, now = sold(0), datetime.now(UTC)
    for clerk, ago in ((CLERK, timedelta(hours=25)), (uuid7(), timedelta(hours=23))):
        deliver("user.updated", user_id=booking.user_id, email_changed_by=clerk, email_changed_at=now - ago)
    assert [tasks.forget_address_changes() for _ in range(2)] == [1, 0]
    assert AddressChange.objects.exclude(changed_by=CLERK).count() == 1


def test_a_change_by_the_owner_afterwards_takes_nothing_off_who_of_staff_had_changed_it(sold, deliver):
    booking, now = sold(0), datetime.now(UTC)
    told = {"user_id": booking.user_id, "email_changed_at": now}
    deliver("user.updated", at=now, **told, email_changed_by=CLERK)
    deliver("user.updated", at=now + timedelta(minutes=1), **told, email_changed_by=None, email="new@example.com")
    with pytest.raises(AddressChanged):
        cancel(booking)
    assert Customer.objects.get(user_id=booking.user_id).email == "new@example.com"


def test_a_customer_sees_that_staff_acted_and_what_they_were_told_and_staff_see_both(sold, sign_in):
    booking = sold(0)
    clerk = sign_in(roles=("manager",))
    wanted = {"reason": "note among colleagues", "message": "Until next time."}
    assert clerk.delete(f"/bookings/{booking.id}", wanted).status_code == 200
    path = f"/bookings/{booking.id}/history"
    shown = sign_in(user_id=booking.user_id).get(path)
    line = shown.json()["results"][-1]
    assert (line["actor"], line["reason"], line["message"]) == ("staff", "", "Until next time.")
    assert str(clerk.user_id) not in shown.text
    line = sign_in(roles=("support",)).get(path).json()["results"][-1]
    assert (line["actor"], line["reason"]) == (str(clerk.user_id), "note among colleagues")


def test_staff_who_are_the_customer_see_of_their_colleagues_what_a_customer_sees(sold, sign_in):
    buyer, clerk = sign_in(roles=("manager",)), sign_in(roles=("support",))
    booking = sold(0, user_id=buyer.user_id)
    assert clerk.delete(f"/bookings/{booking.id}", {"reason": "note among colleagues"}).status_code == 200
    assert "note among colleagues" not in buyer.get(f"/bookings/{booking.id}/history").text


def test_a_customer_reads_their_own_words_in_the_history_and_the_system_s(sold, sign_in):
    booking = sold(0)
    customer = sign_in(user_id=booking.user_id)
    assert customer.delete(f"/bookings/{booking.id}", {"reason": "we are ill"}).status_code == 200
    lines = customer.get(f"/bookings/{booking.id}/history").json()["results"]
    assert [line["actor"] for line in lines] == [str(booking.user_id), "payment", str(booking.user_id)]
    assert lines[-1]["reason"] == "we are ill"


@pytest.mark.parametrize("term", ["K7QF2M9XTD", "mai.tran@example.com", "4242", str(uuid7())])
def test_what_staff_search_by_is_found_by_indexes(db, term):
    Customer.objects.create(user_id=uuid7(), email="Mai.Tran@example.com", as_of=datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Booking.objects.filter(found_by(term)).order_by("-id").explain()
    assert "Seq Scan" not in plan


def test_an_address_is_found_by_its_index_in_whatever_case(db):
    now = datetime.now(UTC)
    Customer.objects.bulk_create(Customer(user_id=uuid7(), email=f"{n}@example.com", as_of=now) for n in range(1000))
    analyze("customers")
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN SELECT user_id FROM customers WHERE upper(email) = upper('Mai.Tran@example.com')")
        assert "customers_by_email" in str(cursor.fetchall())
