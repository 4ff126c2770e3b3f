from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import jwt
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from factories import seat_ids
from money import authorise, capture

from bookings import blocks, closures, endings, holds, inventory, locks, sales, services, tickets
from bookings.domain import State, Trigger, rebuild
from bookings.errors import (
    BookingNotFound,
    NotCancellable,
    SalesClosed,
    SeatUnavailable,
    TooManyHolds,
    UnknownSeat,
)
from bookings.history import Cause
from bookings.models import Booking, BookingTransition, SeatStatus, Showtime
from chassis.ids import uuid7
from chassis.storage.models import OutboxMessage
from chassis.storage.redis import RedisUnavailable, redis_client

PAYMENT = Cause("payment")


def test_a_hold_is_a_pending_booking_with_its_seats_history_and_event(hold, showtime, emitted, settings):
    settings.HOLD_SECONDS = 300
    booking = hold(0, 1)
    stored = Booking.objects.get(id=booking.id)
    assert (stored.status, stored.payment_status, stored.total_amount) == ("PENDING", "unpaid", 180000)
    assert stored.hold_expires_at - stored.created_at == timedelta(seconds=300)
    assert set(inventory.seat_statuses(showtime.id).values()) == {"held"}
    (created,) = emitted("booking.created")
    assert created.data["booking_id"] == str(booking.id)
    assert created.data["hold_expires_at"].startswith(stored.hold_expires_at.isoformat()[:19])


def test_the_event_of_a_hold_has_the_times_that_the_database_gave_the_booking(hold, emitted):
    stored = Booking.objects.get(id=hold(0).id)
    (created,) = emitted("booking.created")
    told = [datetime.fromisoformat(created.data[name]) for name in ("hold_expires_at", "created_at")]
    assert told == [stored.hold_expires_at, stored.created_at]


def test_a_seat_that_is_held_is_named_and_nothing_else_is_taken(hold, showtime, emitted):
    hold(1)
    with pytest.raises(SeatUnavailable) as refused:
        hold(0, 1, 2)
    assert refused.value.extra["seats"] == [str(seat_ids(showtime)[1])]
    assert len(inventory.seat_statuses(showtime.id)) == 1
    assert Booking.objects.count() == len(emitted("booking.created")) == 1


def test_without_redis_the_database_turns_the_second_away(hold, showtime, monkeypatch):
    def away(*args, **kwargs):
        raise RedisUnavailable

    monkeypatch.setattr(locks, "_scripts", lambda: (away, away, away))
    hold(3)
    with pytest.raises(SeatUnavailable) as refused:
        hold(3, 4)
    assert refused.value.extra["seats"] == [str(seat_ids(showtime)[3])]
    assert hold(4).status == State.PENDING


def test_a_refused_request_leaves_no_lock_behind(hold, showtime, let_hold_end):
    first = hold(0)
    locks.release(showtime.id, seat_ids(showtime)[:1], owner=locks.Owner(first.user_id, first.id))
    with pytest.raises(SeatUnavailable):
        hold(0, 1)
    assert hold(1).status == State.PENDING


def test_a_hold_that_ended_is_taken_over_in_place(hold, showtime, let_hold_end):
    first = hold(0, 1)
    let_hold_end(first)
    locks.release(showtime.id, seat_ids(showtime)[:2], owner=locks.Owner(first.user_id, first.id))
    second = hold(1)
    assert SeatStatus.objects.get(showtime_id=showtime.id, seat_id=seat_ids(showtime)[1]).booking_id == second.id


def test_an_unknown_seat_is_named_by_its_place(showtime):
    with pytest.raises(UnknownSeat) as refused:
        holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[seat_ids(showtime)[0], uuid7()])
    assert refused.value.errors[0]["pointer"] == "/seat_ids/1"


def test_a_price_that_changed_meanwhile_is_the_price_that_is_charged(hold, showtime):
    hold(0)
    Showtime.objects.filter(id=showtime.id).update(revision=2, prices={**showtime.prices, "standard": 70000})
    assert hold(1).total_amount == 70000


def test_nothing_is_sold_of_a_cancelled_or_past_showtime(hold, showtime):
    hold(0)
    Showtime.objects.filter(id=showtime.id).update(status="cancelled")
    with pytest.raises(SalesClosed):
        hold(1)
    Showtime.objects.filter(id=showtime.id).update(status="scheduled", starts_at=timezone.now() - timedelta(minutes=16))
    with pytest.raises(SalesClosed):
        hold(1)


