"""A booking that is paid with another one, which is exchanged for it. Pure, as domain.py is; minor units.

The money stays with the payment that took it. That one lends it while the new booking is not sold, has it exchanged
once the old booking has ended so, and gives it back to whoever paid when the new booking is refunded.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from chassis.states import IllegalTransition
from payments.decisions import Decision, Payment
from payments.domain import booking_ended, refunded_to, settle
from payments.gift_ledger import Move, moved
from payments.ledger import Kind, postings, returned
from payments.seats import Seat
from payments.states import MACHINE, Booking

# In the place of the provider of what another booking's payment has: nobody is asked for it.
EXCHANGES = "exchange"


def can_lend(payment: Payment, amount: int) -> bool:
    """Whether so much is there, and will be: what the gateway is being asked may take it away."""
    return payment.booking is not Booking.ENDED and not payment.under_way and amount <= payment.left


def lend(payment: Payment, amount: int) -> Decision:
    """The payment of another booking holds so much of it or, less than nothing, does so no more.

    What that one was refunded of what it has for good goes back to who had paid here.
    """
    if amount >= 0:
        return Decision(replace(payment, lent=payment.lent + amount))
    let_go = min(-amount, payment.lent)
    back = payment.to_return - amount - let_go
    return settle(replace(payment, lent=payment.lent - let_go, to_return=back))


def booking_exchanged(
    payment: Payment,
    carried: int,
    *,
    retained: int,
    going: int = 0,
    seats: Collection[UUID] = (),
    given_back: Sequence[Seat] = (),
) -> Decision:
    """The booking ended in exchange for another one, which is paid with `carried` of it.

    The rest as of domain.booking_ended(). Where the other one was refunded before this is known, it is not lent any
    more: so much goes back to who paid here, but for what staff gave back of it meanwhile. going: of that what the
    gateway is being asked for.
    """
    if payment.booking is Booking.ENDED:
        return Decision(payment)
    let_go = min(carried, payment.lent)
    carried = let_go + min(carried - let_go, max(payment.left - going, 0))
    if not carried:
        return booking_ended(payment, retained=retained, seats=seats, given_back=given_back)
    total = payment.refunded + carried
    gone = replace(
        payment,
        status=MACHINE.next(payment.status, refunded_to(payment, total)),
        refunded=total,
        exchanged=carried,
        lent=payment.lent - let_go,
        to_return=carried - let_go,
    )
    ended = booking_ended(gone, retained=retained, seats=seats, given_back=given_back)
    return replace(ended, postings=(*postings(Kind.EXCHANGE, -carried), *ended.postings))


def gave_back(payment: Payment, amount: int) -> Decision:
    """The gateway gave back what the other booking was refunded. Raises IllegalTransition when it was not asked."""
    if payment.under_way is not Kind.RETURN:
        raise IllegalTransition(payment.status, Kind.RETURN)
    gift, carried = payment.back_to_gift(amount), payment.back_to_carrier(amount)
    after = replace(
        payment,
        under_way=None,
        exchanged=payment.exchanged - amount,
        to_return=payment.to_return - amount,
        gift_refunded=payment.gift_refunded + gift,
    )
    return replace(
        settle(after, postings=returned(amount, gift=gift, carried=carried), gift=moved(Move.REFUND, gift)),
        lends=-carried,
    )
