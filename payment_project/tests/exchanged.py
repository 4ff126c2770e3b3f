"""Bookings that are exchanged one for the other, as booking tells of them, and what must be true of their money."""

from typing import Any

from django.db.models import Q, Sum

from payments.models import UNFINISHED, GatewayOperation, Payment, Transaction
from payments.receipt_models import Receipt
from tests.factories import booking_data, ending_data
from tests.simulator import Simulator
from tests.together import payment_of

VND = {"currency": "VND"}


def in_exchange(old: dict[str, Any], total: int, *, worth: int | None = None, **overrides: Any) -> dict[str, Any]:
    """The data of booking.created of one that `old` is exchanged for. worth: what that one may pay of it."""
    carried = min(total, old["total"]["amount"] if worth is None else worth)
    return booking_data(
        user_id=old["user_id"],
        total={**old["total"], "amount": total},
        seats=[],
        exchange={"booking_id": old["booking_id"], "carried": {**old["total"], "amount": carried}},
        **overrides,
    )


def exchanged_data(old: dict[str, Any], new: dict[str, Any], *, fee: int = 0) -> dict[str, Any]:
    """The data of the event with which `old` ended, in exchange for `new`."""
    ended = ending_data(old, refund=old["total"]["amount"] - fee, reason="exchanged")
    return ended | {"carried": new["exchange"]["carried"]}


def on_card(booking: dict[str, Any], simulator: Simulator) -> tuple[int, int]:
    """What the gateway took for it, and what of that it gave back."""
    record = simulator.record(payment_of(booking).id)
    return sum(each["captured_amount"] for each in record), sum(each["refunded_amount"] for each in record)


def assert_books_are_right(simulator: Simulator) -> None:
    """Ledgers, receipts and the gateway's record agree, and what is carried is held where it is."""
    for payment in Payment.objects.all():
        assert not GatewayOperation.objects.filter(payment=payment, state__in=UNFINISHED).exists()
        lines = Transaction.objects.filter(payment=payment).order_by()
        ledger = dict(lines.values_list("account").annotate(Sum("amount")))
        assert sum(ledger.values()) == 0
        captured = payment.captured_amount > 0
        own = payment.captured_amount - (payment.carried_amount + payment.gift_amount if captured else 0)
        gone = payment.refunded_amount - payment.exchanged_amount
        returned = _returned(payment)
        carried = payment.carried_amount - returned if captured else 0
        assert ledger.get("exchanged", 0) == carried - payment.exchanged_amount
        record = simulator.record(payment.id)
        took = sum(each["captured_amount"] - each["refunded_amount"] for each in record)
        assert took == own - (gone - payment.gift_refunded_amount - returned) == ledger.get("cash", 0)
        heirs = Payment.objects.filter(exchange_of=payment.booking_id)
        held = payment.lent_amount + payment.exchanged_amount - payment.to_return_amount
        assert held == sum(heir.carried_amount - _returned(heir) for heir in heirs)
        assert payment.to_return_amount == 0
        if payment.captured_at and payment.sale is not None:
            notes = Receipt.objects.filter(Q(payment=payment) & ~Q(refund=None)).aggregate(Sum("total"))
            assert payment.refunded_amount == -(notes["total__sum"] or 0)
        if payment.booking_state == "ended" and captured:
            assert payment.captured_amount - payment.refunded_amount - payment.lent_amount == payment.retained_amount


def _returned(payment: Payment) -> int:
    """Of what was carried to it, what went back."""
    gone = payment.refunded_amount - payment.exchanged_amount
    return max(0, gone - (payment.captured_amount - payment.carried_amount)) if payment.captured_amount else 0
