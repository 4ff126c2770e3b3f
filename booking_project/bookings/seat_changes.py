"""Staff give a booking other seats of its screen: its price stays, and its tickets of before let nobody in any more."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bookings import choices, events, inventory, seat_news, tickets
from bookings.desk import refuse_to_decide_alone
from bookings.domain import State, Trigger
from bookings.endings import refuse_while_exchanged
from bookings.errors import BookingNotFound, SeatsNotChangeable, SeatUnavailable
from bookings.history import Cause, advance
from bookings.models import Booking, BookingSeat, SeatStatus, Showtime, ShowtimeMove
from bookings.sales import Sale, Seat, reload_sale
from bookings.selectors import locked_booking, seats_left_of
from bookings.theaters import refuse_booking
from bookings.words import names_of
from chassis.messaging.outbox import emit
from chassis.storage import rows
from chassis.storage.audit_log import Actor, record


def change_seats(
    *, booking_id: UUID, places: Mapping[UUID, UUID], actor: Actor, reason: str, message: str = ""
) -> list[BookingSeat]:
    """Gives a sold booking free seats in the place of those that it has; what it has then comes back.

    places: of each place that it leaves the one that it gets, of whatever category. reason: a note among staff.
    message: what the customer is told of it.
    Raises BookingNotFound, OwnPurchase, AddressChanged, ExchangeUnderWay, SeatsNotChangeable, UnknownSeat,
    CoupleSeatSplit, CompanionAlone, and SeatUnavailable naming the seats that somebody else has.
    """
    with transaction.atomic():
        # The showtime before its booking, as where it moves to another screen.
        of_booking = Booking.objects.filter(id=booking_id).values("showtime_id")
        showtime = Showtime.objects.select_for_update(no_key=True).filter(id__in=of_booking).first()
        booking = locked_booking(booking_id)
        if showtime is None or booking is None:
            raise BookingNotFound
        refuse_booking(actor.theaters, booking)
        refuse_to_decide_alone(actor, owner_id=booking.user_id)
        refuse_while_exchanged(booking)
        _refuse_what_is_not_settled(booking, showtime)
        sale = reload_sale(showtime.id)
        sale.pick(places.values())
        has = seats_left_of([booking.id])[booking.id]
        leaving = _leaving(booking, has, places)
        _refuse_incomplete(sale, {places.get(seat.place, seat.place) for seat in has})
        before = names_of(has)
        moved = [_sit(seat, sale.seats[places[seat.place]]) for seat in leaving]
        _take(booking, left=places.keys(), got=places.values())
        booking.seat_changes += 1
        if booking.ticket:
            codes = tickets.sign(booking=booking, showtime=showtime, seats=has, issued_at=timezone.now())
            tickets.keep(booking, codes, has)
        cause = Cause(str(actor.id), reason=reason, message=message)
        advance(booking, Trigger.SEATS_CHANGED, cause=cause, at=timezone.now()).save()
        rows.update(leaving, fields=["moved_to", "row", "number"])
        rows.update([booking], fields=["seat_changes", "ticket", "seat_tickets"])
        told = {"before": {"seats": before}, "after": {"seats": names_of(has), "message": message}}
        record(actor, "booking.reseated", ("booking", booking.id), reason=reason, **told)
        emit(_event(booking, showtime, has, moved, message), subject=booking.id)
    return has


def _refuse_what_is_not_settled(booking: Booking, showtime: Showtime) -> None:
    """Raises SeatsNotChangeable."""
    if booking.status != State.CONFIRMED:
        raise SeatsNotChangeable("Only what is sold is given other seats.")
    known = max(booking.showtime_revision, booking.told_revision)
    untold = ShowtimeMove.objects.filter(showtime=showtime, revision__gt=known).exists()
    if showtime.status == Showtime.Status.CANCELLED or showtime.reseat_due or untold:
        raise SeatsNotChangeable("The showtime was changed just now: its customers are told of that first.")


def _leaving(booking: Booking, has: Sequence[BookingSeat], places: Mapping[UUID, UUID]) -> list[BookingSeat]:
    """Those of its seats. Raises SeatsNotChangeable."""
    leaving = [seat for seat in has if seat.place in places]
    if not leaving or len(leaving) < len(places) or len(set(places.values())) < len(places):
        raise SeatsNotChangeable("Name as many free seats as seats of the booking.")
    let_in = set(booking.check_ins.values_list("seat_id", flat=True))
    if used := [seat.place for seat in leaving if seat.seat_id in let_in]:
        raise SeatsNotChangeable("Somebody was let in to it.", used)
    return leaving


def _refuse_incomplete(sale: Sale, chosen: set[UUID]) -> None:
    """Raises CoupleSeatSplit, CompanionAlone."""
    incomplete = choices.incomplete(sale, sorted(chosen & sale.seats.keys()))
    if incomplete is not None:
        raise incomplete


def _sit(seat: BookingSeat, place: Seat) -> events.MovedSeat:
    """Puts the place into the row, which is not saved yet."""
    before = str(seat)
    seat.moved_to = None if place.id == seat.seat_id else place.id
    seat.row, seat.number = place.row, place.number
    return events.MovedSeat(seat.seat_id, before=before, now=str(seat), moved_to=seat.moved_to)


def _take(booking: Booking, *, left: Collection[UUID], got: Collection[UUID]) -> None:
    """Raises SeatUnavailable."""
    inventory.lock_seats([booking.id])
    sold = SeatStatus.Status.SOLD
    taken = [
        SeatStatus(showtime_id=booking.showtime_id, seat_id=place, status=sold, booking_id=booking.id) for place in got
    ]
    theirs = inventory.seat_statuses(booking.showtime_id, list(got)).keys() - set(left)
    if theirs or not inventory.move_seats(booking.showtime_id, left=left, taken=taken):
        raise SeatUnavailable(theirs or got)
    seat_news.tell_when_committed([booking.showtime_id])


def _event(
    booking: Booking,
    showtime: Showtime,
    seats: Sequence[BookingSeat],
    moved: list[events.MovedSeat],
    message: str,
) -> events.BookingReseated:
    return events.BookingReseated(
        booking_id=booking.id,
        reference=booking.reference,
        user_id=booking.user_id,
        showtime_id=booking.showtime_id,
        seating=booking.seating,
        ticket=booking.ticket,
        tickets=events.seat_tickets(booking, seats),
        seats=[events.ticket_seat(seat) for seat in seats],
        moved_seats=moved,
        showtime=events.in_brief(showtime),
        message=message,
    )
