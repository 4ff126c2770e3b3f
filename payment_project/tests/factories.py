"""Payments in every state, as the events and the gateway would have made them."""

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import factory
from django.utils import timezone

from chassis.ids import uuid7
from chassis.storage.audit_log import Actor
from payments import gift_issues, vault
from payments.clerks import Clerk
from payments.gift_issues import Wanted
from payments.gift_ledger import Origin
from payments.gift_models import GiftCard, GiftCardIssue, IssueStatus
from payments.ledger import Kind
from payments.models import Payment, PaymentMethod, PayOut, Refund, RefundStatus
from payments.states import Booking, OperationState, Status

# Where a test wants whatever is made to be of one theater: its id.
OF_ONE: list[UUID] = []


class PaymentFactory(factory.django.DjangoModelFactory):
    """A booking's payment that waits for its customer; traits take it further without asking the gateway."""

    class Meta:
        model = Payment

    booking_id = factory.LazyFunction(uuid7)
    booking_reference = factory.Sequence(lambda n: f"REF{n:07}")
    theater_id = factory.LazyFunction(lambda: OF_ONE[0] if OF_ONE else None)
    user_id = factory.LazyFunction(uuid7)
    amount = 180_000
    currency = "VND"
    hold_expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=5))

    class Params:
        captured = factory.Trait(
            status=Status.CAPTURED,
            booking_state=Booking.CONFIRMED,
            captured_amount=180_000,
            captured_at=factory.LazyFunction(timezone.now),
        )


class PaymentMethodFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PaymentMethod
        exclude = ["token"]

    token = factory.Sequence(lambda n: f"pm_{n}")
    user_id = factory.LazyFunction(uuid7)
    gateway_token = factory.LazyAttribute(lambda method: vault.sealed(method.token))
    token_digest = factory.LazyAttribute(lambda method: vault.digests(method.token)[0])
    sealed_by = factory.LazyFunction(vault.key_name)
    brand = "visa"
    last4 = "4242"
    expiry_month = 12
    expiry_year = 2034


class RefundFactory(factory.django.DjangoModelFactory):
    """One that waits for a second person."""

    class Meta:
        model = Refund

    payment = factory.SubFactory(PaymentFactory, captured=True)
    amount = 180_000
    currency = "VND"
    status = RefundStatus.AWAITING_APPROVAL
    reason = "the sound failed"
    requested_by = "linh"


class PayOutFactory(factory.django.DjangoModelFactory):
    """A refund in cash that nobody has handed over."""

    class Meta:
        model = PayOut

    payment = factory.SubFactory(PaymentFactory)
    provider = "cash"
    kind = Kind.REFUND
    state = OperationState.SUCCEEDED
    amount = 1000
    currency = "VND"
    due_at = factory.LazyFunction(timezone.now)
    finished_at = factory.SelfAttribute("due_at")


def clerk_of(name: str = "linh", account_id: UUID | None = None) -> Clerk:
    """Somebody of staff, of the name or the account."""
    return Clerk(Actor(account_id or uuid5(NAMESPACE_OID, name), name, "api"))


def seat_data(number: int, *, price: int = 90_000) -> dict[str, Any]:
    """A seat as booking.created tells it."""
    money = {"amount": price, "currency": "VND"}
    return {"id": str(uuid7()), "row": "B", "number": number, "category": "standard", "price": money}


def booking_data(**overrides: Any) -> dict[str, Any]:
    """The data of a booking.created event of its own, as JSON types; a method only when given."""
    data = {
        "booking_id": uuid7(),
        "reference": "K7QF2M9XTD",
        "user_id": uuid7(),
        "total": {"amount": 180_000, "currency": "VND"},
        "seats": [seat_data(1), seat_data(2)],
        "hold_expires_at": (timezone.now() + timedelta(minutes=5)).isoformat(),
        "payment_method": None,
        **overrides,
    }
    return {name: str(value) if isinstance(value, UUID) else value for name, value in data.items()}


def ending_data(booking: dict[str, Any], *, refund: int | None = None, reason: str = "hold_ended") -> dict[str, Any]:
    """The data of the event with which this booking ends."""
    total = booking["total"]
    return {
        **{name: booking[name] for name in ("booking_id", "reference", "user_id", "total")},
        "refund": {**total, "amount": total["amount"] if refund is None else refund},
        "reason": reason,
    }


def due(seat: dict[str, Any], amount: int) -> dict[str, Any]:
    """A seat that was given back, as booking tells it; amount: what goes back of it."""
    return {name: seat[name] for name in ("id", "row", "number", "price")} | {
        "due": {**seat["price"], "amount": amount}
    }


def reduced_data(booking: dict[str, Any], *given_back: dict[str, Any]) -> dict[str, Any]:
    """The data of the event with which its customer gave seats back, as of due()."""
    return {name: booking[name] for name in ("booking_id", "reference", "user_id", "total")} | {"due": [*given_back]}


def refund(client: Any, payment: Payment, *, key: object = None, **wanted: Any) -> Any:
    """Asks for money back, as whoever is signed in; wanted: amount, seats, kind."""
    body = {"payment_id": str(payment.id), "reason": "the sound failed", **wanted}
    return client.post("/refunds", body, headers={"Idempotency-Key": str(key or uuid7())})


class GiftCardIssueFactory(factory.django.DjangoModelFactory):
    """One whose cards may be made."""

    class Meta:
        model = GiftCardIssue

    origin = Origin.SOLD
    count = 1
    amount = 100_000
    currency = "VND"
    reason = "paid in cash"
    requested_by = "linh"
    due_by = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))


class GiftCardFactory(factory.django.DjangoModelFactory):
    """A row alone, without its ledger."""

    class Meta:
        model = GiftCard

    issue = factory.SubFactory(GiftCardIssueFactory)
    digest = factory.LazyFunction(lambda: uuid7().bytes)
    last4 = "7K3Q"
    amount = balance = 100_000
    currency = "VND"


def gift_card(amount: int = 100_000, *, currency: str = "VND", **columns: Any) -> tuple[GiftCard, str]:
    """A card that was sold at the desk, and its code."""
    wanted = Wanted(Origin.SOLD, amount, currency, "paid in cash")
    issue = gift_issues.request_issue(wanted=wanted, clerk=clerk_of(f"clerk {uuid7()}"))
    if issue.status == IssueStatus.AWAITING_APPROVAL:
        gift_issues.approve_issue(issue_id=issue.id, clerk=clerk_of("a colleague"))
    (code,) = gift_issues.make_cards(issue_id=issue.id, clerk=clerk_of(issue.requested_by))
    if columns:
        GiftCard.objects.filter(issue=issue).update(**columns)
    return GiftCard.objects.get(issue=issue), code
