"""One booking and its payment, as the model keeps them, and what both services decide by."""

import importlib
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from stack.instance import ROOT

PRICE = 1000
# Of each showtime: those of the first are 0 and 1, of the second 2 and 3.
SEATS = 2
HOLD = timedelta(minutes=5)
NOW = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)


def _pure(service: str, module: str) -> ModuleType:
    """What a service decides by: it imports nothing of Django, and of its own service only what decides too."""
    sys.path.append(str(ROOT / f"{service}_project"))
    try:
        return importlib.import_module(module)
    finally:
        sys.path.remove(str(ROOT / f"{service}_project"))


booking_domain: Any = _pure("booking", "bookings.domain")
booking_exchanges: Any = _pure("booking", "bookings.exchange_rules")
payment_domain: Any = _pure("payment", "payments.domain")
payment_exchanges: Any = _pure("payment", "payments.exchange_rules")
payment_gift_ledger: Any = _pure("payment", "payments.gift_ledger")
payment_ledger: Any = _pure("payment", "payments.ledger")
payment_rules: Any = _pure("payment", "payments.refund_rules")
payment_seats: Any = _pure("payment", "payments.seats")
State, Trigger, PaymentStatus = booking_domain.State, booking_domain.Trigger, booking_domain.PaymentStatus
Kind, Status, RefundKind = payment_ledger.Kind, payment_domain.Status, payment_seats.RefundKind


@dataclass
class Saga:
    """One booking and its payment: what booking knows, what payment knows, what the gateway is asked.

    given_back: of its money by staff, cancelled: so much of that not as goodwill; returned: of seats that its customer
    gave back. given_back_seats: which seats went with it; due: of those of its customer, what comes back of each;
    settled: of which seats payment told that their money went; let_in: to which somebody was. held_until,
    payable_until: how often its hold was made longer, and of how many of those payment knows. has_code: one of the uses
    of a promo code that comes off its first seat. exchange_of: what is exchanged for it, of which `worth` may pay it
    and `retained` is kept; paid_with_it: payment has heard of that.
    """

    number: int
    seats: frozenset[int]
    card: str | None
    history: list[Any] = field(default_factory=list)
    state: Any = None
    known: Any = PaymentStatus.UNPAID
    hold_over: bool = False
    has_code: bool = False
    held_until: int = 0
    payable_until: int = 0
    refund: int = 0
    tickets: int = 0
    payment: Any = None
    asked: Any = None
    asked_with: str = ""
    ends_booking: bool = False
    refunding: Any = None
    refunding_seats: tuple[Any, ...] = ()
    given_back: int = 0
    returned: int = 0
    given_back_seats: set[int] = field(default_factory=set)
    due: dict[int, int] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    let_in: set[int] = field(default_factory=set)
    cancelled: int = 0
    known_refunded: int = 0
    ledger: Counter[Any] = field(default_factory=Counter)
    gift_ledger: Counter[Any] = field(default_factory=Counter)
    exchange_of: "Saga | None" = None
    worth: int = 0
    retained: int = 0
    paid_with_it: bool = False

    @property
    def total(self) -> int:
        return PRICE * len(self.seats)

    @property
    def carried(self) -> int:
        """What the booking that is exchanged for it pays."""
        return min(self.worth, self.total)

    @property
    def showtime(self) -> int:
        return min(self.seats) // SEATS

    def seat(self, n: int) -> int:
        """The n-th of its showtime."""
        return self.showtime * SEATS + n % SEATS

    @property
    def has(self) -> set[int]:
        return set(self.seats) - self.given_back_seats

    @property
    def has_what_came_cheaper(self) -> bool:
        return self.state in booking_domain.OPEN and min(self.seats) in self.has

    @property
    def known_to_go_back(self) -> int:
        """What booking knows to have gone back, or to be on its way."""
        return self.known_refunded + sum(due for seat, due in self.due.items() if seat not in self.settled)

    @property
    def known_left(self) -> int:
        """What of its money is there, as far as booking knows."""
        return max(self.total - self.known_to_go_back, 0)

    @property
    def known_kept(self) -> int:
        """The fees of the seats that its customer gave back, as far as booking knows."""
        return sum(PRICE - due for due in self.due.values())

    @property
    def told_due(self) -> tuple[Any, ...]:
        """As booking tells of them."""
        return tuple(due_of(seat, amount) for seat, amount in self.due.items())

    @property
    def may_be_extended(self) -> bool:
        against = booking_domain.no_extension(
            state=self.state,
            with_card=self.card is not None,
            extended=bool(self.held_until),
            hold_expires_at=NOW - HOLD if self.hold_over else NOW + HOLD,
            until=NOW + 2 * HOLD,
            now=NOW,
        )
        return against is None

    def advance(self, trigger: Any) -> None:
        self.state = booking_domain.next_state(self.state, trigger)
        self.history.append(trigger)


def due_of(seat: int, amount: int) -> Any:
    """A seat that its customer gave back, with what is to come back of it, as payment reads it."""
    return payment_seats.Seat(seat, "A", seat, PRICE, due=amount)


def new_payment(saga: Saga) -> Any:
    """Of this booking, its seats with their prices."""
    seats = tuple(payment_seats.Seat(seat, "A", seat, PRICE) for seat in sorted(saga.seats))
    return payment_domain.Payment(amount=saga.total, seats=seats)


@dataclass
class Message:
    """handled: the consumer's inbox knows it."""

    saga: Saga
    type: str
    fields: dict[str, Any]
    handled: bool = False
