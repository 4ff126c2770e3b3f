"""What the rows of payments and refunds keep, as the domain knows it, and back."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from payments import domain, states
from payments.ledger import Kind
from payments.models import Payment, Refund
from payments.seats import Seat


def written(seats: Iterable[Seat]) -> list[dict[str, Any]]:
    """Seats as a row keeps them; seats_of() is the reverse."""
    return [msgspec.to_builtins(seat) for seat in seats]


def seats_of(row: Payment | Refund) -> tuple[Seat, ...]:
    """Of a payment as they were sold, of a refund those that it is about."""
    return msgspec.convert(row.seats, tuple[Seat, ...])


def known(row: Payment) -> domain.Payment:
    """What the domain needs to know of a row that is locked."""
    return domain.Payment(
        amount=row.amount,
        status=states.Status(row.status),
        booking=states.Booking(row.booking_state),
        held=row.held_amount,
        captured=row.captured_amount,
        refunded=row.refunded_amount,
        fee_told=row.fee_told_amount,
        retained=row.retained_amount,
        under_way=Kind(row.under_way) if row.under_way else None,
        failure_code=row.failure_code,
        attention=row.attention,
        seats=seats_of(row),
        let_in=frozenset(map(UUID, row.let_in)),
        gift=row.gift_amount,
        gift_refunded=row.gift_refunded_amount,
        carried=row.carried_amount,
        lent=row.lent_amount,
        exchanged=row.exchanged_amount,
        to_return=row.to_return_amount,
    )


def assign(row: Payment, payment: domain.Payment) -> None:
    """The reverse of known(); nothing is saved."""
    row.status = payment.status
    row.booking_state = payment.booking
    row.held_amount = payment.held
    row.captured_amount = payment.captured
    row.refunded_amount = payment.refunded
    row.fee_told_amount = payment.fee_told
    row.retained_amount = payment.retained
    row.under_way = payment.under_way or ""
    row.failure_code = payment.failure_code
    row.attention = payment.attention
    row.seats = written(payment.seats)
    row.let_in = sorted(map(str, payment.let_in))
    row.gift_amount = payment.gift
    row.gift_refunded_amount = payment.gift_refunded
    row.carried_amount = payment.carried
    row.lent_amount = payment.lent
    row.exchanged_amount = payment.exchanged
    row.to_return_amount = payment.to_return
