"""What receipts and credit notes say, decided from a payment and its sale. Their numbers come with their writing.

A payment has one receipt, of all that was captured, and a credit note of each refund; the fee that is kept after a
cancellation stays on the receipt, with its tax.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from chassis.ids import time_of_uuid7, uuid7
from payments import lines, seats
from payments.lines import Line, Sale
from payments.models import Payment, Refund
from payments.receipt_models import NO_THEATER, Receipt
from payments.seats import Seat

# As a payment's row says it: nothing is to be issued any more.
DONE: dict[str, Any] = {}

Row = dict[str, Any]


def kept(sale: Sale) -> Row:
    """As a payment's row keeps it; what sale_of() reads."""
    kept: Row = msgspec.to_builtins(sale)
    return kept


def sale_of(row: Payment) -> Sale:
    """Nothing is known of one that was opened before receipts."""
    return msgspec.convert(row.sale or {}, Sale)


def lines_of(receipt: Receipt) -> tuple[Line, ...]:
    """As they were issued."""
    return msgspec.convert(receipt.lines, tuple[Line, ...])


def receipt(row: Payment, sold: Sequence[Seat]) -> Row:
    """Of a payment that was captured, of nothing too. sold: its seats, which are named where no lines are known."""
    sale, paid = sale_of(row), row.captured_amount
    told = sale.lines if lines.add_up(sale.lines, paid) else lines.untold(paid, seats.named(sold))
    return {
        **_document(told),
        "payment_id": row.id,
        "refund_id": None,
        "theater_id": sale.theater_id or NO_THEATER,
        "total": paid,
        "currency": row.currency,
        "seller": sale.seller,
        "showtime": sale.showtime,
        "card_last4": row.card_last4,
        "gift_amount": row.gift_amount,
        "gift_last4": row.gift_last4 if row.gift_amount else "",
        "carried_amount": row.carried_amount,
        "counter": sale.counter,
    }


def credit_note(refund: Refund, about: Iterable[Seat], issued: Sequence[Receipt]) -> Row | None:
    """Of a refund that was made. about: the seats whose money it is. issued: what its payment has, see issued_for().

    None for a payment that has no receipt, as those captured before there were any.
    """
    first = next((each for each in issued if each.refund_id is None), None)
    if first is None:
        return None
    earlier = [line for each in issued if each.refund_id is not None for line in lines_of(each)]
    given_back = {seat.id for seat in about}
    return {
        **_document(lines.credited(lines_of(first), earlier, refund.amount, given_back)),
        "payment_id": refund.payment_id,
        "refund_id": refund.id,
        "theater_id": first.theater_id,
        "total": -refund.amount,
        "currency": refund.currency,
        "seller": first.seller,
        "showtime": first.showtime,
        "card_last4": first.card_last4,
        "gift_amount": -refund.gift_amount,
        "gift_last4": first.gift_last4 if refund.gift_amount else "",
        "carried_amount": 0,
        "counter": first.counter,
    }


def as_issued(document: Row) -> Receipt:
    """A document as those that come after it find it; it has no number yet, and is not saved."""
    return Receipt(**{**document, "lines": msgspec.to_builtins(document["lines"])})


def issued_for(payment_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Receipt]]:
    """The receipts and credit notes of these payments, in one statement; none is asked for nothing."""
    if not payment_ids:
        return {}
    found: dict[UUID, list[Receipt]] = {}
    for each in Receipt.objects.filter(payment__in=payment_ids).order_by("id"):
        found.setdefault(each.payment_id, []).append(each)
    return found


def _document(told: Sequence[Line]) -> Row:
    id_ = uuid7()
    return {"id": id_, "issued_at": time_of_uuid7(id_), "lines": told}
