"""A booking that is exchanged for another one pays it: its money stays where it is, and goes back from there."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.ids import uuid7
from chassis.storage.models import OutboxMessage
from payments import tasks
from payments.models import Payment
from tests.exchanged import VND, assert_books_are_right, exchanged_data, in_exchange, on_card
from tests.factories import booking_data, ending_data, gift_card, refund
from tests.sales import documents, sold
from tests.simulator import Simulator
from tests.together import event, payment_of, together

pytestmark = pytest.mark.django_db

Client = Any
Deliver = Callable[..., bool]
VISA = {"token": "tok_visa"}


@pytest.fixture
def customer(sign_in: Callable[..., Client]) -> Client:
    return sign_in()


@pytest.fixture
def old(deliver: Deliver, customer: Client) -> dict[str, Any]:
    """180,000 VND that the gateway took."""
    return bought(deliver, booking_data(user_id=customer.user_id, payment_method=VISA))


def bought(deliver: Deliver, booking: dict[str, Any]) -> dict[str, Any]:
    for name in ("booking.created", "booking.confirmed"):
        deliver(name, booking)
    assert payment_of(booking).status == "captured"
    return booking


def exchange(deliver: Deliver, old: dict[str, Any], new: dict[str, Any], *, fee: int = 0) -> dict[str, Any]:
    """As it comes about: the new booking is paid and sold, and then the old one ends."""
    bought(deliver, new)
    deliver("booking.cancelled", exchanged_data(old, new, fee=fee))
    tasks.resume_operations()
    return new


def pay(customer: Client, booking: dict[str, Any], **wanted: Any) -> Any:
    body = {"booking_id": booking["booking_id"], **wanted}
    return customer.post("/payments", body, headers={"Idempotency-Key": str(uuid7())})


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def told(booking: dict[str, Any]) -> list[str]:
    events = OutboxMessage.objects.filter(body__data__booking_id=booking["booking_id"]).order_by("id")
    return [each.type for each in events]


class TestWhatIsPaid:
    @pytest.mark.parametrize(
        ("total", "card_pays", "comes_back"),
        [(180_000, 0, 0), (250_000, 70_000, 0), (100_000, 0, 80_000)],
        ids=["as dear", "dearer", "cheaper"],
    )
    def test_the_difference_alone_moves(
        self, deliver: Deliver, simulator: Simulator, old: dict[str, Any], total: int, card_pays: int, comes_back: int
    ) -> None:
        new = exchange(deliver, old, in_exchange(old, total, payment_method=VISA if card_pays else None))
        assert on_card(new, simulator) == (card_pays, 0)
        assert on_card(old, simulator) == (180_000, comes_back)
        payment = payment_of(new)
        assert (payment.status, payment.captured_amount) == ("captured", total)
        assert payment_of(old).status == "refunded"
        assert told(new) == ["payment.authorized", "payment.completed"]
        assert_books_are_right(simulator)

    def test_a_card_pays_what_is_left_in_a_second_step(
        self, deliver: Deliver, simulator: Simulator, customer: Client, old: dict[str, Any]
    ) -> None:
        new = in_exchange(old, 250_000)
        deliver("booking.created", new)
        assert payment_of(new).status == "requires_payment_method"
        assert pay(customer, new, payment_method={"token": "tok_card_declined"}).status_code == 402
        assert payment_of(old).lent_amount == 0
        answer = pay(customer, new, payment_method=VISA)
        assert answer.json()["exchange"] == {
            "booking_id": old["booking_id"],
            "carried": {"amount": 180_000, **VND},
        }
        assert payment_of(old).lent_amount == 180_000
        deliver("booking.confirmed", new)
        deliver("booking.cancelled", exchanged_data(old, new))
        assert_books_are_right(simulator)

    def test_gift_cards_pay_beside_it_and_get_back_what_they_paid(
        self, deliver: Deliver, simulator: Simulator, customer: Client, old: dict[str, Any]
    ) -> None:
        card, code = gift_card(50_000)
        new = in_exchange(old, 250_000)
        deliver("booking.created", new)
        assert pay(customer, new, gift_card={"code": code}, payment_method=VISA).status_code == 201
        deliver("booking.confirmed", new)
        deliver("booking.cancelled", exchanged_data(old, new))
        assert on_card(new, simulator) == (20_000, 0)
        deliver("booking.cancelled", ending_data(new, refund=210_000))
        tasks.resume_operations()
        # The card first, then the gift card, and then the card that had paid the old one, less the fee.
        assert (on_card(new, simulator), on_card(old, simulator)) == ((20_000, 20_000), (180_000, 140_000))
        card.refresh_from_db()
        assert card.balance == 50_000
        assert_books_are_right(simulator)

    def test_what_a_gift_card_paid_goes_back_to_it_through_the_exchange(
        self, deliver: Deliver, simulator: Simulator, customer: Client
    ) -> None:
        card, code = gift_card(60_000)
        first = booking_data(user_id=customer.user_id)
        deliver("booking.created", first)
        pay(customer, first, gift_card={"code": code}, payment_method=VISA)
        deliver("booking.confirmed", first)
        new = exchange(deliver, first, in_exchange(first, 150_000))
        assert on_card(first, simulator) == (120_000, 30_000)
        deliver("booking.cancelled", ending_data(new))
        tasks.resume_operations()
        card.refresh_from_db()
        assert (on_card(first, simulator), card.balance) == ((120_000, 120_000), 60_000)
        assert_books_are_right(simulator)

    def test_what_costs_nothing_gives_all_of_it_back(
        self, deliver: Deliver, simulator: Simulator, old: dict[str, Any]
    ) -> None:
        exchange(deliver, old, in_exchange(old, 0))
        assert on_card(old, simulator) == (180_000, 180_000)
        assert_books_are_right(simulator)

    def test_receipts_say_that_the_old_one_paid(self, deliver: Deliver, customer: Client, simulator: Simulator) -> None:
        first = bought(deliver, sold(user_id=customer.user_id))
        new = exchange(deliver, first, in_exchange(first, 200_000, worth=175_000, payment_method=VISA), fee=10_000)
        assert [each.total for each in documents(first)] == [185_000, -175_000]
        shown = customer.get(f"/payments/{payment_of(new).id}/receipt").json()
        assert (shown["total"]["amount"], shown["exchanged"]) == (200_000, {"amount": 175_000, **VND})
        assert_books_are_right(simulator)


class TestWhatGoesBack:
    def test_its_own_card_first_and_then_the_card_that_had_paid(
        self, deliver: Deliver, simulator: Simulator, old: dict[str, Any], sign_in: Callable[..., Client]
    ) -> None:
        new = exchange(deliver, old, in_exchange(old, 250_000, payment_method=VISA))
        clerk = sign_in(roles=["manager"])
        refund(clerk, payment_of(new), amount=100_000)
        tasks.resume_operations()
        assert (on_card(new, simulator), on_card(old, simulator)) == ((70_000, 70_000), (180_000, 30_000))
        deliver("booking.cancelled", ending_data(new))
        tasks.resume_operations()
        assert (on_card(new, simulator), on_card(old, simulator)) == ((70_000, 70_000), (180_000, 180_000))
        # Of what goes back its customer is told once, of the booking that it is of.
        assert told(old).count("payment.refunded") == 0
        assert told(new).count("payment.refunded") == 2
        assert_books_are_right(simulator)

    def test_through_all_bookings_that_were_exchanged_one_for_the_other(
        self, deliver: Deliver, simulator: Simulator, old: dict[str, Any]
    ) -> None:
        second = exchange(deliver, old, in_exchange(old, 200_000, payment_method=VISA))
        third = exchange(deliver, second, in_exchange(second, 190_000), fee=5_000)
        assert (on_card(old, simulator), on_card(second, simulator)) == ((180_000, 0), (20_000, 5_000))
        deliver("booking.cancelled", ending_data(third))
        for _ in range(3):
            tasks.resume_operations()
        assert (on_card(old, simulator), on_card(second, simulator)) == ((180_000, 175_000), (20_000, 20_000))
        assert_books_are_right(simulator)

    def test_a_capture_that_is_refused_lets_the_old_one_go(
        self, deliver: Deliver, simulator: Simulator, old: dict[str, Any]
    ) -> None:
        new = in_exchange(old, 250_000, payment_method={"token": "tok_capture_fails"})
        deliver("booking.created", new)
        deliver("booking.confirmed", new)
        payment = payment_of(old)
        assert (payment_of(new).status, payment.status, payment.lent_amount) == ("failed", "captured", 0)
        assert_books_are_right(simulator)


class TestWhatIsHeld:
    def test_nobody_gives_back_what_another_booking_holds(
        self, deliver: Deliver, simulator: Simulator, old: dict[str, Any], sign_in: Callable[..., Client]
    ) -> None:
        new = in_exchange(old, 250_000, worth=170_000, payment_method=VISA)
        deliver("booking.created", new)
        clerk, payment = sign_in(roles=["manager"]), payment_of(old)
        too_large = refund(clerk, payment, amount=20_000)
        assert refused(too_large) == (409, "refund_too_large")
        assert too_large.json()["refundable"] == {"amount": 10_000, "currency": "VND"}
        # And all but that is not all of it.
        assert refused(refund(clerk, payment, kind="cancel")) == (409, "part_cannot_cancel")
        # Cancelled meanwhile: what is held goes back once it is let go.
        deliver("booking.cancelled", ending_data(old))
        assert on_card(old, simulator) == (180_000, 10_000)
        deliver("booking.rejected", ending_data(new))
        tasks.resume_operations()
        assert on_card(old, simulator) == (180_000, 180_000)
        assert_books_are_right(simulator)

    def test_a_fee_is_kept_of_what_is_held_too(
        self, deliver: Deliver, simulator: Simulator, old: dict[str, Any]
    ) -> None:
        new = in_exchange(old, 250_000, payment_method=VISA)
        deliver("booking.created", new)
        deliver("booking.cancelled", ending_data(old, refund=160_000))
        deliver("booking.rejected", ending_data(new))
        tasks.resume_operations()
        assert (on_card(old, simulator), payment_of(old).retained_amount) == ((180_000, 160_000), 20_000)
        assert_books_are_right(simulator)

    @pytest.mark.parametrize("goodwill", [5_000, 180_000])
    def test_what_staff_gave_back_before_the_exchange_was_told_goes_back_once(
        self,
        deliver: Deliver,
        simulator: Simulator,
        old: dict[str, Any],
        sign_in: Callable[..., Client],
        goodwill: int,
    ) -> None:
        new, clerk = bought(deliver, in_exchange(old, 160_000)), sign_in(roles=["manager"])
        deliver("booking.cancelled", ending_data(new))
        assert refund(clerk, payment_of(old), amount=goodwill, kind="goodwill").status_code == 201
        deliver("booking.cancelled", exchanged_data(old, new, fee=20_000))
        for _ in range(2):
            tasks.resume_operations()
        assert on_card(old, simulator) == (180_000, min(160_000 + goodwill, 180_000))
        assert_books_are_right(simulator)

    def test_what_is_not_there_any_more_pays_nothing(
        self, deliver: Deliver, customer: Client, old: dict[str, Any], sign_in: Callable[..., Client]
    ) -> None:
        refund(sign_in(roles=["manager"]), payment_of(old), amount=20_000)
        at_once, later = in_exchange(old, 180_000), in_exchange(old, 250_000)
        for new in (at_once, later):
            deliver("booking.created", new)
        assert told(at_once) == ["payment.failed"]
        assert payment_of(at_once).failure_code == "exchange_not_covered"
        assert refused(pay(customer, later, payment_method=VISA)) == (409, "exchange_not_covered")
        assert payment_of(later).status == "requires_payment_method"

    def test_somebody_elses_booking_pays_nothing(self, deliver: Deliver, old: dict[str, Any]) -> None:
        new = in_exchange(old, 180_000) | {"user_id": str(uuid7())}
        deliver("booking.created", new)
        assert payment_of(new).failure_code == "exchange_not_covered"


# What booking tells of the two, and what of that in any order: the old one ends so once the new one's money was taken.
NEW, OLD = "new", "old"
STORIES: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "exchanged": ([("booking.created", NEW), ("booking.confirmed", NEW)], [("exchanged", OLD)]),
    "and cancelled": (
        [("booking.created", NEW), ("booking.confirmed", NEW)],
        [("exchanged", OLD), ("booking.cancelled", NEW)],
    ),
    "not exchanged": ([("booking.created", NEW)], [("booking.confirmed", NEW), ("booking.cancelled", NEW)]),
    "old one cancelled": ([("booking.created", NEW)], [("booking.cancelled", OLD), ("booking.rejected", NEW)]),
}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    total=st.sampled_from([100_000, 160_000, 250_000]),
    fee=st.sampled_from([0, 20_000]),
    story=st.sampled_from(sorted(STORIES)),
    swapped=st.booleans(),
    times=st.lists(st.sampled_from([1, 2]), min_size=4, max_size=4),
    swept=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_whatever_comes_first_the_money_ends_where_it_belongs(
    total: int,
    fee: int,
    story: str,
    swapped: bool,
    times: list[int],
    swept: list[bool],
    deliver: Deliver,
    simulator: Simulator,
) -> None:
    worth = 180_000 - fee
    first = bought(deliver, booking_data(payment_method=VISA))
    new = in_exchange(first, total, worth=worth, payment_method=VISA if total > worth else None)
    begins, in_any_order = STORIES[story]
    for (what, which), often, sweeps in zip(
        [*begins, *(reversed(in_any_order) if swapped else in_any_order)], times, swept, strict=False
    ):
        booking = new if which == NEW else first
        if what == "exchanged":
            what, data = "booking.cancelled", exchanged_data(first, new, fee=fee)
        elif what in ("booking.cancelled", "booking.rejected"):
            data = ending_data(booking)
        else:
            data = booking
        together(*[event(what, data)] * often)
        if sweeps:
            tasks.resume_operations()
    for _ in range(3):
        tasks.resume_operations()
    assert_books_are_right(simulator)
    stays = sum(taken - back for taken, back in (on_card(first, simulator), on_card(new, simulator)))
    expected = {"exchanged": total + fee, "and cancelled": fee, "not exchanged": 180_000, "old one cancelled": 0}
    assert stays == expected[story]
    assert not Payment.objects.exclude(attention="").exists()
