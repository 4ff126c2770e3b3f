"""Taking seats for customers. Each function owns its transaction; what the house keeps off sale is in blocks.py."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from bookings import choices, events, inventory, locks, offers
from bookings.choices import Quantity
from bookings.domain import Excess, Limits, Trigger, excess, next_state
from bookings.errors import (
    AddressNotVerified,
    HeldTooOften,
    NotEnoughSeats,
    SalesClosed,
    SeatUnavailable,
    TicketTypeRefused,
    TooManyHolds,
    TooManyHoldsInAll,
    TotalTooLarge,
    UnknownSeat,
)
from bookings.exchange_rules import Exchange
from bookings.models import Booking
from bookings.offers import Offer
from bookings.prices import Bill, Wanted
from bookings.promo_errors import PromoCodeInvalid, PromoCodeUnfit
from bookings.sales import Sale, Seat, reload_sale, sale_of
from chassis.ids import uuid7
from chassis.money import Money
from chassis.storage.audit_log import Actor, record
from chassis.telemetry import metrics
from chassis.web import idempotency
from chassis.web.problems import Problem

HELD = metrics.counter("bookings_held_total", "Bookings accepted as holds")
REFUSED = metrics.counter("bookings_refused_total", "Requests refused because a seat was taken")

# Crockford's base32: no I, L, O or U to misread (https://www.crockford.com/base32.html).
_REFERENCE_ALPHABET = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE_OF_BYTE = _REFERENCE_ALPHABET * (256 // len(_REFERENCE_ALPHABET))
REFERENCE_LENGTH = 10

# By so many seconds the clock of a web host, which the ids of its bookings are of, may be ahead of another's.
_CLOCKS_DIFFER = 60

# Best-available tries so often before it gives up against people who pick the same seats themselves.
CHOICES = 8


@dataclass(frozen=True, slots=True)
class Held:
    """seats: in key order, as their places are. told: what everybody else is told of it, their prices too."""

    booking: Booking
    seats: Sequence[Seat]
    sale: Sale
    told: events.BookingCreated


@dataclass(frozen=True, slots=True)
class Once:
    """A request whose repetition gets the same answer. answer: keeps it, in the transaction that makes the booking."""

    key: idempotency.Key
    answer: Callable[[idempotency.Claim, Held], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The request had been answered before."""

    claim: idempotency.Claim = field(repr=False)


def hold_seats(
    *,
    user_id: UUID,
    showtime_id: UUID,
    seat_ids: Sequence[UUID],
    ticket_types: Mapping[UUID, str] | None = None,
    promo_code: str | None = None,
    payment_method: Mapping[str, str] | None = None,
    verified: bool = False,
    seller: Actor | None = None,
    exchange: Callable[[], Exchange] | None = None,
    once: Once | None = None,
) -> Held | Replayed:
    """Holds seats for HOLD_SECONDS as a PENDING booking and tells of it, all or nothing.

    ticket_types: of each seat the code of the type it is for, or else the tariff's default. promo_code: as it is typed.
    verified: the customer has proven an address, and may hold more than a few seats that are not paid. Anybody else may
    hold more with a card, once, until it has answered. seller: who of staff may book what is not sold online; that they
    did is on record. exchange: on what a booking of theirs is exchanged for it, and pays it, asked in the transaction.
    Raises ShowtimeNotFound, ShowtimeUnknown, UnknownSeat, TicketTypeRefused (of which there are several), SalesClosed,
    TotalTooLarge, TooManyHolds, TooManyHoldsInAll, HeldTooOften, AddressNotVerified, SeatUnavailable naming the seats,
    CoupleSeatSplit, CompanionAlone, OrphanSeat, PromoCodeInvalid, PromoCodeUnfit, PromoCodeUsedUp, with `once`
    idempotency.KeyReused or KeyInFlight, and with `exchange` NotExchangeable.
    """
    hold = _Hold(uuid7(), user_id, promo_code, payment_method, _limits(verified=verified), seller, exchange)
    owner = locks.Owner(user_id, hold.booking_id)

    def attempt(sale: Sale, *, find: Callable[[str | None], Offer | None]) -> Held | Replayed:
        tickets = choices.named(sale, seat_ids, ticket_types, by_staff=seller is not None)
        wanted = [ticket.seat_id for ticket in tickets]
        locked = locks.acquire(showtime_id, wanted, owner=owner, seconds=settings.HOLD_SECONDS)
        # With a key the same request may have been answered before, whoever has the seats by now.
        if locked.refused and once is None:
            locks.CONFLICTS.inc()
            REFUSED.inc()
            raise SeatUnavailable(locked.refused)
        committed = False
        incomplete = choices.incomplete(sale, wanted)
        try:
            single = once is None and seller is None and exchange is None
            alone = single and not sale.leaves_no_single and incomplete is None
            with _transaction(needed=not alone):
                claim = _claim(once, hold.booking_id)
                if claim is not None and claim.completed:
                    return Replayed(claim)
                if locked.refused:
                    locks.CONFLICTS.inc()
                held = _write(hold, sale, tickets, find(promo_code))
                if incomplete is not None:
                    raise incomplete  # only now it is known that the sale, and its rule, is the current one
                if sale.leaves_no_single:
                    choices.refuse_singles(sale, wanted)
                if once is not None and claim is not None:
                    once.answer(claim, held)
            committed = True
        finally:
            if not committed and not locked.refused:
                locks.release(showtime_id, wanted, owner=owner)
        # Locks that a call which was cut off has left, for PostgreSQL has just given the seats.
        left = wanted if locked.refused else locked.earlier
        locks.take_over(showtime_id, left, owner=owner, seconds=settings.HOLD_SECONDS)
        return held

    return _on_current_sale(showtime_id, attempt)


