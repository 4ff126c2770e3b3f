"""One customer holds so much and no more, however they ask; what a customer may hold is decided by excess()."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from factories import ScreenFactory, ShowtimeFactory, seat_ids
from hypothesis import given
from hypothesis import strategies as st

from bookings import endings, holds, inventory, sales
from bookings.domain import Excess, Holds, Limits, excess
from bookings.errors import AddressNotVerified, HeldTooOften, TooManyHolds, TooManyHoldsInAll
from bookings.models import Booking, SeatStatus
from chassis.ids import uuid7
from chassis.web.problems import Problem

LIMITS = Limits(here=4, in_all=12, seats=6, again=3, seconds=1800)
few = st.integers(0, 15)
CARD = {"token": "tok_visa"}


@given(st.tuples(few, few, few, few), st.integers(0, 2), st.integers(1, 10), st.booleans())
def test_whatever_one_holds_another_hold_keeps_within_the_limits_or_is_refused(held, unanswered, wanted, with_card):
    here, in_all, seats, again = held
    holding = Holds(here=here, in_all=in_all, seats=seats, again=again, unanswered=unanswered)
    within = here < 4 and in_all < 12 and again < 3 and (seats + wanted <= 6 or (with_card and not unanswered))
    assert (excess(holding, wanted=wanted, with_card=with_card, limits=LIMITS) is None) == within


@pytest.mark.parametrize(
    ("holding", "said"),
    [
        (Holds(4, 12, 60, 3, 1), Excess.HERE),
        (Holds(3, 12, 60, 3, 1), Excess.IN_ALL),
        (Holds(3, 11, 60, 3, 1), Excess.AGAIN),
        (Holds(3, 11, 6, 2, 1), Excess.SEATS),
    ],
)
def test_of_several_limits_the_narrowest_is_told(holding, said):
    assert excess(holding, wanted=1, with_card=True, limits=LIMITS) is said


def answers(ask: Callable[[int], object], count: int = 24) -> Counter:
    """What so many threads get that ask at once: "held", or the code of the problem."""

    def one(number: int) -> str:
        try:
            ask(number)
        except Problem as problem:
            return problem.code
        finally:
            connection.close()
        return "held"

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(one, range(count)))


@pytest.fixture
def hall(transactional_db):
    """A showtime of 100 seats, whose rows other connections see."""
    showtime = ShowtimeFactory(screen=ScreenFactory(rows=10, columns=10), prices={"standard": 1, "premium": 1})
    sales.reload_sale(showtime.id)
    return showtime


def test_asked_side_by_side_by_seats_or_by_number_no_more_is_held_than_one_after_the_other(hall, settings):
    settings.MAX_OPEN_HOLDS = 4
    ids = seat_ids(hall)
    for round_number in range(3):
        person = uuid7()

        def ask(number: int, person=person, first=round_number * 30) -> None:
            if number % 2:
                holds.hold_best_seats(user_id=person, showtime_id=hall.id, quantity=1, verified=True)
            else:
                holds.hold_seats(user_id=person, showtime_id=hall.id, seat_ids=[ids[first + number]], verified=True)

        told = answers(ask)
        assert told["held"] == Booking.objects.filter(user_id=person).count() == 4
        assert set(told) <= {"held", "too_many_holds", "seat_unavailable"}


def test_asked_side_by_side_of_many_showtimes_the_limit_of_all_of_them_holds(transactional_db, settings):
    settings.MAX_OPEN_HOLDS_IN_ALL = 5
    screen = ScreenFactory(rows=3, columns=8)
    showtimes = [ShowtimeFactory(screen=screen) for _ in range(6)]
    person = uuid7()

    def ask(number: int) -> None:
        showtime = showtimes[number % 6]
        holds.hold_seats(user_id=person, showtime_id=showtime.id, seat_ids=[seat_ids(showtime)[number]], verified=True)

    told = answers(ask)
    assert told == {"held": 5, "too_many_holds_in_all": 19}


def test_asked_side_by_side_without_a_verified_address_the_seats_are_few(hall, settings):
    settings.MAX_SEATS_UNVERIFIED = 6
    ids, person = seat_ids(hall), uuid7()

    def ask(number: int) -> None:
        wanted = ids[number * 4 : number * 4 + 4]
        holds.hold_seats(user_id=person, showtime_id=hall.id, seat_ids=wanted)

    told = answers(ask)
    assert told == {"held": 1, "address_not_verified": 23}
    assert SeatStatus.objects.filter(showtime_id=hall.id).count() == 4


@pytest.mark.parametrize("verified", [False, True])
def test_asked_side_by_side_with_cards_one_goes_beyond_those_few_seats_until_it_has_answered(hall, settings, verified):
    settings.MAX_SEATS_UNVERIFIED, settings.MAX_OPEN_HOLDS = 3, 30
    ids, person = seat_ids(hall), uuid7()

    def ask(number: int) -> None:
        wanted = {"user_id": person, "showtime_id": hall.id, "verified": verified, "payment_method": CARD}
        if number % 2:
            holds.hold_best_seats(quantity=4, **wanted)
        else:
            holds.hold_seats(seat_ids=ids[number * 2 : number * 2 + 4], **wanted)

    told = answers(ask, 12)
    assert set(told) <= {"held", "address_not_verified", "seat_unavailable"}
    assert ("address_not_verified" in told) == (not verified)
    assert (told["held"] == 1) == (not verified)
    assert Booking.objects.filter(user_id=person).count() == told["held"]


def test_customers_do_not_wait_for_each_other(hall):
    """While one customer's hold is not committed, another's goes through; the same customer's would wait."""
    ids = seat_ids(hall)
    slow, quick = uuid7(), uuid7()

    def other(_: int) -> None:
        holds.hold_seats(user_id=quick, showtime_id=hall.id, seat_ids=[ids[5]])

    with transaction.atomic():
        holds.hold_seats(user_id=slow, showtime_id=hall.id, seat_ids=[ids[0]])
        assert answers(other, 1) == {"held": 1}


