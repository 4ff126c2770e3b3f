"""What may become of a booking. Plain values in, decisions out; no Django.

PENDING: seats are held, the money is awaited. CONFIRMED: seats are sold. The four others are the ends without a sale.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from chassis.states import Machine


class State(StrEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"


class Trigger(StrEnum):
    """What happens to a booking; the history keeps it with every transition."""

    HELD = "held"
    HOLD_EXTENDED = "hold_extended"
    SEATS_SOLD = "seats_sold"
    SEATS_LOST = "seats_lost"
    HOLD_ENDED = "hold_ended"
    CANCELLED_BY_CUSTOMER = "cancelled_by_customer"
    CANCELLED_BY_STAFF = "cancelled_by_staff"
    SHOWTIME_CANCELLED = "showtime_cancelled"
    SHOWTIME_MOVED = "showtime_moved"
    CHANGE_ACCEPTED = "change_accepted"
    PAYMENT_DECLINED = "payment_declined"
    CAPTURE_FAILED = "capture_failed"
    REFUNDED = "refunded"
    SEATS_REFUNDED = "seats_refunded"
    SEATS_GIVEN_BACK = "seats_given_back"
    SEATS_CHANGED = "seats_changed"
    EXCHANGED = "exchanged"
    EXCHANGE_LOST = "exchange_lost"


S, T = State, Trigger

TRANSITIONS: dict[tuple[State | None, Trigger], State] = {
    (None, T.HELD): S.PENDING,
    (S.PENDING, T.HOLD_EXTENDED): S.PENDING,
    (S.PENDING, T.SEATS_SOLD): S.CONFIRMED,
    (S.PENDING, T.SEATS_LOST): S.REJECTED,
    (S.PENDING, T.EXCHANGE_LOST): S.REJECTED,
    (S.PENDING, T.HOLD_ENDED): S.EXPIRED,
    (S.PENDING, T.CANCELLED_BY_CUSTOMER): S.CANCELLED,
    (S.PENDING, T.CANCELLED_BY_STAFF): S.CANCELLED,
    (S.PENDING, T.SHOWTIME_CANCELLED): S.CANCELLED,
    (S.PENDING, T.SHOWTIME_MOVED): S.PENDING,
    (S.PENDING, T.CHANGE_ACCEPTED): S.PENDING,
    (S.PENDING, T.PAYMENT_DECLINED): S.FAILED,
    (S.CONFIRMED, T.CANCELLED_BY_CUSTOMER): S.CANCELLED,
    (S.CONFIRMED, T.CANCELLED_BY_STAFF): S.CANCELLED,
    (S.CONFIRMED, T.SHOWTIME_CANCELLED): S.CANCELLED,
    (S.CONFIRMED, T.SHOWTIME_MOVED): S.CONFIRMED,
    (S.CONFIRMED, T.CHANGE_ACCEPTED): S.CONFIRMED,
    (S.CONFIRMED, T.CAPTURE_FAILED): S.CANCELLED,
    (S.CONFIRMED, T.REFUNDED): S.CANCELLED,
    (S.CONFIRMED, T.SEATS_REFUNDED): S.CONFIRMED,
    (S.CONFIRMED, T.SEATS_GIVEN_BACK): S.CONFIRMED,
    (S.CONFIRMED, T.SEATS_CHANGED): S.CONFIRMED,
    (S.CONFIRMED, T.EXCHANGED): S.CANCELLED,
}

# States in which the booking has a right to its seats.
OPEN = frozenset({S.PENDING, S.CONFIRMED})


_MACHINE = Machine(TRANSITIONS)


def next_state(state: State | None, trigger: Trigger) -> State:
    """state: None before the booking is made. Raises IllegalTransition."""
    after = _MACHINE.next(state, trigger)
    assert after is not None  # no row of the table leads there
    return after


class PaymentStatus(StrEnum):
    """What booking knows of the money; payment owns the truth. Declared in the order in which it may advance."""

    UNPAID = "unpaid"
    DECLINED = "declined"
    AUTHORIZED = "authorized"
    FAILED = "failed"
    CAPTURED = "captured"
    VOIDED = "voided"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


_RANK = {status: rank for rank, status in enumerate(PaymentStatus)}


def advance_payment(known: PaymentStatus, told: PaymentStatus) -> PaymentStatus:
    """The later of the two, so that messages may arrive in any order."""
    return max(known, told, key=_RANK.__getitem__)


def payment_failure(state: State, *, stage: str, final: bool) -> Trigger | None:
    """What a failed payment does to a booking: nothing while another card may still be tried or after its end."""
    if stage == "capture":
        return Trigger.CAPTURE_FAILED if state is State.CONFIRMED else None
    return Trigger.PAYMENT_DECLINED if final and state is State.PENDING else None


# What a refund is that leaves the ticket as it was.
GOODWILL = "goodwill"


Seat = TypeVar("Seat", bound=Hashable)


def refund_takes(
    state: State,
    *,
    status: PaymentStatus,
    kind: str,
    named: Collection[Seat],
    seats: Collection[Seat],
    let_in: Collection[Seat],
) -> tuple[Trigger | None, frozenset[Seat]]:
    """What money that went back does to a booking, and which of its seats go with it.

    named: the seats whose money it was; none: an amount, which takes all the seats once all of the money is back.
    seats: those that the booking has. let_in: those that somebody is in: a refund that was on its way when they went
    in takes nothing from them. With the last seat the booking ends. It comes after the money: a refund that the
    gateway refuses frees no seat.
    """
    if state is not State.CONFIRMED or kind == GOODWILL:
        return None, frozenset()
    whole = status is PaymentStatus.REFUNDED and not named
    going = frozenset(seats).intersection(seats if whole else named).difference(let_in)
    if not going:
        return None, going
    return (Trigger.REFUNDED if len(going) == len(seats) else Trigger.SEATS_REFUNDED), going


@dataclass(frozen=True, slots=True)
class Holds:
    """A customer's holds at a moment: the open ones of the showtime (here) and of all, and the seats of all of those.

    An open one is not paid yet, or was for nothing a short while ago. again: how often in the last while the customer
    held one of the wanted seats, and did not pay for it. unanswered: the open ones that came with a card; its yes would
    have sold them, and its no ended them.
    """

    here: int
    in_all: int
    seats: int
    again: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a customer may hold: open holds of one showtime (here) and in all, seats in all, and the same seats again.

    seconds: how far the database looks back; so long the same seats count as held again, and no hold lives longer.
    """

    here: int
    in_all: int
    seats: int
    again: int
    seconds: int


