"""What a refund that staff ask for is, and what it was in the end. Pure, as domain.py is."""

from collections.abc import Sequence
from enum import StrEnum

from payments.domain import Decision, Payment, refunded, request_refund
from payments.ledger import Kind
from payments.seats import LetIn, RefundKind, Seat, left, to_give_back
from payments.states import Booking


class Way(StrEnum):
    """How money goes back that the card gateway will not give back when it is asked.

    PROVIDER: the gateway's people did it by hand, so its record has it. The others are the house's own money.
    """

    CASH = "cash"
    BANK_TRANSFER = "bank_transfer"
    OTHER = "other"
    PROVIDER = "provider"

    @property
    def moves(self) -> Kind:
        """What it is in the ledger."""
        return Kind.REFUND if self is Way.PROVIDER else Kind.OUTSIDE


class PartCannotCancel(Exception):
    """A booking ends with all of its money, or seat by seat; not with some part of it."""


def is_too_large_alone(payment: Payment, amount: int, *, limit: int | None) -> bool:
    """Whether this refund needs a second person. limit: of what one may give back of a payment, None for nothing.

    What has gone back already counts: a large refund in small parts is a large refund.
    """
    return limit is None or payment.refunded + amount > limit


def refund_kind(payment: Payment, amount: int, wanted: RefundKind | None, seats: Sequence[Seat] = ()) -> RefundKind:
    """What a refund of this amount, of these seats if any, is.

    All that is left ends the booking and seats are given back unless said otherwise; another part never is more than
    money. Seats are free, and the booking ends, only when the gateway has given the money back (payment.refunded): a
    refund that it refuses leaves everything as it is. What another booking holds is left too, so that the rest is a
    part. What somebody was let in with is not given back, while the booking goes on. Raises PartCannotCancel, LetIn.
    """
    gives_back = bool(seats) or (amount == payment.left and not payment.lent)
    if wanted is RefundKind.CANCEL and not gives_back:
        raise PartCannotCancel
    kind = wanted or (RefundKind.CANCEL if gives_back else RefundKind.GOODWILL)
    if kind is RefundKind.CANCEL and payment.booking is not Booking.ENDED:
        used = payment.let_in & {seat.id for seat in seats} if seats else payment.let_in
        if used:
            raise LetIn(sorted(used))
    return kind


def became(payment: Payment, kind: RefundKind, seats: Sequence[Seat] = ()) -> RefundKind:
    """What a refund of these seats, or of all that was left, was in the end.

    A refund that was on its way when people went in takes no seat from them: booking lets nobody in to a seat that it
    has freed, and frees none that somebody is in. So who is let in says which of the two came first there, and what
    gave back nothing but their seats was goodwill.
    """
    about = seats or left(payment.seats)
    used = bool(about) and all(seat.id in payment.let_in for seat in about)
    return RefundKind.GOODWILL if used else kind


def given_outside(payment: Payment, amount: int, way: Way, kind: RefundKind, seats: Sequence[Seat] = ()) -> Decision:
    """So much was given back without the gateway being asked, of these seats if any.

    What is owed still the gateway is not asked for either: it has refused. Raises UnderWay, TooMuch, IllegalTransition.
    """
    waiting = {seat.id for seat in to_give_back(payment.seats, payment.left)}
    owed = payment.due_back > amount if payment.booking is Booking.ENDED else waiting.difference(s.id for s in seats)
    attention = payment.attention if owed else ""
    asked = request_refund(payment, amount).payment
    return refunded(asked, amount, seats=seats, kind=kind, by=way.moves, attention=attention)
