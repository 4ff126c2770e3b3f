"""What the desk shows of money: today's takings, a booking's and a customer's, and each step of it in words."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from chassis.money import Money, format_money
from chassis.web.desk import Step, may, panel, zone_of
from chassis.web.in_words import in_words
from chassis.web.theaters import theaters_of
from payments import counter_words, kept, takings_reads
from payments.forms import described
from payments.ledger import Kind
from payments.models import UNFINISHED, GatewayOperation, Payment, PaymentMethod, PayOut, Refund, RefundStatus
from payments.payout_models import OWED, TO_HAND_OVER
from payments.receipt_models import Receipt
from payments.states import OperationState
from payments.theaters import payments_at

SHOWN = 20
# The gateway has answered by then, but for what somebody has to look at.
UNKNOWN_AFTER = timedelta(minutes=2)

# What was done, and what was refused.
DONE: Final[Mapping[Kind, str]] = {
    Kind.AUTHORIZE: "reserved on the card",
    Kind.CAPTURE: "taken",
    Kind.VOID: "let go on the card",
    Kind.REVERSE: "taken back on the card, as nobody knew of it",
    Kind.REFUND: "given back",
    Kind.OUTSIDE: "given back outside of the card gateway",
    Kind.EXCHANGE: "paid another booking, in exchange",
    Kind.RETURN: "given back of what another booking was paid with",
}
ASKED: Final[Mapping[Kind, str]] = {
    Kind.AUTHORIZE: "reserve it on the card",
    Kind.CAPTURE: "take it",
    Kind.VOID: "let it go on the card",
    Kind.REVERSE: "take it back on the card",
    Kind.REFUND: "give it back",
    Kind.OUTSIDE: "give it back outside of the card gateway",
    Kind.EXCHANGE: "pay another booking with it",
    Kind.RETURN: "give back what another booking was paid with",
}


def of_unknown_outcome() -> QuerySet[GatewayOperation]:
    asked = timezone.now() - UNKNOWN_AFTER
    return GatewayOperation.objects.filter(state__in=UNFINISHED, created_at__lt=asked)


def refused_to_give_back() -> QuerySet[Payment]:
    return Payment.objects.exclude(attention="")


def waiting_for_approval() -> QuerySet[Refund]:
    return Refund.objects.filter(status=RefundStatus.AWAITING_APPROVAL)


def owed_at_the_till() -> QuerySet[PayOut]:
    return PayOut.objects.filter(OWED)


@require_safe
def takings_panel(request: HttpRequest) -> HttpResponse:
    """Of each theater of whoever asks, what its day by its own clock has taken and given back."""
    rows = [
        (row, *map(row.written, (row.gross, row.refunds, row.left)))
        for row in takings_reads.today(theaters_of(request))
    ]
    return panel(request, "payments/takings_today.html", "Takings of today", rows=rows)


@require_safe
def booking_money_panel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """A booking's payment with its refunds and receipts, and what may be done with it."""
    payment = payments_at(theaters_of(request)).filter(booking_id=booking_id).first()
    shown: dict[str, Any] = {"payment": payment}
    if payment is not None:
        shown |= {
            "facts": _facts(payment),
            "seats": [described(seat, payment) for seat in kept.seats_of(payment)],
            "refunds": [(_money(each), each) for each in payment.refunds.order_by("id")[:SHOWN]],
            "pay_outs": [(_money(each), each) for each in _pay_outs(payment)],
            "receipts": list(payment.receipts.order_by("id")[:SHOWN]),
            "may_refund": may(request, "refund_payment") and payment.captured_amount > payment.refunded_amount,
            "may_try_again": may(request, "refund_payment") and payment.attention != "",
            "may_give_outside": may(request, "give_outside_payment") and payment.attention != "",
        }
    return panel(request, "payments/booking_money.html", "Money", **shown)


def _pay_outs(payment: Payment) -> QuerySet[PayOut]:
    return PayOut.objects.filter(TO_HAND_OVER, payment=payment).order_by("id")[:SHOWN]


