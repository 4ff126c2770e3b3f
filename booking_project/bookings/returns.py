"""Seats that a customer gives back of a booking that goes on with the others, by the rules it was sold under.

Booking decides and frees them at once; their money is payment's to give back, which booking.reduced asks for. All that
a booking has is its cancellation (endings.py), to the same unit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from bookings import endings, reductions, seating
from bookings.domain import Cancellation, State, Trigger, Why, taken_back
from bookings.errors import (
    AccompaniedAlone,
    BookingNotFound,
    CancellationClosed,
    CompanionAlone,
    CoupleSeatSplit,
    SeatsNotReturnable,
)
from bookings.history import Cause
from bookings.models import Booking, BookingSeat, PromoUse
from bookings.prices import goes_alone
from bookings.promo_errors import PromoCodeUnfit
from bookings.promo_rules import Misfit
from bookings.reductions import Due
from bookings.sales import Sale, known_sale
from bookings.selectors import kept_of, on_its_way
from chassis.money import allot


def give_back_seats(*, booking_id: UUID, user_id: UUID, seat_ids: Sequence[UUID]) -> Cancellation:
    """Gives seats of a customer's own, confirmed booking back; what comes back of them, and what does not, is returned.

    All that it has is its cancellation. Raises BookingNotFound, ExchangeUnderWay, SeatsNotReturnable,
    CancellationClosed, NotCancellable, CoupleSeatSplit, CompanionAlone, AccompaniedAlone, PromoCodeUnfit.
    """
    with transaction.atomic():
        booking = endings.locked_own(booking_id, user_id)
        endings.refuse_while_exchanged(booking)
        parted = _parted(booking, seat_ids)
        if not parted.staying:
            return endings.cancel(booking)
        outcome = _outcome(booking, parted)
        if outcome.why is Why.CHECKED_IN:
            raise SeatsNotReturnable("Somebody was let in to them.", _let_in(booking, parted.going))
        if not outcome.allowed:
            raise CancellationClosed
        amounts = allot(outcome.refund, [_left_of(seat) for seat in parted.going])
        of_each = {seat.seat_id: amount for seat, amount in zip(parted.going, amounts, strict=True)}
        reductions.give_back(
            booking,
            of_each.keys(),
            trigger=Trigger.SEATS_GIVEN_BACK,
            cause=Cause(actor=str(user_id)),
            due=Due(of_each, outcome.retained),
        )
    return outcome


def quote_seats_back(*, booking_id: UUID, user_id: UUID, seat_ids: Sequence[UUID]) -> tuple[Booking, Cancellation]:
    """The booking, and what would come of giving these seats of it back now.

    Raises BookingNotFound, SeatsNotReturnable, CoupleSeatSplit, CompanionAlone, AccompaniedAlone, PromoCodeUnfit.
    """
    booking = Booking.objects.select_related("showtime").filter(id=booking_id, user_id=user_id).first()
    if booking is None:
        raise BookingNotFound
    parted = _parted(booking, seat_ids)
    return booking, _outcome(booking, parted) if parted.staying else endings.cancellation_of(booking)


@dataclass(frozen=True, slots=True)
class _Parted:
    """The seats of a booking: those that it has no more, those that go, and those that would stay."""

    gone: Sequence[BookingSeat]
    going: Sequence[BookingSeat]
    staying: Sequence[BookingSeat]


def _parted(booking: Booking, seat_ids: Collection[UUID]) -> _Parted:
    """Raises SeatsNotReturnable, and what stands against leaving the others alone."""
    if booking.status != State.CONFIRMED:
        raise SeatsNotReturnable(f"The booking is {booking.status}.")
    seats, wanted = list(booking.seats.all()), set(seat_ids)
    has = [seat for seat in seats if seat.given_back_at is None]
    strange = wanted.difference(seat.seat_id for seat in has)
    if strange:
        raise SeatsNotReturnable("The booking does not have them.", strange)
    parted = _Parted(
        gone=[seat for seat in seats if seat.given_back_at is not None],
        going=[seat for seat in has if seat.seat_id in wanted],
        staying=[seat for seat in has if seat.seat_id not in wanted],
    )
    if parted.staying:
        _refuse_what_stays_alone(booking, parted)
    return parted


def _outcome(booking: Booking, parted: _Parted) -> Cancellation:
    """Of seats while others stay: nothing of what was kept before comes back, nor of what is the booking's."""
    refunded = booking.refunded_amount + on_its_way(parted.gone) + kept_of(parted.gone)
    return taken_back(
        price=sum(seat.price_amount for seat in parted.going),
        left=min(sum(map(_left_of, parted.going)), max(booking.total_amount - refunded, 0)),
        checked_in=bool(_let_in(booking, parted.going)),
        **endings.rules_now(booking),
    )


def _left_of(seat: BookingSeat) -> int:
    """What has not gone back of its price, as goodwill may have while it stayed."""
    return seat.price_amount - (seat.refund_amount or 0)


def _let_in(booking: Booking, seats: Sequence[BookingSeat]) -> list[UUID]:
    wanted = [seat.seat_id for seat in seats]
    return list(booking.check_ins.filter(seat_id__in=wanted).values_list("seat_id", flat=True))


def _refuse_what_stays_alone(booking: Booking, parted: _Parted) -> None:
    """Raises CoupleSeatSplit, CompanionAlone, AccompaniedAlone, PromoCodeUnfit.

    What was sold together stays together or goes together. What was alone already is not held against anybody.
    """
    sale = known_sale(booking.showtime_id)
    if sale is not None:
        _refuse_split_places(sale, parted)
        _refuse_unaccompanied(sale, parted)
    _refuse_fewer_than_the_code_wants(booking, parted)


def _refuse_split_places(sale: Sale, parted: _Parted) -> None:
    """By where they are now; they are named as they were sold."""
    sold = {seat.place: seat.seat_id for seat in (*parted.going, *parted.staying)}
    going = {seat.place for seat in parted.going}
    staying = {seat.place for seat in parted.staying}
    split = staying.intersection(seating.halves_left(going, sale.halves))
    if split:
        raise CoupleSeatSplit({sold[place] for place in split})
    if not sale.reserved:
        return
    places = sale.seats.values()
    before = {seat.id for seat in seating.companions_alone(places, going | staying)}
    alone = [seat.id for seat in seating.companions_alone(places, staying) if seat.id not in before]
    if alone:
        raise CompanionAlone(sold[place] for place in alone)


def _refuse_unaccompanied(sale: Sale, parted: _Parted) -> None:
    def may_go(seats: Sequence[BookingSeat]) -> bool:
        return any(goes_alone(sale.tariff, seat.ticket_type) for seat in seats)

    if may_go(parted.going) and not may_go(parted.staying):
        raise AccompaniedAlone(f"/seat_ids/{place}" for place in range(len(parted.going)))


def _refuse_fewer_than_the_code_wants(booking: Booking, parted: _Parted) -> None:
    """Else the price of many would be had for few: it stays as it was sold."""
    use = PromoUse.objects.select_related("promotion").filter(booking=booking, given_back_at=None).first()
    left = len(parted.staying)
    if use is None or not {seat.seat_id for seat in parted.staying}.intersection(use.seat_ids):
        return
    fewest = use.promotion.min_tickets
    if left < fewest <= left + len(parted.going):
        raise PromoCodeUnfit(Misfit.TICKETS, fewest)