def test_one_person_cannot_hold_a_showtime_endlessly(hold, settings):
    settings.MAX_OPEN_HOLDS = 2
    user_id = uuid7()
    hold(0, user_id=user_id)
    hold(1, user_id=user_id)
    with pytest.raises(TooManyHolds):
        hold(2, user_id=user_id)
    assert hold(2).status == State.PENDING


def test_authorised_money_sells_the_seats(hold, showtime, emitted):
    booking, payment_id = hold(0, 1), uuid7()
    assert authorise(booking.id, payment_id=str(payment_id)) == State.CONFIRMED
    assert set(inventory.seat_statuses(showtime.id).values()) == {"sold"}
    (confirmed,) = emitted("booking.confirmed")
    assert confirmed.data["payment_id"] == str(payment_id)


def test_late_money_gets_the_seats_when_they_are_still_free(hold, let_hold_end):
    booking = hold(0)
    let_hold_end(booking)
    assert authorise(booking.id) == State.CONFIRMED


def test_late_money_is_refused_when_one_seat_was_sold_on_and_the_other_is_freed(hold, showtime, let_hold_end, emitted):
    booking = hold(0, 1)
    let_hold_end(booking)
    locks.release(showtime.id, seat_ids(showtime)[:2], owner=locks.Owner(booking.user_id, booking.id))
    hold(1)
    assert authorise(booking.id) == State.REJECTED
    assert len(inventory.seat_statuses(showtime.id)) == 1
    assert emitted("booking.rejected")[0].data["reason"] == ""


def test_money_for_a_booking_that_ended_changes_nothing(hold, emitted):
    booking = hold(0)
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    assert authorise(booking.id) == State.CANCELLED
    assert not emitted("booking.confirmed")


def test_a_captured_payment_issues_one_signed_ticket(hold, emitted):
    booking = hold(0)
    authorise(booking.id)
    for _ in range(2):
        capture(booking.id)
    (issued,) = emitted("ticket.issued")
    assert tickets.verify(issued.data["ticket"]) == tickets.Claims(booking.id)
    said = jwt.decode(issued.data["ticket"], options={"verify_signature": False})
    assert (said["ref"], said["seats"]) == (booking.reference, ["A1"])


def test_a_declined_card_that_came_with_the_booking_ends_it(hold, showtime, emitted):
    booking = hold(0)
    services.fail_payment(booking_id=booking.id, stage="authorise", final=True, code="card_declined", cause=PAYMENT)
    assert Booking.objects.get(id=booking.id).status == State.FAILED
    assert inventory.seat_statuses(showtime.id) == {}
    assert emitted("booking.failed")[0].data["reason"] == "card_declined"


def test_a_declined_card_leaves_the_hold_until_it_ends(hold):
    booking = hold(0)
    services.fail_payment(booking_id=booking.id, stage="authorise", final=False, code="card_declined", cause=PAYMENT)
    stored = Booking.objects.get(id=booking.id)
    assert (stored.status, stored.payment_status) == (State.PENDING, "declined")


def test_a_capture_that_fails_takes_the_seats_back(hold, showtime, emitted):
    booking = hold(0)
    authorise(booking.id)
    services.fail_payment(booking_id=booking.id, stage="capture", final=True, code="capture_refused", cause=PAYMENT)
    assert inventory.seat_statuses(showtime.id) == {}
    assert emitted("booking.cancelled")[0].data["reason"] == "capture_refused"


def test_holds_that_ended_are_expired_and_their_seats_free(hold, showtime, let_hold_end, emitted):
    ended, open_ = hold(0, 1), hold(2)
    let_hold_end(ended)
    assert endings.expire_holds() == 1
    assert endings.expire_holds() == 0
    assert Booking.objects.get(id=ended.id).status == State.EXPIRED
    assert Booking.objects.get(id=open_.id).status == State.PENDING
    assert len(inventory.seat_statuses(showtime.id)) == 1
    assert len(emitted("booking.expired")) == 1


