"""What must be true of gift cards after whatever happened."""

from django.db.models import Q, Sum

from payments.gift_models import GiftCard, GiftCardLine
from payments.models import Payment


def assert_books_are_right() -> None:
    """Each card is what its ledger says, and each payment has of the cards what it says it has."""
    for card in GiftCard.objects.all():
        assert _sums(Q(card=card)) == (card.balance, card.reserved, card.amount - card.balance - card.reserved), card
    for payment in Payment.objects.all():
        captured = payment.captured_amount > 0
        _, reserved, redeemed = _sums(Q(payment=payment))
        assert reserved == (0 if captured else payment.gift_amount)
        assert redeemed == (payment.gift_amount - payment.gift_refunded_amount if captured else 0)


def _sums(of: Q) -> tuple[int, ...]:
    sums = dict(GiftCardLine.objects.filter(of).order_by().values_list("account").annotate(Sum("amount")))
    assert sum(sums.values()) == 0
    return tuple(sums.get(account, 0) for account in ("balance", "reserved", "redeemed"))
