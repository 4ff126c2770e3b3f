"""What a payment provider is to this service: one question in, its outcome out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable
from uuid import UUID

from payments.ledger import Kind
from payments.models import GatewayOperation

# To connect, and to read; what takes longer is Unknown, and asked again. A call and its one repetition have to end
# within books.LEASE.
TIMEOUT = (1.0, 5.0)
RETRIES = 1
# As many may be asked at the same time by one process that handles events, and so many connections are kept.
AT_THE_SAME_TIME = 16
# Characters of what a provider calls something, as long as it is kept.
LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Approved:
    """It happened. amount: what had been reserved, of a reversal.

    id: the gateway's, of what came of it, LONGEST_ID characters at most. card_last4: of an authorisation, the last four
    digits of the card that pays; "" where the provider does not tell.
    """

    id: str
    amount: int
    card_last4: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not happen and never will: the card's bank says so, or the gateway does not take such a request at all."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened or not; asking again with the same key finds out. unavailable: it says it is down."""

    reason: str
    unavailable: bool = False


Outcome = Approved | Refused | Unknown


@dataclass(frozen=True, slots=True)
class SavedCard:
    """What the provider keeps for us, and what may be shown of it."""

    token: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int


@dataclass(frozen=True, slots=True)
class Hint:
    """A webhook that is genuine, and the operation it is about.

    message_id: the provider's, at most 128 characters, so that the same message is taken once.
    """

    message_id: str
    operation_id: UUID


class Gateway(Protocol):
    """A payment provider. It keeps nothing and decides nothing: what it may return is all that can be decided on.

    A saved card belongs to a customer at the provider as well: save_card() says whose it is, and an authorisation is
    asked for in the name of operation.customer, so that a token in the wrong hands pays nothing.

    perform() and save_card() may let pass what the client raises (Unreachable), and KeyError, TypeError and ValueError
    of an answer they do not understand: the caller makes Unknown of it, and asks again.
    """

    def perform(self, operation: GatewayOperation) -> Outcome:
        """Asks for operation.asks, under operation.key: the first time or the hundredth, with the same answer."""
        ...

    def save_card(self, token: str, *, customer: str, key: UUID) -> SavedCard | Refused | Unknown:
        """A reusable token for a single-use one, good for this customer alone; under the same key the same one."""
        ...

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes) -> Hint:
        """Raises InvalidSignature when it is forged, altered or too old, BadRequest when it cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """A capture or a refund in the provider's own record. id: the provider's. key: the idempotency key it was asked
    under, "" of what was done there by hand. reference: of the authorisation, our payment. amount: minor units.
    """

    id: str
    kind: Kind
    key: str
    reference: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Page:
    """after: what the next page comes after; "" of the last one."""

    moves: Sequence[Moved]
    after: str


@runtime_checkable
class Reporting(Protocol):
    """What a Gateway has beside, if its provider tells what it moved. It may let pass what a Gateway may."""

    def moved_on(self, day: date, *, after: str) -> Page | Unknown:
        """What it moved on a day of UTC, some hundreds of it, in an order that never changes."""
        ...

    def moved_of(self, reference: str) -> Page | Unknown:
        """What it moved of one payment, on any day."""
        ...
