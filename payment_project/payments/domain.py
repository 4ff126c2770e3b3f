"""What may happen to a payment, and what the gateway must be asked next. Pure: no database, no clock, no network.

A payment knows two things that arrive in any order: what became of the money (Status) and what became of the
booking (Booking). Every function here takes what is known and one more fact, and returns the new state, what to
ask of the gateway (at most one operation is under way at a time), what to announce, and the ledger's postings.
A gift card may pay a part, or all: it moves with the gateway's answer about the rest, and what goes back goes to the
card first (docs/adr/0098-refunds-go-to-the-card-first.md). Amounts are integers in minor units.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from chassis.states import IllegalTransition
from payments.decisions import Announcement, Ask, Decision, Payment
from payments.gift_ledger import GiftMove, Move, moved
from payments.ledger import Kind, Posting, postings
from payments.seats import RefundKind, Seat, fee_left, kept, noted, refunded_as, to_give_back
from payments.states import MACHINE, Booking, Fact, Status, later

# Here as well, for who asks the domain.
__all__ = ["Announcement", "Ask", "Decision", "Payment"]


class BookingOver(Exception):
    """The booking ended: no money is taken for it any more."""


class UnderWay(Exception):
    """The gateway is being asked something about this payment; its answer has to come first."""


class TooMuch(Exception):
    """More than what is left of the captured money."""


class NothingPaid(Exception):
    """Nothing was paid for it, so nothing goes back."""


def _answered(payment: Payment, kind: Kind, fact: Fact) -> Status:
    """The status after the gateway's answer to what is under way; an answer to anything else is illegal."""
    if payment.under_way is not kind:
        raise IllegalTransition(payment.status, fact)
    return MACHINE.next(payment.status, fact)


def owed(payment: Payment) -> Ask | None:
    """What the gateway must be asked next, whatever the order in which things became known."""
    if payment.under_way or payment.attention or not payment.amount:
        return None
    match payment.status, payment.booking:
        case Status.AUTHORIZED, Booking.CONFIRMED:
            return _all_held(Kind.CAPTURE, payment)
        case Status.AUTHORIZED, Booking.ENDED if payment.retained:
            # A fee is owed: all of it is taken, the rest goes back.
            return _all_held(Kind.CAPTURE, payment)
        case (Status.AUTHORIZED, Booking.ENDED) | (Status.FAILED, _) if payment.held:
            return _all_held(Kind.VOID, payment)
        case ((Status.CAPTURED | Status.PARTIALLY_REFUNDED), Booking.ENDED) if payment.due_back > 0:
            return going_back(Kind.REFUND, payment, payment.due_back)
        case ((Status.CAPTURED | Status.PARTIALLY_REFUNDED), Booking.CONFIRMED) if going := _waiting(payment):
            return going_back(Kind.REFUND, payment, sum(seat.owed for seat in going), going)
        case ((Status.PARTIALLY_REFUNDED | Status.REFUNDED), Booking.ENDED) if payment.to_return:
            return going_back(Kind.RETURN, payment, payment.to_return)
        case _:
            return None


def _all_held(kind: Kind, payment: Payment) -> Ask:
    return Ask(kind, payment.held, payment.gift, carried=payment.carried)


def going_back(kind: Kind, payment: Payment, amount: int, seats: tuple[Seat, ...] = ()) -> Ask:
    return Ask(kind, amount, payment.back_to_gift(amount), seats, payment.back_to_carrier(amount))


def settle(
    payment: Payment,
    *,
    announcements: tuple[Announcement, ...] = (),
    postings: tuple[Posting, ...] = (),
    gift: GiftMove | None = None,
    lends: int = 0,
) -> Decision:
    """A decision with what has to be asked next, if anything."""
    ask = owed(payment)
    if ask is not None:
        payment = replace(payment, under_way=ask.kind)
    payment, told = (payment, ()) if payment.amount else _without_money(payment)
    return Decision(payment, ask, (*announcements, *told), postings, gift, lends)


