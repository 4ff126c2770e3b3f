"""Who is asked for what gift cards or exchanged bookings alone pay, or get back: in the place of a provider.

The value was reserved when the intent was written, and moves with the answer that is recorded (payments/books.py): all
that a payment goes through is the same, whoever pays it.
"""

from collections.abc import Mapping
from uuid import UUID

from payments.errors import InvalidSignature
from payments.gateways.interface import Approved, Hint, Outcome, Refused, SavedCard
from payments.models import GatewayOperation


class Nobody:
    """Whatever it is asked for it says yes to: of no money."""

    def perform(self, operation: GatewayOperation) -> Outcome:
        return Approved(str(operation.id), operation.amount)

    def save_card(self, token: str, *, customer: str, key: UUID) -> SavedCard | Refused:
        return Refused("no_card")

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes) -> Hint:
        raise InvalidSignature