class Excess(StrEnum):
    """Of what a customer holds too much."""

    HERE = "here"
    IN_ALL = "in_all"
    AGAIN = "again"
    SEATS = "seats"


def excess(holds: Holds, *, wanted: int, with_card: bool, limits: Limits) -> Excess | None:
    """What stands against another hold, of `wanted` seats; the same as the conditions of inventory.TAKE.

    with_card: it comes with a card that is to be charged, and may be declined: of such holds one at a time goes beyond
    limits.seats.
    """
    if holds.here >= limits.here:
        return Excess.HERE
    if holds.in_all >= limits.in_all:
        return Excess.IN_ALL
    if holds.again >= limits.again:
        return Excess.AGAIN
    within = holds.seats + wanted <= limits.seats or (with_card and holds.unanswered == 0)
    return None if within else Excess.SEATS


class NoExtension(StrEnum):
    """Why a hold does not get longer."""

    NOT_HELD = "not_held"
    CARD_ASKED = "card_asked"
    EXTENDED = "extended"
    OVER = "over"
    LONG_ENOUGH = "long_enough"


def no_extension(
    *, state: State, with_card: bool, extended: bool, hold_expires_at: datetime, until: datetime, now: datetime
) -> NoExtension | None:
    """What stands against making a hold longer, once, until `until`; the same as the conditions of extensions.EXTEND.

    with_card: a card came with the booking, whose answer sells or ends it. until: as far as an extension would reach
    now, which the end of sales bounds.
    """
    if state is State.EXPIRED:
        return NoExtension.OVER
    if state is not State.PENDING:
        return NoExtension.NOT_HELD
    if with_card:
        return NoExtension.CARD_ASKED
    if extended:
        return NoExtension.EXTENDED
    if hold_expires_at <= now:
        return NoExtension.OVER
    return NoExtension.LONG_ENOUGH if until <= hold_expires_at else None


class NoAcceptance(StrEnum):
    """Why a change of a showtime is not accepted."""

    ENDED = "ended"
    STARTED = "started"
    NOTHING = "nothing"


def no_acceptance(
    *, state: State, starts_at: datetime, now: datetime, sold: int, told: int, revision: int
) -> NoAcceptance | None:
    """What stands against a customer's word that their showtime suits them as it is since a revision.

    sold, told: the revisions of the showtime at which it was sold, and of the newest change that its customer was told
    of. What they were not told of yet is not accepted: they shall hear of their right before it ends.
    """
    if state not in OPEN:
        return NoAcceptance.ENDED
    if now >= starts_at:
        return NoAcceptance.STARTED
    return None if sold < revision <= told else NoAcceptance.NOTHING


