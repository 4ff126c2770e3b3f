"""What staff read of money that they took at the counter, and that they give back there."""

from uuid import UUID

from payments.ledger import Kind
from payments.models import GatewayOperation, Payment
from payments.receipt_models import Receipt

_PAID = {"cash": "in cash at the counter", "terminal": "by card at the counter"}
WAYS = {"cash": "in cash", "terminal": "by the card machine"}
_DONE = {
    Kind.AUTHORIZE: "said to be paid",
    Kind.CAPTURE: "taken",
    Kind.VOID: "not kept",
    Kind.REFUND: "to be given back",
}


def paid(payment: Payment) -> str:
    """How, "" where the card gateway or a gift card did."""
    return _PAID.get(payment.provider, "")


def slip_of(payment: Payment) -> str:
    """Of a payment of the counter: what the card machine printed, "" where it is known by its operation's id alone."""
    try:
        UUID(payment.authorization_id)
    except ValueError:
        return payment.authorization_id
    return ""


def paid_by(receipt: Receipt) -> str:
    """The same of a receipt, and who of staff took it."""
    told = receipt.counter or {}
    how = _PAID.get(told.get("method", ""), "")
    slip = f", slip {told['slip']}" if told.get("slip") else ""
    return f"{how}{slip}, sold by {told.get('sold_by')}" if how else ""


def give_back(provider: str, amount: str) -> str:
    """What is left to be done by hand with a refund, "" where it is not the counter's. amount: as people write it."""
    return f"Give back {amount} {WAYS[provider]}" if provider in WAYS else ""


def done(operation: GatewayOperation) -> str:
    """What became of it at the counter, "" of what was asked of somebody else."""
    how, what = _PAID.get(operation.provider, ""), _DONE.get(operation.asks, "")
    return f"{what} {how}" if how and what else ""