def hold_best_seats(
    *,
    user_id: UUID,
    showtime_id: UUID,
    quantity: Quantity,
    category: str | None = None,
    promo_code: str | None = None,
    payment_method: Mapping[str, str] | None = None,
    verified: bool = False,
    seller: Actor | None = None,
    exchange: Callable[[], Exchange] | None = None,
    once: Once | None = None,
) -> Held | Replayed:
    """Like hold_seats, with the best free seats (choices.best), chosen inside the lock.

    Raises NotEnoughSeats, and what hold_seats raises.
    """
    hold = _Hold(uuid7(), user_id, promo_code, payment_method, _limits(verified=verified), seller, exchange)

    def attempt(sale: Sale, *, find: Callable[[str | None], Offer | None]) -> Held | Replayed:
        with transaction.atomic():
            claim = _claim(once, hold.booking_id)
            if claim is not None and claim.completed:
                return Replayed(claim)
            offer = find(promo_code)  # before anybody else has to wait for this choice
            inventory.choose_alone(showtime_id)
            for _ in range(CHOICES):
                tickets = choices.best(sale, quantity, category, by_staff=seller is not None)
                try:
                    with transaction.atomic():
                        held = _write(hold, sale, tickets, offer)
                except SeatUnavailable:
                    continue  # picked by somebody in this very moment: there are others
                break
            else:
                raise NotEnoughSeats
            seat_ids = [ticket.seat_id for ticket in tickets]
            incomplete = choices.incomplete(sale, seat_ids)
            if incomplete is not None:
                raise incomplete
            if once is not None and claim is not None:
                once.answer(claim, held)
        owner = locks.Owner(user_id, hold.booking_id)
        locks.take_over(showtime_id, seat_ids, owner=owner, seconds=settings.HOLD_SECONDS)
        return held

    return _on_current_sale(showtime_id, attempt)


class _SaleChanged(Exception):
    """The sale is not, or no longer, what this process knew; nothing was written."""


class _OfferChanged(_SaleChanged):
    """What the code takes off is not."""


class _Attempt(Protocol):
    """find: what a code takes off, as it was kept or as it is now (offers)."""

    def __call__(self, sale: Sale, *, find: Callable[[str | None], Offer | None]) -> Held | Replayed: ...


def _on_current_sale(showtime_id: UUID, attempt: _Attempt) -> Held | Replayed:
    """Tries with the sale and the code as this process knows them, and once more as they are. Raises SalesClosed."""
    try:
        held = attempt(sale_of(showtime_id), find=offers.known)
    except (_SaleChanged, UnknownSeat, TicketTypeRefused):  # what it does not know may have come since
        held = _as_they_are(showtime_id, attempt)
    if isinstance(held, Held):
        HELD.inc()
    return held


def _as_they_are(showtime_id: UUID, attempt: _Attempt) -> Held | Replayed:
    """Raises SalesClosed, and PromoCodeInvalid of one that changes all the time."""
    for _ in range(CHOICES):
        try:
            return attempt(reload_sale(showtime_id), find=offers.find)
        except _OfferChanged:
            continue  # by staff, in this very moment
        except _SaleChanged:
            raise SalesClosed from None
    raise PromoCodeInvalid


def _transaction(*, needed: bool) -> AbstractContextManager[None]:
    """A hold is one statement: by itself it needs no transaction, and saves the two round trips of one."""
    return transaction.atomic() if needed or connection.in_atomic_block else nullcontext()


def _claim(once: Once | None, booking_id: UUID) -> idempotency.Claim | None:
    """Claimed and completed in one transaction with the booking, so that no request is ever half done."""
    return idempotency.claim(once.key, resource_id=booking_id) if once is not None else None


@dataclass(frozen=True, slots=True)
class _Hold:
    """What is known of a booking before its seats are; as of hold_seats()."""

    booking_id: UUID
    user_id: UUID
    promo_code: str | None
    payment_method: Mapping[str, str] | None
    limits: Limits
    seller: Actor | None
    exchange: Callable[[], Exchange] | None