def test_a_few_seats_are_held_for_anybody_and_more_for_a_verified_address_or_a_card(hold, settings):
    settings.MAX_SEATS_UNVERIFIED = 3
    person = uuid7()
    hold(0, 1, user_id=person, verified=False)
    with pytest.raises(AddressNotVerified):
        hold(2, 3, user_id=person, verified=False)
    hold(2, user_id=person, verified=False)
    with pytest.raises(AddressNotVerified):
        hold(3, user_id=person, verified=False)
    hold(3, 4, user_id=person, verified=False, payment_method=CARD)
    hold(5, 6, user_id=person, verified=True)


@pytest.fixture
def with_card(hold, settings):
    """with_card(3, 4) → of an unverified customer who holds three seats already, and may hold no more without one."""
    settings.MAX_SEATS_UNVERIFIED = 3
    person = uuid7()
    hold(0, 1, 2, user_id=person, verified=False)
    return lambda *places: hold(*places, user_id=person, verified=False, payment_method=CARD)


def test_with_a_card_more_seats_are_held_of_one_booking_at_a_time_while_it_has_not_answered(with_card):
    with_card(3, 4, 5, 6)
    with pytest.raises(AddressNotVerified):
        with_card(7)


def test_a_card_that_was_declined_is_no_proof(with_card, deliver):
    """Its no ends the booking; a no that left the hold to another card would not make room for another card's hold."""
    booking = with_card(3, 4)
    declined = {"booking_id": booking.id, "stage": "authorise", "user_id": booking.user_id}
    deliver("payment.failed", **declined, final=False)
    with pytest.raises(AddressNotVerified):
        with_card(5)
    deliver("payment.failed", **declined, final=True)
    with_card(5)
    with pytest.raises(AddressNotVerified):
        with_card(6)


def test_once_its_card_has_said_yes_the_next_one_may_be_asked(with_card, deliver):
    booking = with_card(3, 4)
    deliver("payment.authorized", booking_id=booking.id, user_id=booking.user_id)
    assert with_card(5, 6)


def test_once_its_hold_has_run_out_the_next_one_may_be_asked(with_card, let_hold_end):
    let_hold_end(with_card(3, 4))
    assert with_card(5, 6)


def test_what_was_sold_counts_as_held_no_more(hold, deliver, settings):
    settings.MAX_SEATS_UNVERIFIED = 2
    person = uuid7()
    sold = hold(0, 1, user_id=person, verified=False)
    deliver("payment.authorized", booking_id=sold.id, user_id=person)
    assert hold(2, 3, user_id=person, verified=False)


