"""What is told of a decision about a payment, as the events that others hear."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from chassis.messaging.events import EventData
from chassis.money import Money
from payments import events
from payments.domain import Announcement
from payments.kept import seats_of
from payments.lines import by_rate, together
from payments.models import Payment, Refund
from payments.seats import Seat, kept, left


def event(
    row: Payment, announcement: Announcement, refund: Refund | None, receipt: Mapping[str, Any] | None
) -> EventData:
    """The event that an announcement is. row: as it is from now on.

    refund: the one it is about, if it is about one. receipt: what is issued with it, of what was captured.
    """
    ids = {"payment_id": row.id, "booking_id": row.booking_id, "user_id": row.user_id}
    amount = Money(row.amount, row.currency)
    match announcement.type:
        case "payment.authorized":
            return events.PaymentAuthorized(**ids, amount=amount, card_last4=row.card_last4, carried=_carried(row))
        case "payment.completed":
            return events.PaymentCompleted(
                **ids,
                amount=amount,
                captured_at=cast(datetime, row.captured_at),
                card_last4=row.card_last4,
                gift_card=_gift_part(row, row.gift_amount),
                receipt=_receipt(receipt) if receipt else None,
                carried=_carried(row),
            )
        case "payment.voided":
            return events.PaymentVoided(**ids, amount=amount)
        case "payment.failed":
            return events.PaymentFailed(
                **ids,
                amount=amount,
                stage=announcement.stage,
                failure_code=row.failure_code,
                retryable=announcement.retryable,
                final=announcement.final,
            )
        case "payment.fee_lowered":
            back = [seat for seat in seats_of(row) if seat.charged and seat.given_back]
            return events.PaymentFeeLowered(
                **ids,
                fee_told=Money(row.fee_told_amount + kept(seats_of(row)), row.currency),
                retained=Money(row.retained_amount, row.currency),
                seats=_told(back, row.currency),
            )
        case "payment.refunded":
            refund = cast(Refund, refund)
            about = seats_of(refund)
            stay = left(seats_of(row)) if about else ()
            return events.PaymentRefunded(
                **ids,
                refund_id=refund.id,
                amount=Money(refund.amount, row.currency),
                refunded_amount=Money(row.refunded_amount, row.currency),
                status=row.status,
                kind=refund.kind,
                reason=refund.reason if refund.requested_by else "",
                seats=_told(about, row.currency),
                seats_left=_told(stay, row.currency),
                outside=refund.outside or ("cash" if row.provider == "cash" else ""),
                gift_card=_gift_part(row, refund.gift_amount),
            )
        case unknown:
            raise AssertionError(unknown)


def _receipt(document: Mapping[str, Any]) -> events.IssuedReceipt:
    lines, currency = document["lines"], document["currency"]
    return events.IssuedReceipt(
        id=document["id"],
        lines=[
            events.ReceiptLine(each.kind, each.name, each.count, Money(each.gross, currency), each.rate)
            for each in together(lines)
        ],
        taxes=[
            events.ReceiptTax(each.rate, Money(each.net, currency), Money(each.tax, currency))
            for each in by_rate(lines)
        ],
        seller=document["seller"],
    )


def _gift_part(row: Payment, amount: int) -> events.GiftCardPart | None:
    return events.GiftCardPart(row.gift_last4, Money(amount, row.currency)) if amount else None


def _carried(row: Payment) -> Money | None:
    return Money(row.carried_amount, row.currency) if row.carried_amount else None


def _told(which: Sequence[Seat], currency: str) -> list[events.RefundedSeat]:
    return [
        events.RefundedSeat(seat.id, seat.row, seat.number, Money(seat.price, currency), Money(seat.owed, currency))
        for seat in which
    ]