def _without_money(payment: Payment) -> tuple[Payment, tuple[Announcement, ...]]:
    """Of a payment of nothing: what the gateway would be asked for follows at once."""
    match payment.status, payment.booking:
        case Status.AUTHORIZED, Booking.CONFIRMED:
            fact, told = Fact.CAPTURED, Announcement("payment.completed")
        case Status.AUTHORIZED, Booking.ENDED:
            fact, told = Fact.VOIDED, Announcement("payment.voided")
        case _:
            return payment, ()
    return replace(payment, status=MACHINE.next(payment.status, fact)), (told,)


def may_be_captured(payment: Payment) -> bool:
    """Whether it may still come to a capture, of nothing too."""
    over = payment.status is Status.DECLINED and payment.booking is Booking.ENDED
    open_ = (Status.REQUIRES_PAYMENT_METHOD, Status.PROCESSING, Status.DECLINED, Status.AUTHORIZED)
    return payment.status in open_ and not over


def accept(payment: Payment) -> Decision:
    """Nothing is to be paid, whatever card was named: it is authorised. Raises BookingOver, IllegalTransition."""
    if payment.booking is Booking.ENDED:
        raise BookingOver
    if payment.amount:
        raise IllegalTransition(payment.status, Fact.ACCEPTED)
    accepted = replace(payment, status=MACHINE.next(payment.status, Fact.ACCEPTED))
    return settle(accepted, announcements=(Announcement("payment.authorized"),))


def request_authorization(payment: Payment, gift: int = 0, *, carried: int = 0) -> Decision:
    """A payment method was given. gift: what a gift card pays; carried: what the booking pays that is exchanged for it;
    both are reserved now, and the method pays the rest.

    Raises BookingOver, UnderWay, IllegalTransition.
    """
    if payment.booking is Booking.ENDED:
        raise BookingOver
    if payment.under_way:
        raise UnderWay
    if not payment.amount:
        raise IllegalTransition(payment.status, Fact.AUTHORIZATION_REQUESTED)
    status = MACHINE.next(payment.status, Fact.AUTHORIZATION_REQUESTED)
    asking = replace(payment, status=status, under_way=Kind.AUTHORIZE, failure_code="", gift=gift, carried=carried)
    ask = Ask(Kind.AUTHORIZE, payment.amount, gift, carried=carried)
    return Decision(asking, ask, gift=moved(Move.RESERVE, gift), lends=carried)


def request_reversal(payment: Payment) -> Decision:
    """An authorisation of unknown outcome is no longer wanted. Raises IllegalTransition when there is none."""
    if payment.under_way is not Kind.AUTHORIZE:
        raise IllegalTransition(payment.status, Kind.REVERSE)
    return Decision(replace(payment, under_way=Kind.REVERSE), Ask(Kind.REVERSE, payment.amount))


def booking_confirmed(payment: Payment) -> Decision:
    """The seats are sold: what is authorised gets captured, now or as soon as it is authorised."""
    return settle(replace(payment, booking=later(payment.booking, Booking.CONFIRMED)))


def booking_ended(
    payment: Payment, *, retained: int = 0, seats: Collection[UUID] = (), given_back: Sequence[Seat] = ()
) -> Decision:
    """The booking was rejected, expired, cancelled or failed: what was or will be taken goes back, less what is kept.

    given_back: the seats that it had no more, with what is due of each. seats: those that it had, as far as booking
    knew, of which the rest of `retained` is the fee; of what is given back of them nothing is kept.
    """
    if payment.booking is Booking.ENDED:
        return Decision(payment)
    charged = tuple(replace(seat, charged=seat.id in seats) for seat in noted(payment.seats, given_back))
    fee = max(retained - kept(given_back), 0)
    ended = replace(payment, booking=Booking.ENDED, fee_told=fee, retained=retained, seats=charged)
    if ended.status is Status.REQUIRES_PAYMENT_METHOD:
        return Decision(replace(ended, status=MACHINE.next(ended.status, Fact.CLOSED)))
    if ended.under_way is Kind.AUTHORIZE:
        return request_reversal(ended)
    ended, told = _lower_fee(ended)
    return settle(ended, announcements=told)