def test_expiry_leaves_seats_alone_that_somebody_took_over(hold, showtime, let_hold_end):
    first = hold(0)
    let_hold_end(first)
    locks.release(showtime.id, seat_ids(showtime)[:1], owner=locks.Owner(first.user_id, first.id))
    second = hold(0)
    endings.expire_holds()
    assert SeatStatus.objects.get(showtime_id=showtime.id).booking_id == second.id


def test_a_cancelled_booking_frees_its_seats_for_the_next(hold, showtime, django_capture_on_commit_callbacks):
    booking = hold(0)
    with django_capture_on_commit_callbacks(execute=True):
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    assert hold(0).status == State.PENDING


def test_what_ended_cannot_be_cancelled_again(hold):
    booking = hold(0)
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    with pytest.raises(NotCancellable):
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)


def test_somebody_elses_booking_is_not_there(hold):
    with pytest.raises(BookingNotFound):
        endings.cancel_booking(booking_id=hold(0).id, user_id=uuid7())


def test_the_theaters_fee_is_kept_after_the_cutoff(hold, showtime, emitted):
    Showtime.objects.filter(id=showtime.id).update(
        rules={"cancellation_cutoff_minutes": 60 * 24 * 7, "cancellation_fee_percent": 10}
    )
    booking = hold(0)
    authorise(booking.id)
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    assert emitted("booking.cancelled")[-1].data["refund"] == {"amount": 81000, "currency": "VND"}


def test_a_cancelled_showtime_ends_its_bookings_in_bounded_batches(hold, showtime, emitted):
    paid = hold(0)
    authorise(paid.id)
    hold(1)
    hold(2)
    Showtime.objects.filter(id=showtime.id).update(status="cancelled")
    assert [closures.cancel_bookings(limit=2) for _ in range(3)] == [2, 1, 0]
    assert len(emitted("booking.cancelled")) == 3
    assert set(Booking.objects.values_list("status", flat=True)) == {State.CANCELLED}


def test_a_hold_that_was_on_its_way_when_its_showtime_was_swept_is_ended_before_it_is_settled(hold, showtime):
    Showtime.objects.filter(id=showtime.id).update(status="cancelled")
    assert closures.cancel_bookings() == 0
    Showtime.objects.filter(id=showtime.id).update(status="scheduled")
    late = hold(0)
    Showtime.objects.filter(id=showtime.id).update(
        status="cancelled", swept_at=timezone.now() - 2 * closures.SETTLED_AFTER
    )
    assert closures.settle() == 0
    assert closures.cancel_bookings() == 1
    assert Booking.objects.get(id=late.id).status == State.CANCELLED
    Showtime.objects.filter(id=showtime.id).update(swept_at=timezone.now() - 2 * closures.SETTLED_AFTER)
    assert [closures.settle(), closures.settle()] == [1, 0]


def test_news_of_a_settled_showtime_are_swept_anew(hold, move, showtime, deliver):
    Showtime.objects.filter(id=showtime.id).update(swept_at=timezone.now(), settled_at=timezone.now())
    hold(0)
    deliver("showtime.cancelled", showtime_id=showtime.id, revision=showtime.revision + 1)
    assert closures.cancel_bookings() == 1


def test_the_history_rebuilds_the_state_and_cannot_be_rewritten(hold):
    booking = hold(0)
    authorise(booking.id)
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    kept = BookingTransition.objects.filter(booking=booking).order_by("id")
    assert rebuild([Trigger(entry.trigger) for entry in kept]) == Booking.objects.get(id=booking.id).status
    with pytest.raises(DatabaseError), transaction.atomic():
        kept.update(actor="nobody")


def test_blocked_seats_are_off_sale_until_they_are_put_back(hold, showtime):
    ids = seat_ids(showtime)
    hold(2)
    assert inventory.block_seats(showtime_id=showtime.id, seat_ids=ids[:3]) == set(ids[:2])
    with pytest.raises(SeatUnavailable):
        hold(0)
    assert blocks.unblock_seats(showtime_id=showtime.id, seat_ids=ids[:3]) == 2
    assert hold(0).status == State.PENDING