@pytest.mark.parametrize("how", ["given back", "run out", "run out and swept"])
def test_the_same_seats_are_held_a_few_times_and_then_only_after_a_while(hold, let_hold_end, settings, how):
    settings.MAX_HOLDS_AGAIN = 2
    person = uuid7()
    for place in (0, 1):
        booking = hold(place, 2, user_id=person)
        if how == "given back":
            endings.cancel_booking(booking_id=booking.id, user_id=person)
        else:
            let_hold_end(booking)
        if how == "run out and swept":
            endings.expire_holds()
    with pytest.raises(HeldTooOften):
        hold(2, 3, user_id=person)
    assert hold(3, user_id=person)


def test_seats_that_were_paid_and_given_back_count_as_bought(hold, deliver, settings):
    settings.MAX_HOLDS_AGAIN = 1
    person = uuid7()
    for told in ((), ("payment.refunded",), ()):
        booking = hold(0, user_id=person)
        about = {"booking_id": booking.id, "user_id": person}
        deliver("payment.authorized", **about)
        deliver("payment.completed", **about)
        endings.cancel_booking(booking_id=booking.id, user_id=person)
        for event in told:
            deliver(event, **about, status="refunded", kind="cancel", seats=[])
    # A hold that was let go of counts beside them, as it does alone.
    endings.cancel_booking(booking_id=hold(0, user_id=person).id, user_id=person)
    with pytest.raises(HeldTooOften):
        hold(0, user_id=person)


def test_after_a_while_the_same_seats_may_be_held_once_more(hold, settings, monkeypatch):
    settings.MAX_HOLDS_AGAIN = 1
    person = uuid7()
    endings.cancel_booking(booking_id=hold(0, user_id=person).id, user_id=person)
    with pytest.raises(HeldTooOften):
        hold(0, user_id=person)
    later = timezone.now() + timedelta(seconds=settings.HOLDS_AGAIN_SECONDS + 1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert hold(0, user_id=person)


def test_of_a_refusal_nothing_is_left(hold, showtime, settings, emitted):
    settings.MAX_OPEN_HOLDS, settings.MAX_OPEN_HOLDS_IN_ALL = 1, 2
    person = uuid7()
    hold(0, user_id=person)
    with pytest.raises(TooManyHolds):
        hold(1, user_id=person)
    settings.MAX_OPEN_HOLDS, settings.MAX_OPEN_HOLDS_IN_ALL = 4, 1
    with pytest.raises(TooManyHoldsInAll):
        hold(1, user_id=person)
    assert len(inventory.seat_statuses(showtime.id)) == 1
    assert len(emitted("booking.created")) == 1
    assert hold(1)


def test_the_claim_of_the_token_says_whether_an_address_is_verified(sign_in, showtime, settings):
    settings.MAX_SEATS_UNVERIFIED = 2
    body = {"showtime_id": str(showtime.id), "quantity": 3}
    for claims, status in (({}, 403), ({"email_verified": "yes"}, 403), ({"email_verified": True}, 201)):
        answer = sign_in(**claims).post("/bookings", body)
        assert answer.status_code == status, claims
        if status == 403:
            assert answer.json()["code"] == "address_not_verified"
    with_card = sign_in().post("/bookings", {**body, "payment_method": {"token": "tok_visa"}})
    assert with_card.status_code == 201


def test_what_a_customer_has_held_is_read_by_an_index_that_does_not_grow_with_their_history(showtime):
    """The plan of the statement inside of held_by(), while many others have booked of late."""
    now, person = timezone.now(), uuid7()
    bookings = Booking.objects.bulk_create(
        Booking(
            reference=f"R{number}",
            user_id=uuid7() if number % 20 else person,
            showtime=showtime,
            status="CANCELLED",
            total_amount=1,
            currency="EUR",
            hold_expires_at=now,
            created_at=now,
        )
        for number in range(1000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE bookings")
        cursor.execute(
            "EXPLAIN SELECT FROM bookings WHERE user_id = %s AND id >= %s"
            " AND (status <> 'CONFIRMED' OR total_amount = 0)",
            [person, bookings[500].id],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "idx_bookings_user_id" in plan
    assert "id >=" in plan.partition("Index Cond")[2].partition("Filter")[0]
