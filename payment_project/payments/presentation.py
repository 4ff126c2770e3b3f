"""How payments, refunds and saved methods look in the API. JSON types only: these bodies are stored for repetition."""

from datetime import datetime
from typing import Any

import msgspec

from payments.books import SEATS_GIVEN_BACK
from payments.exchanges import EXCHANGED
from payments.kept import seats_of
from payments.lines import by_rate
from payments.models import Payment, PaymentMethod, PayOut, Refund
from payments.receipt_models import NO_THEATER, Receipt
from payments.receipts import lines_of
from payments.seats import Seat


def shown_money(amount: int, currency: str) -> dict[str, Any]:
    """amount: minor units."""
    return {"amount": amount, "currency": currency}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _seat(seat: Seat, currency: str) -> dict[str, Any]:
    price = shown_money(seat.price, currency)
    return {"id": str(seat.id), "row": seat.row, "number": seat.number, "price": price}


def _paid_seat(seat: Seat, payment: Payment) -> dict[str, Any]:
    became = {"refunded": seat.refunded and str(seat.refunded), "checked_in": str(seat.id) in payment.let_in}
    return _seat(seat, payment.currency) | became


def _refunded_seat(seat: Seat, refund: Refund) -> dict[str, Any]:
    """refunded: what it went back as, which is goodwill of who was let in meanwhile; None as long as it is not back."""
    return _seat(seat, refund.currency) | {"refunded": seat.refunded and str(seat.refunded)}


def present_payment(payment: Payment) -> dict[str, Any]:
    return {
        "id": str(payment.id),
        "booking_id": str(payment.booking_id),
        "booking_reference": payment.booking_reference or None,
        "status": str(payment.status),
        "amount": shown_money(payment.amount, payment.currency),
        "captured_amount": shown_money(payment.captured_amount, payment.currency),
        "refunded_amount": shown_money(payment.refunded_amount, payment.currency),
        "gift_card": _gift_card(payment),
        "exchange": _exchange(payment),
        "seats": [_paid_seat(seat, payment) for seat in seats_of(payment)],
        "failure_code": payment.failure_code or None,
        "hold_expires_at": _time(payment.hold_expires_at),
        "captured_at": _time(payment.captured_at),
        "created_at": _time(payment.created_at),
    }


def _gift_card(payment: Payment) -> dict[str, Any] | None:
    if not payment.gift_amount:
        return None
    return {
        "last4": payment.gift_last4,
        "amount": shown_money(payment.gift_amount, payment.currency),
        "refunded_amount": shown_money(payment.gift_refunded_amount, payment.currency),
    }


def _exchange(payment: Payment) -> dict[str, Any] | None:
    if payment.exchange_of is None:
        return None
    return {
        "booking_id": str(payment.exchange_of),
        "carried": shown_money(payment.exchange_amount, payment.currency),
    }


def present_refund(refund: Refund, *, to_staff: bool) -> dict[str, Any]:
    """to_staff: why a booking ended may be a note among colleagues, which its customer does not read."""
    readable = bool(refund.requested_by) or refund.reason in (SEATS_GIVEN_BACK, EXCHANGED)
    return {
        "id": str(refund.id),
        "payment_id": str(refund.payment_id),
        "status": str(refund.status),
        "kind": str(refund.kind),
        "amount": shown_money(refund.amount, refund.currency),
        "gift_card_amount": shown_money(refund.gift_amount, refund.currency) if refund.gift_amount else None,
        "seats": [_refunded_seat(seat, refund) for seat in seats_of(refund)],
        "reason": refund.reason if readable or to_staff else "booking_ended",
        "failure_code": refund.failure_code or None,
        "outside": refund.outside or None,
        "approve_by": _time(refund.approve_by),
        "created_at": _time(refund.created_at),
        "finished_at": _time(refund.finished_at),
        "staff": _decision(refund) if to_staff else None,
    }


def _decision(refund: Refund) -> dict[str, Any]:
    return {
        "requested_by": refund.requested_by or None,
        "decided_by": refund.decided_by or None,
        "decided_at": _time(refund.decided_at),
        "note": refund.decision_note or None,
        "reference": refund.reference or None,
    }


def present_pay_out(row: PayOut) -> dict[str, Any]:
    refund: Refund | None = getattr(row, "refund", None)
    return {
        "id": str(row.id),
        "payment_id": str(row.payment_id),
        "booking_id": str(row.payment.booking_id),
        "booking_reference": row.payment.booking_reference or None,
        "theater_id": row.payment.theater_id and str(row.payment.theater_id),
        "amount": shown_money(row.amount, row.currency),
        "way": row.provider,
        "refund_id": refund and str(refund.id),
        "owed_since": _time(row.finished_at),
        "paid_out_at": _time(row.paid_out_at),
        "paid_out_by": row.paid_out_by or None,
        "till": row.till or None,
    }


def present_receipt(receipt: Receipt) -> dict[str, Any]:
    """A receipt, or a credit note, of which all amounts are negative."""
    payment = receipt.payment
    return {
        "id": str(receipt.id),
        "number": receipt.number,
        "kind": "credit_note" if receipt.refund_id else "receipt",
        "payment_id": str(payment.id),
        "refund_id": receipt.refund_id and str(receipt.refund_id),
        "booking_id": str(payment.booking_id),
        "booking_reference": payment.booking_reference or None,
        "theater_id": None if receipt.theater_id == NO_THEATER else str(receipt.theater_id),
        "issued_at": _time(receipt.issued_at),
        "seller": receipt.seller,
        "showtime": receipt.showtime,
        "lines": receipt.lines,
        "taxes": msgspec.to_builtins(by_rate(lines_of(receipt))),
        "total": shown_money(receipt.total, receipt.currency),
        "card_last4": receipt.card_last4 or None,
        "gift_card": _gift_part(receipt),
        "counter": receipt.counter and receipt.counter["method"],
        "exchanged": shown_money(receipt.carried_amount, receipt.currency) if receipt.carried_amount else None,
    }


def _gift_part(receipt: Receipt) -> dict[str, Any] | None:
    if not receipt.gift_amount:
        return None
    return {"last4": receipt.gift_last4, "amount": shown_money(receipt.gift_amount, receipt.currency)}


def present_receipt_with_notes(receipt: Receipt, notes: list[Receipt]) -> dict[str, Any]:
    """notes: its credit notes."""
    return present_receipt(receipt) | {"credit_notes": [present_receipt(note) for note in notes]}


def present_method(method: PaymentMethod) -> dict[str, Any]:
    return {
        "id": str(method.id),
        "brand": method.brand,
        "last4": method.last4,
        "expiry_month": method.expiry_month,
        "expiry_year": method.expiry_year,
        "created_at": _time(method.created_at),
    }