def _facts(payment: Payment) -> list[tuple[str, str]]:
    def shown(amount: int) -> str:
        return format_money(Money(amount, payment.currency))

    amounts = {
        "Total": payment.amount,
        "Held": payment.held_amount,
        "Taken": payment.captured_amount,
        "Given back": payment.refunded_amount,
        "Kept as a fee": payment.retained_amount,
        "Paid by an exchanged booking": payment.carried_amount,
        "By gift card": payment.gift_amount,
    }
    said = {
        "Status": payment.get_status_display(),
        "Card": f"ending in {payment.card_last4}" if payment.card_last4 else "",
        "Paid": counter_words.paid(payment),
        "Gift card": f"…{payment.gift_last4}" if payment.gift_last4 else "",
        **_found_by(payment),
        "Why it failed": in_words(payment.failure_code),
        "Needs attention": in_words(payment.attention),
        "Under way": payment.get_under_way_display() if payment.under_way else "",
    }
    money = [(name, shown(amount)) for name, amount in amounts.items() if amount or name == "Total"]
    return [*money, *((name, what) for name, what in said.items() if what)]


def _found_by(payment: Payment) -> dict[str, str]:
    """By what whoever has the money knows it: the card machine by its slip, and cash by nothing."""
    if counter_words.paid(payment):
        return {"Slip": counter_words.slip_of(payment)}
    return {"The gateway's ids": ", ".join(part for part in (payment.authorization_id, payment.capture_id) if part)}


def _money(row: Refund | GatewayOperation) -> str:
    amount = row.total if isinstance(row, GatewayOperation) else row.amount
    return format_money(Money(amount, row.currency))


@require_safe
def booking_steps_panel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """What was asked of the gateway for a booking, what it answered, and what staff wanted, each with its moment."""
    zone = zone_of(request)
    found = payments_at(theaters_of(request)).filter(booking_id=booking_id)
    operations = GatewayOperation.objects.filter(payment__in=found).order_by("id")[:100]
    refunds = Refund.objects.filter(payment__in=found).exclude(requested_by="").order_by("id")[:100]
    steps = [Step(*_operation(each), zone=zone) for each in operations]
    steps += [
        Step(each.created_at, f"{each.requested_by} asked to give {_money(each)} back", each.reason, zone)
        for each in refunds
    ]
    steps += [
        Step(each.paid_out_at, f"{_money(each)} handed over by {each.paid_out_by}", each.till, zone)
        for each in operations
        if each.paid_out_at
    ]
    steps += [Step(each.issued_at, f"{each} issued", zone=zone) for each in Receipt.objects.filter(payment__in=found)]
    return panel(request, "chassis/steps.html", "What payment did", steps=sorted(steps, key=lambda step: step.at))


def _operation(operation: GatewayOperation) -> tuple[Any, str, str]:
    """When, what became of it, and why."""
    asked, money = Kind(operation.asks), _money(operation)
    done = counter_words.done(operation) or DONE[asked]
    at = operation.finished_at or operation.created_at
    why = in_words(operation.outcome_code)
    match operation.state:
        case OperationState.SUCCEEDED | OperationState.REVERSED:
            return at, f"{money} {done}", why
        case OperationState.REFUSED:
            return at, f"refused to {ASKED[asked]}: {money}", why
        case _:
            said = f"asked {operation.attempts} times, no answer yet"
            return at, f"asked to {ASKED[asked]}: {money}", operation.last_error or said


@require_safe
def customer_money_panel(request: HttpRequest, user_id: UUID) -> HttpResponse:
    theirs = payments_at(theaters_of(request)).filter(user_id=user_id)
    payments = list(theirs.order_by("-id")[: SHOWN + 1])
    receipts = _receipts_of(payments[:SHOWN])
    rows = [
        (
            payment,
            format_money(Money(payment.amount, payment.currency)),
            format_money(Money(payment.refunded_amount, payment.currency)) if payment.refunded_amount else "",
            receipts.get(payment.id, []),
        )
        for payment in payments[:SHOWN]
    ]
    methods = PaymentMethod.objects.filter(user_id=user_id).order_by("-id")[:SHOWN]
    shown = {"rows": rows, "more": len(payments) > SHOWN, "methods": list(methods), "user_id": user_id}
    return panel(request, "payments/customer_money.html", "Money", **shown)


def _receipts_of(payments: Sequence[Payment]) -> dict[UUID, list[Receipt]]:
    found: dict[UUID, list[Receipt]] = {}
    for receipt in Receipt.objects.filter(payment__in=[each.id for each in payments]).order_by("id"):
        found.setdefault(receipt.payment_id, []).append(receipt)
    return found
