"""Reads."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from chassis.ids import first_uuid7_at
from chassis.theaters import Theaters
from chassis.web.principal import Principal
from payments.errors import (
    GiftCardIssueNotFound,
    GiftCardNotFound,
    MethodNotFound,
    PaymentNotFound,
    PayOutNotFound,
    ReceiptNotFound,
    RefundNotFound,
)
from payments.gift_models import GiftCard, GiftCardIssue, GiftCardLine
from payments.models import Payment, PaymentMethod, PayOut, Refund
from payments.payout_models import OWED, PAID_OUT, TO_HAND_OVER
from payments.receipt_models import Receipt
from payments.theaters import paid_at

# More payments than a booking has: a reference of before may have been given out again.
MOST_PAYMENTS = 100


def payments_of(
    user: Principal,
    *,
    owner: UUID | None = None,
    booking_id: UUID | None = None,
    reference: str | None = None,
    status: str | None = None,
) -> QuerySet[Payment]:
    """The user's payments; for who may look at all of them everybody's, or one owner's; who is limited to
    theaters sees of others what was bought there. reference: of the booking."""
    found = Payment.objects.all()
    if not user.may("view_payment"):
        found = found.filter(user_id=user.id)
    elif user.theaters is not None:
        found = found.filter(Q(user_id=user.id) | paid_at(user.theaters))
    if owner is not None and user.may("view_payment"):
        found = found.filter(user_id=owner)
    if booking_id is not None:
        found = found.filter(booking_id=booking_id)
    if reference is not None:
        found = found.filter(booking_reference=reference)
    if status is not None:
        found = found.filter(status=status)
    return found


def payment_of(user: Principal, payment_id: UUID) -> Payment:
    """Raises PaymentNotFound, also for somebody else's."""
    payment = payments_of(user).filter(id=payment_id).first()
    if payment is None:
        raise PaymentNotFound
    return payment


def refunds(
    *,
    theaters: Theaters = None,
    payment_id: UUID | None = None,
    reference: str | None = None,
    status: str | None = None,
) -> QuerySet[Refund]:
    """Everybody's, for staff; of what was bought at these theaters."""
    found = Refund.objects.select_related("payment")
    if theaters is not None:
        found = found.filter(paid_at(theaters, "payment__"))
    if payment_id is not None:
        found = found.filter(payment=payment_id)
    if reference is not None:
        found = found.filter(payment__booking_reference=reference)
    if status is not None:
        found = found.filter(status=status)
    return found


def refund_of(user: Principal, refund_id: UUID) -> Refund:
    """Raises RefundNotFound, also for somebody else's."""
    found = Refund.objects.select_related("payment").filter(id=refund_id)
    if not user.may("view_refund"):
        found = found.filter(payment__user_id=user.id)
    elif user.theaters is not None:
        found = found.filter(Q(payment__user_id=user.id) | paid_at(user.theaters, "payment__"))
    refund = found.first()
    if refund is None:
        raise RefundNotFound
    return refund


def pay_outs(
    *,
    theaters: Theaters = None,
    owed: bool = True,
    theater_id: UUID | None = None,
    reference: str | None = None,
) -> QuerySet[PayOut]:
    """What the counter has to hand over by hand, or has, for staff; of what was bought at these theaters."""
    found = PayOut.objects.filter(OWED if owed else PAID_OUT).select_related("payment", "refund")
    if theaters is not None:
        found = found.filter(paid_at(theaters, "payment__"))
    if theater_id is not None:
        found = found.filter(payment__theater_id=theater_id)
    if reference is not None:
        paid = Payment.objects.filter(booking_reference=reference).values_list("id", flat=True)
        found = found.filter(payment__in=list(paid[:MOST_PAYMENTS]))
    return found


def pay_out(payout_id: UUID, *, theaters: Theaters = None) -> PayOut:
    """Raises PayOutNotFound, also for another theater's."""
    found = PayOut.objects.filter(TO_HAND_OVER, id=payout_id).select_related("payment", "refund")
    row = (found if theaters is None else found.filter(paid_at(theaters, "payment__"))).first()
    if row is None:
        raise PayOutNotFound
    return row


def is_own(user: Principal, refund: Refund) -> bool:
    """Whether the money is the caller's: of colleagues who decided on it they read what any customer reads."""
    return refund.payment.user_id == user.id


def receipts(
    *,
    theaters: Theaters = None,
    theater_id: UUID | None = None,
    number: str | None = None,
    reference: str | None = None,
    day: date | None = None,
    time_zone: str | None = None,
) -> QuerySet[Receipt]:
    """Everybody's receipts and credit notes, for staff. day: of that time zone by IANA, or of UTC."""
    found = Receipt.objects.select_related("payment")
    if theaters is not None:
        found = found.filter(theater_id__in=theaters)
    if theater_id is not None:
        found = found.filter(theater_id=theater_id)
    if number is not None:
        found = found.filter(number=number)
    if reference is not None:
        paid = Payment.objects.filter(booking_reference=reference).values_list("id", flat=True)
        found = found.filter(payment__in=list(paid[:MOST_PAYMENTS]))
    if day is not None:
        zone = ZoneInfo(time_zone or "UTC")
        first, behind = (datetime.combine(day + timedelta(days=after), time(), zone) for after in (0, 1))
        found = found.filter(id__gte=first_uuid7_at(first), id__lt=first_uuid7_at(behind))
    return found


def receipt_of(user: Principal, payment_id: UUID) -> tuple[Receipt, list[Receipt]]:
    """The receipt of a payment and its credit notes, the first one first.

    Raises PaymentNotFound, also for somebody else's, and ReceiptNotFound.
    """
    payment = payment_of(user, payment_id)
    issued = list(Receipt.objects.filter(payment=payment).order_by("id"))
    for each in issued:
        each.payment = payment
    receipt = next((each for each in issued if each.refund_id is None), None)
    if receipt is None:
        raise ReceiptNotFound
    return receipt, [each for each in issued if each is not receipt]


def gift_cards(*, issue_id: UUID | None = None, last4: str | None = None) -> QuerySet[GiftCard]:
    """Everybody's, for staff. last4: the last signs of the code."""
    found = GiftCard.objects.all()
    if issue_id is not None:
        found = found.filter(issue=issue_id)
    if last4 is not None:
        found = found.filter(last4=last4)
    return found


def gift_card(card_id: UUID) -> GiftCard:
    """Raises GiftCardNotFound."""
    card = GiftCard.objects.filter(id=card_id).first()
    if card is None:
        raise GiftCardNotFound
    return card


def lines_of(card_id: UUID, *, theaters: Theaters = None) -> QuerySet[GiftCardLine]:
    """Of a gift card, which is good at all theaters: what was paid at these. Raises GiftCardNotFound."""
    lines = gift_card(card_id).lines.all()
    return lines if theaters is None else lines.filter(Q(payment=None) | paid_at(theaters, "payment__"))


def gift_card_issue(issue_id: UUID) -> GiftCardIssue:
    """Raises GiftCardIssueNotFound."""
    issue = GiftCardIssue.objects.filter(id=issue_id).first()
    if issue is None:
        raise GiftCardIssueNotFound
    return issue


def methods_of(user: Principal) -> QuerySet[PaymentMethod]:
    return PaymentMethod.objects.filter(user_id=user.id)


def method_of(user: Principal, method_id: UUID) -> PaymentMethod:
    """Raises MethodNotFound, also for somebody else's."""
    method = methods_of(user).filter(id=method_id).first()
    if method is None:
        raise MethodNotFound
    return method