def _lower_fee(payment: Payment) -> tuple[Payment, tuple[Announcement, ...]]:
    """Booking may end before it has heard of seats that were given back, whichever of the two is heard of first."""
    fee = fee_left(payment.fee_told, payment.seats) + kept(payment.seats)
    # What another booking holds is here: a fee is kept of it too, once that one lets it go.
    fee = min(fee, payment.captured - payment.refunded if payment.captured else payment.amount)
    if payment.booking is not Booking.ENDED or fee >= payment.retained:
        return payment, ()
    return replace(payment, retained=fee), (Announcement("payment.fee_lowered"),)


def note_let_in(payment: Payment, seats: Collection[UUID]) -> Payment:
    """Somebody was let in to these seats: they stay theirs, whatever their money went back as (seats.refunded_as)."""
    let_in = payment.let_in | frozenset(seats)
    given = [seat for seat in payment.seats if seat.refunded is RefundKind.CANCEL]
    return replace(payment, let_in=let_in, seats=refunded_as(payment.seats, given, RefundKind.CANCEL, let_in=let_in))


def authorized(payment: Payment) -> Decision:
    """The gateway reserved the money."""
    status = _answered(payment, Kind.AUTHORIZE, Fact.AUTHORIZED)
    holding = replace(payment, status=status, held=payment.amount, under_way=None, failure_code="")
    return settle(
        holding,
        announcements=() if payment.booking is Booking.ENDED else (Announcement("payment.authorized"),),
        postings=postings(Kind.AUTHORIZE, payment.amount - payment.gift - payment.carried),
    )


def declined(payment: Payment, code: str, *, final: bool) -> Decision:
    """The card was declined. final: the method came with the booking, which ends with it."""
    status = _answered(payment, Kind.AUTHORIZE, Fact.DECLINED)
    booking = Booking.ENDED if final else payment.booking
    refused = replace(payment, status=status, booking=booking, under_way=None, failure_code=code, gift=0, carried=0)
    told = Announcement("payment.failed", stage="authorise", final=final, retryable=not final)
    released = moved(Move.RELEASE, payment.gift)
    return Decision(refused, announcements=(told,), gift=released, lends=-payment.carried)


def reversed_(payment: Payment, *, voided: int) -> Decision:
    """The authorisation of unknown outcome is nothing now; voided: what was held on the card, 0 if it never was."""
    status = _answered(payment, Kind.REVERSE, Fact.REVERSED)
    free = replace(payment, status=status, under_way=None, gift=0, carried=0)
    released, lends = moved(Move.RELEASE, payment.gift), -payment.carried
    lines = (*postings(Kind.AUTHORIZE, voided), *postings(Kind.VOID, voided))
    if free.booking is not Booking.ENDED:
        return Decision(free, postings=lines, gift=released, lends=lends)
    told = (Announcement("payment.voided"),) if voided else ()
    return Decision(replace(free, status=MACHINE.next(free.status, Fact.CLOSED)), None, told, lines, released, lends)


def captured(payment: Payment) -> Decision:
    """The gateway took the money."""
    status = _answered(payment, Kind.CAPTURE, Fact.CAPTURED)
    taken = replace(payment, status=status, held=0, captured=payment.held, under_way=None)
    return settle(
        taken,
        announcements=(Announcement("payment.completed"),),
        postings=(
            *postings(Kind.CAPTURE, payment.held - payment.gift - payment.carried),
            *postings(Kind.EXCHANGE, payment.carried),
        ),
        gift=moved(Move.CAPTURE, payment.gift),
    )


