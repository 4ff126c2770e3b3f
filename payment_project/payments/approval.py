"""What staff read of a refund that takes two people: from how much on, why, and who the other one may be."""

from django.conf import settings

from chassis.money import Money, format_money
from payments.refunds import limit_of
from payments.roles import STAFF_MAY


def approval_words(currency: str) -> str:
    """A paragraph, of payments in this currency."""
    limit = limit_of(currency)
    alone = "Nobody gives money back alone."
    if limit is not None:
        most = format_money(Money(limit, currency))
        alone = f"One person alone gives back {most} of a payment at most, with what went back of it before."
    return (
        f"{alone} Somebody else of {_spoken(roles_that_approve())} approves it on the page of refunds: not who asks for"
        " it, not who made the purchase, and nobody who changed the address of its account within a day. What nobody"
        f" has approved after {settings.REFUND_APPROVAL_HOURS} hours lapses."
    )


def roles_that_approve() -> list[str]:
    return sorted(role for role, may in STAFF_MAY.items() if "refund_payment" in may)


def _spoken(names: list[str]) -> str:
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
