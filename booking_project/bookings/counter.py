"""Selling at the counter: a booking like any other, of which staff have taken the money themselves and say so.

The seats are held by the statement that holds everybody's, and payment books what staff say
(docs/adr/0113-staff-sell-by-their-word.md).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from bookings import counter_rules, guests, holds, words
from bookings.counter_errors import PriceChanged, TooManyAtOnce
from bookings.counter_models import CounterSale
from bookings.counter_rules import MOST_SEATS, Method
from bookings.theaters import refuse_showtime
from chassis.money import Money, format_money
from chassis.storage.audit_log import Actor, record
from chassis.storage.models import IdempotencyKey
from chassis.web import idempotency

ENDPOINT = "counter"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is sold; as of holds.hold_seats()."""

    showtime_id: UUID
    seat_ids: Sequence[UUID]
    ticket_types: Mapping[UUID, str] | None
    promo_code: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What staff took for it. total: what they were shown; handed: what they were given in cash, if they counted.

    Both in minor units. slip: the number of what the card machine printed, or "".
    """

    method: Method
    total: int
    handed: int | None = None
    slip: str = ""


def sell(*, actor: Actor, account_id: UUID, wanted: Wanted, taken: Taken, key: UUID, email: str = "") -> UUID:
    """Holds the seats as a booking that is paid at the counter; its id. payment and booking do the rest by themselves.

    account_id: of the actor, at auth. key: of this sale, whose repetition gives the same booking. email: where the
    customer wants the tickets mailed. Raises OtherTheater, TooManyAtOnce, PriceChanged, NotEnoughHanded,
    AddressNotTaken, AddressRefused, and what holds.hold_seats() raises.
    """
    refuse_showtime(actor.theaters, wanted.showtime_id)
    if len(wanted.seat_ids) > MOST_SEATS:
        raise TooManyAtOnce
    counter_rules.change(taken.total, taken.handed)
    once = idempotency.Key(account_id, ENDPOINT, str(key), _fingerprint(wanted, taken, email))
    # A guest is made before the seats are held: not for a sale that was made already.
    sold = IdempotencyKey.objects.filter(user_id=account_id, endpoint=ENDPOINT, key=once.key).exists()

    def keep(claim: idempotency.Claim, held: holds.Held) -> None:
        _keep(held, actor=actor, account_id=account_id, taken=taken)
        idempotency.complete(claim, status=201, body={"booking_id": str(held.booking.id)})

    made = holds.hold_seats(
        user_id=guests.customer_of("" if sold else email),
        showtime_id=wanted.showtime_id,
        seat_ids=wanted.seat_ids,
        ticket_types=wanted.ticket_types,
        promo_code=wanted.promo_code,
        payment_method=_told(taken, actor, account_id),
        verified=True,
        seller=actor,
        once=holds.Once(once, keep),
    )
    return made.claim.resource_id if isinstance(made, holds.Replayed) else made.booking.id


def _told(taken: Taken, actor: Actor, account_id: UUID) -> dict[str, str]:
    """As the event says it to payment, which believes it of nobody else than who is named."""
    told = {"counter": str(taken.method), "sold_by": actor.name, "sold_by_id": str(account_id)}
    return {**told, "slip": taken.slip} if taken.slip else told


def _keep(held: holds.Held, *, actor: Actor, account_id: UUID, taken: Taken) -> None:
    """Raises PriceChanged, before anybody has paid it."""
    booking = held.booking
    if booking.total_amount != taken.total:
        raise PriceChanged
    CounterSale.objects.create(
        booking=booking,
        method=taken.method,
        slip=taken.slip,
        handed_amount=taken.handed,
        seller_id=account_id,
        seller=actor.name,
        sold_at=timezone.now(),
    )
    said = {
        "seats": words.names_of(held.seats),
        "method": taken.method,
        "total": format_money(Money(booking.total_amount, booking.currency)),
        "slip": taken.slip or None,
    }
    record(actor, "booking.sold_at_the_counter", ("booking", booking.id), after=said)


def _fingerprint(wanted: Wanted, taken: Taken, email: str) -> str:
    types = {str(seat): code for seat, code in (wanted.ticket_types or {}).items()}
    said: list[Any] = [str(wanted.showtime_id), sorted(map(str, wanted.seat_ids)), types, wanted.promo_code, email]
    said += [taken.method, taken.total, taken.handed, taken.slip]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