def capture_refused(payment: Payment, code: str) -> Decision:
    """The gateway will never capture this authorisation: the booking ends, and the authorisation is released."""
    status = _answered(payment, Kind.CAPTURE, Fact.CAPTURE_REFUSED)
    failed = replace(payment, status=status, booking=Booking.ENDED, under_way=None, failure_code=code)
    told = Announcement("payment.failed", stage="capture", final=True)
    return settle(failed, announcements=(told,))


def voided(payment: Payment) -> Decision:
    """The gateway released the reserved money."""
    status = _answered(payment, Kind.VOID, Fact.VOIDED)
    return Decision(
        replace(payment, status=status, held=0, under_way=None, gift=0, carried=0),
        announcements=(Announcement("payment.voided"),),
        postings=postings(Kind.VOID, payment.held - payment.gift - payment.carried),
        gift=moved(Move.RELEASE, payment.gift),
        lends=-payment.carried,
    )


def request_refund(payment: Payment, amount: int) -> Decision:
    """Gives back a part of the captured money, or all. Raises UnderWay, NothingPaid, TooMuch, IllegalTransition.

    A seat that cost nothing is an amount of nothing.
    """
    if payment.under_way:
        raise UnderWay
    if not payment.amount:
        raise NothingPaid
    if not MACHINE.allows(payment.status, Fact.REFUNDED_FULLY):
        raise IllegalTransition(payment.status, Kind.REFUND)
    if not amount:
        raise NothingPaid
    if not 0 < amount <= payment.left:
        raise TooMuch
    ask = going_back(Kind.REFUND, payment, amount)
    return Decision(replace(payment, under_way=Kind.REFUND), ask)


def refunded(
    payment: Payment,
    amount: int,
    *,
    seats: Sequence[Seat] = (),
    kind: RefundKind = RefundKind.CANCEL,
    by: Kind = Kind.REFUND,
    attention: str = "",
) -> Decision:
    """This much went back, of these seats if any. attention: what a person has to look at still."""
    total, to_gift = payment.refunded + amount, payment.back_to_gift(amount)
    to_carrier = payment.back_to_carrier(amount)
    status = _answered(payment, Kind.REFUND, refunded_to(payment, total))
    marked = refunded_as(payment.seats, seats, kind, let_in=payment.let_in)
    returned = replace(payment, status=status, refunded=total, under_way=None, attention=attention, seats=marked)
    returned = replace(returned, gift_refunded=payment.gift_refunded + to_gift)
    returned, lowered = _lower_fee(returned) if seats else (returned, ())
    return settle(
        returned,
        announcements=(Announcement("payment.refunded"), *lowered),
        postings=(*postings(by, amount - to_gift - to_carrier), *postings(Kind.EXCHANGE, -to_carrier)),
        gift=moved(Move.REFUND, to_gift),
        lends=-to_carrier,
    )


def refunded_to(payment: Payment, total: int) -> Fact:
    """total: what has gone back with it."""
    return Fact.REFUNDED_FULLY if total == payment.captured else Fact.REFUNDED_PARTLY


def return_refused(payment: Payment, code: str) -> Decision:
    """The gateway refused a void or a refund. Nothing is asked again before a person has looked: see resume()."""
    if payment.under_way not in (Kind.VOID, Kind.REFUND, Kind.RETURN):
        raise IllegalTransition(payment.status, Kind.VOID)
    owes_it = payment.booking is Booking.ENDED or payment.status is Status.FAILED or bool(_waiting(payment))
    return Decision(replace(payment, under_way=None, attention=code if owes_it else ""))


def resume(payment: Payment) -> Decision:
    """A person has looked: asks again for what is owed."""
    return settle(replace(payment, attention=""))


def _waiting(payment: Payment) -> tuple[Seat, ...]:
    """While another booking holds a part of the money nobody knows how far it suffices for what is due."""
    return () if payment.lent else to_give_back(payment.seats, payment.left)