def test_each_change_of_what_is_off_sale_is_told_with_how_many_are(showtime, emitted):
    ids = seat_ids(showtime)
    blocks.block_seats(showtime_id=showtime.id, seat_ids=ids[:3])
    with pytest.raises(SeatUnavailable):
        blocks.block_seats(showtime_id=showtime.id, seat_ids=ids[2:4])
    blocks.block_seats(showtime_id=showtime.id, seat_ids=[ids[5]])
    assert blocks.unblock_seats(showtime_id=showtime.id, seat_ids=ids[2:5]) == 1
    assert blocks.unblock_seats(showtime_id=showtime.id, seat_ids=ids[2:5]) == 0
    told = [(event.type, event.data["blocked"], event.data["seat_ids"]) for event in emitted()]
    assert told == [
        ("seats.blocked", 3, sorted(map(str, ids[:3]))),
        ("seats.blocked", 4, [str(ids[5])]),
        ("seats.unblocked", 3, [str(ids[2])]),
    ]
    revisions = [event.data["revision"] for event in emitted()]
    assert revisions == sorted(set(revisions))


def test_news_of_a_showtime_leave_the_count_of_what_is_off_sale_alone(showtime, move, emitted):
    blocks.block_seats(showtime_id=showtime.id, seat_ids=seat_ids(showtime)[:1])
    move(language="en")
    blocks.unblock_seats(showtime_id=showtime.id, seat_ids=seat_ids(showtime)[:1])
    first, second = (event for event in emitted() if event.type.startswith("seats."))
    assert first.data["revision"] < second.data["revision"]


@pytest.mark.django_db(transaction=True)
def test_of_changes_at_once_the_last_that_is_told_has_the_right_count(transactional_db, emitted):
    from factories import ShowtimeFactory

    showtime = ShowtimeFactory()
    ids = seat_ids(showtime)[:12]
    sales.reload_sale(showtime.id)

    def block(seat_id) -> None:
        try:
            blocks.block_seats(showtime_id=showtime.id, seat_ids=[seat_id])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(block, ids))
    told = sorted((event.data["revision"], event.data["blocked"]) for event in emitted("seats.blocked"))
    assert [blocked for _, blocked in told] == list(range(1, 13))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_the_same_seats_one_gets_each(transactional_db, monkeypatch):
    """Without the locks of Redis, so that PostgreSQL alone decides."""
    from factories import ShowtimeFactory

    showtime = ShowtimeFactory()
    ids = seat_ids(showtime)[:4]
    monkeypatch.setattr(locks, "acquire", lambda *args, **kwargs: locks.Outcome())

    def grab(turn: int) -> bool:
        wanted = [ids[turn % 4], ids[(turn + 1) % 4]]
        try:
            holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=wanted)
        except SeatUnavailable:
            return False
        finally:
            connection.close()
        return True

    sales.reload_sale(showtime.id)
    with ThreadPoolExecutor(16) as pool:
        won = sum(pool.map(grab, range(48)))
    held = SeatStatus.objects.filter(showtime_id=showtime.id)
    assert 1 <= won <= 2
    assert held.count() == 2 * won == 2 * Booking.objects.count()


def test_a_hold_is_one_statement(showtime, django_assert_num_queries):
    seats = [seat.id for seat in list(sales.reload_sale(showtime.id).seats.values())[:2]]
    with django_assert_num_queries(3) as counted:
        holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=seats)
    begin, statement, commit = [query["sql"] for query in counted.captured_queries]
    assert (begin.split()[0], commit.split()[0]) == ("SAVEPOINT", "RELEASE")
    assert "INSERT INTO seat_status" in statement


@pytest.mark.django_db(transaction=True)
def test_a_hold_is_one_round_trip(showtime, django_assert_num_queries):
    """Without the test's own transaction around it there is none; with an idempotency key there would be."""
    seats = [seat.id for seat in list(sales.reload_sale(showtime.id).seats.values())[:2]]
    with django_assert_num_queries(1) as counted:
        holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=seats)
    assert "INSERT INTO seat_status" in counted.captured_queries[0]["sql"]


@pytest.mark.django_db(transaction=True)
def test_a_refused_hold_leaves_nothing_behind(showtime):
    first, second, third = [seat.id for seat in list(sales.reload_sale(showtime.id).seats.values())[:3]]
    holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[second])
    redis_client().flushdb()
    with pytest.raises(SeatUnavailable) as refusal:
        holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[first, second, third])
    assert refusal.value.extra["seats"] == [str(second)]
    assert list(SeatStatus.objects.values_list("seat_id", flat=True)) == [second]
    assert Booking.objects.count() == OutboxMessage.objects.filter(type="booking.created").count() == 1