def _write(hold: _Hold, sale: Sale, tickets: Sequence[Wanted], offer: Offer | None) -> Held:
    """Raises _SaleChanged, _OfferChanged, TotalTooLarge, TooManyHolds, TooManyHoldsInAll, HeldTooOften,
    AddressNotVerified, SeatUnavailable, PromoCodeInvalid of one that was stopped just now, PromoCodeUnfit,
    PromoCodeUsedUp, NotExchangeable.
    """
    exchange = hold.exchange() if hold.exchange is not None else None
    if exchange is not None:
        choices.refuse_exchange(exchange, sale)
    try:
        bill, code = offers.billed(sale, tickets, offer, at=timezone.now())
    except (PromoCodeUnfit, TotalTooLarge):
        if offers.find(hold.promo_code) == offer:
            raise
        raise _OfferChanged from None
    # What costs nothing is not charged, and no card vouches for whoever takes it.
    rest = bill.total - (exchange.carried(bill.total) if exchange is not None else 0)
    payment_method = hold.payment_method if rest else None
    booking = Booking(
        id=hold.booking_id,
        reference=_reference(),
        user_id=hold.user_id,
        showtime_id=sale.showtime.id,
        status=next_state(None, Trigger.HELD),
        total_amount=bill.total,
        currency=sale.showtime.currency,
        lines=msgspec.to_builtins(bill.lines),
        terms=sale.terms,
        with_card=payment_method is not None,
        exchange_of=exchange.booking_id if exchange is not None else None,
        exchange_worth=exchange.worth if exchange is not None else 0,
        exchange_retained=exchange.retained if exchange is not None else 0,
    )
    told = _created(booking, sale, tickets, bill, payment_method, exchange)
    try:
        booking.hold_expires_at, booking.created_at = inventory.take_seats(
            booking=booking, sale=sale, event=told, limits=hold.limits, code=code
        )
    except inventory.HoldRefused as refusal:
        if not refusal.on_sale:
            raise (_SaleChanged if refusal.offered else _OfferChanged) from None
        beyond = excess(refusal.holds, wanted=len(tickets), with_card=booking.with_card, limits=hold.limits)
        if beyond is not None:
            raise _too_much(beyond, hold.limits) from None
        if refusal.code is not None:
            raise offers.refusal(refusal.code) from None
        REFUSED.inc()
        raise SeatUnavailable(each.seat_id for each in tickets if each.seat_id not in refusal.free) from None
    if hold.seller is not None:
        types = choices.not_online(sale, tickets)
        if types:
            record(hold.seller, "booking.sold", ("booking", booking.id), after={"not sold online": types})
    return Held(booking, [sale.seats[ticket.seat_id] for ticket in tickets], sale, told)


def _reference() -> str:
    """Nobody guesses the next. As many signs as five bits can say, so each is as likely as the others."""
    return secrets.token_bytes(REFERENCE_LENGTH).translate(_REFERENCE_OF_BYTE).decode()


def _limits(*, verified: bool) -> Limits:
    most = settings.MAX_OPEN_HOLDS_IN_ALL * settings.MAX_SEATS_PER_BOOKING
    longest_hold = settings.HOLD_SECONDS + settings.HOLD_EXTENSION_SECONDS
    return Limits(
        here=settings.MAX_OPEN_HOLDS,
        in_all=settings.MAX_OPEN_HOLDS_IN_ALL,
        seats=most if verified else settings.MAX_SEATS_UNVERIFIED,
        again=settings.MAX_HOLDS_AGAIN,
        seconds=max(settings.HOLDS_AGAIN_SECONDS, longest_hold + _CLOCKS_DIFFER),
    )


def _too_much(beyond: Excess, limits: Limits) -> Problem:
    match beyond:
        case Excess.HERE:
            return TooManyHolds(f"At most {limits.here} open holds of one showtime.")
        case Excess.IN_ALL:
            return TooManyHoldsInAll(f"At most {limits.in_all} open holds at once.")
        case Excess.AGAIN:
            minutes = -(-limits.seconds // 60)
            return HeldTooOften(f"The same seats may be held {limits.again} times within {minutes} minutes.")
        case Excess.SEATS:
            return AddressNotVerified(
                f"Without a verified address at most {limits.seats} seats are held,"
                " and with a card those of one booking more until the card has answered."
            )


def _created(
    booking: Booking,
    sale: Sale,
    tickets: Sequence[Wanted],
    bill: Bill,
    payment_method: Mapping[str, str] | None,
    exchange: Exchange | None,
) -> events.BookingCreated:
    return events.BookingCreated(
        booking_id=booking.id,
        reference=booking.reference,
        user_id=booking.user_id,
        showtime_id=booking.showtime_id,
        theater_id=sale.showtime.theater_id,
        seats=sale.priced(tickets, bill),
        lines=bill.lines,
        total=Money(booking.total_amount, booking.currency),
        seller=sale.tariff.seller,
        payment_method=dict(payment_method) if payment_method else None,
        showtime=events.in_brief(sale.showtime),
        exchange=_told_of(exchange, bill.total),
    )


def _told_of(exchange: Exchange | None, total: int) -> events.InExchange | None:
    if exchange is None:
        return None
    return events.InExchange(exchange.booking_id, exchange.reference, Money(exchange.carried(total), exchange.currency))