@dataclass(frozen=True, slots=True)
class CancellationRules:
    """Of a theater: free until cutoff_minutes before the start; from then on at a fee in percent, or not at all."""

    cutoff_minutes: int = 0
    fee_percent: int | None = None


class Why(StrEnum):
    """Why a cancellation gives back what it gives back."""

    UNPAID = "unpaid"
    IN_TIME = "in_time"
    SHOWTIME_CHANGED = "showtime_changed"
    LATE = "late"
    CHECKED_IN = "checked_in"
    CLOSED = "closed"
    STARTED = "started"
    BY_STAFF = "by_staff"
    SHOWTIME_CANCELLED = "showtime_cancelled"
    CAPTURE_FAILED = "capture_failed"
    EXCHANGED = "exchanged"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What comes of a cancellation: of the total `refund` comes back now, `retained` is kept, both in minor units.

    until: when another answer takes the place of this one; None: never, by the clock alone. carried: of the refund,
    what pays the booking that it was exchanged for.
    """

    refund: int
    retained: int
    why: Why
    until: datetime | None = None
    carried: int = 0

    @property
    def allowed(self) -> bool:
        return self.why not in {Why.CHECKED_IN, Why.CLOSED, Why.STARTED, Why.ENDED}


# Endings that nobody asked the rules about: everything comes back.
WHOLE = {
    Trigger.CANCELLED_BY_STAFF: Why.BY_STAFF,
    Trigger.SHOWTIME_CANCELLED: Why.SHOWTIME_CANCELLED,
    Trigger.CAPTURE_FAILED: Why.CAPTURE_FAILED,
    Trigger.REFUNDED: Why.BY_STAFF,
}


def whole(*, state: State, total: int, refunded: int, trigger: Trigger) -> Cancellation:
    """The cancellation of an open booking by a trigger of WHOLE."""
    if state is State.PENDING:
        return Cancellation(0, 0, WHOLE[trigger])
    return Cancellation(max(total - refunded, 0), 0, WHOLE[trigger])


def cancellation(
    *,
    state: State,
    total: int,
    refunded: int,
    hold_expires_at: datetime,
    starts_at: datetime,
    now: datetime,
    rules: CancellationRules,
    given_back: int = 0,
    kept: int = 0,
    changed: bool = False,
    checked_in: bool = False,
) -> Cancellation:
    """What comes back if its customer cancels a booking now, in minor units.

    total: its price; refunded: what went back of it already, or is on its way. given_back: the price of seats that it
    has no more: the fee is of the others. kept: of the fees of those. rules: those it was sold under. changed: the
    showtime was, after the booking was made and its customer last accepted it; until it starts everything comes back,
    whatever the rules. checked_in: somebody was let in with its ticket. The fee is rounded down, in the customer's
    favour.
    """
    if state is State.PENDING:
        return Cancellation(0, 0, Why.UNPAID, hold_expires_at)
    if state is not State.CONFIRMED:
        return Cancellation(0, 0, Why.ENDED)
    there = max(total - refunded, 0)
    kept = min(kept, there)
    outcome = taken_back(
        price=total - given_back,
        left=there - kept,
        starts_at=starts_at,
        now=now,
        rules=rules,
        changed=changed,
        checked_in=checked_in,
    )
    return replace(outcome, retained=outcome.retained + kept)


def taken_back(
    *,
    price: int,
    left: int,
    starts_at: datetime,
    now: datetime,
    rules: CancellationRules,
    changed: bool = False,
    checked_in: bool = False,
) -> Cancellation:
    """What comes back of what is confirmed, all of a booking or seats of it, by the rules it was sold under.

    price: what it was sold at, of which the fee is; left: so much of that can come back at the most. The rest as of
    cancellation().
    """
    if checked_in:
        return Cancellation(0, left, Why.CHECKED_IN)
    if now >= starts_at:
        return Cancellation(0, left, Why.STARTED)
    if changed:
        return Cancellation(left, 0, Why.SHOWTIME_CHANGED, starts_at)
    cutoff = starts_at if rules.fee_percent == 0 else starts_at - timedelta(minutes=rules.cutoff_minutes)
    if now < cutoff:
        return Cancellation(left, 0, Why.IN_TIME, cutoff)
    if rules.fee_percent is None:
        return Cancellation(0, left, Why.CLOSED)
    # Of what is left once something went back by the theater's goodwill, no more than that can be kept.
    fee = min(price * rules.fee_percent // 100, left)
    return Cancellation(left - fee, fee, Why.LATE, starts_at)


def rebuild(triggers: Sequence[Trigger]) -> State | None:
    """The state a history leads to. Raises IllegalTransition for a history that cannot have been."""
    state: State | None = None
    for trigger in triggers:
        state = next_state(state, trigger)
    return state
