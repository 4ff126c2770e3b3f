"""Staff give a booking other seats of its screen: its price stays, and its tickets of before let nobody in any more."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bookings import choices, events, inventory, seat_news, tickets, words
from bookings.desk import refuse_to_decide_alone
from bookings.domain import State, Trigger
from bookings.endings import refuse_while_exchanged
from bookings.errors import BookingNotFound, SeatsNotChangeable, SeatUnavailable
from bookings.history import Cause, advance
from bookings.models import Booking, BookingSeat, SeatStatus, Showtime, ShowtimeMove
from bookings.sales import Sale, Seat, reload_sale
from bookings.selectors import locked_bookings, seats_left_of
from bookings.theaters import refuse_booking
from chassis.messaging.outbox import emit
from chassis.storage import rows
from chassis.storage.audit_log import Actor, record


def change_seats(
    *, places: Mapping[UUID, Mapping[UUID, UUID]], actor: Actor, reason: str, message: str = ""
) -> dict[UUID, list[BookingSeat]]:
    """Gives sold bookings of one showtime other seats in the place of those that they have; what each has then.

    places: by booking, of each place that it leaves the one that it gets, of whatever category: a free one, or one that
    another of these bookings leaves. reason: a note among staff. message: what each customer is told of it.
    Raises BookingNotFound, OwnPurchase, AddressChanged, ExchangeUnderWay, SeatsNotChangeable, UnknownSeat,
    CoupleSeatSplit, CompanionAlone, and SeatUnavailable naming the seats that somebody else has.
    """
    gets = [place for of_one in places.values() for place in of_one.values()]
    with transaction.atomic():
        # The showtime before its bookings, as where it moves to another screen.
        of_bookings = Booking.objects.filter(id__in=places.keys()).values("showtime_id")
        showtimes = list(Showtime.objects.select_for_update(no_key=True).filter(id__in=of_bookings).order_by("id"))
        bookings = locked_bookings(places)
        if not showtimes or len(bookings) < len(places):
            raise BookingNotFound
        for booking in bookings.values():
            refuse_booking(actor.theaters, booking)
            refuse_to_decide_alone(actor, owner_id=booking.user_id)
            refuse_while_exchanged(booking)
        if len(showtimes) > 1 or len(set(gets)) < len(gets):
            raise SeatsNotChangeable("Of one showtime, each seat once.")
        (showtime,) = showtimes
        has = dict(seats_left_of(bookings))
        for booking in bookings.values():
            _refuse_what_is_not_settled(booking, showtime)
        sale = reload_sale(showtime.id)
        sale.pick(gets)
        leaving = {each: _leaving(bookings[each], has[each], wanted) for each, wanted in places.items()}
        for each, wanted in places.items():
            _refuse_incomplete(sale, {wanted.get(seat.place, seat.place) for seat in has[each]})
        _take(showtime.id, places)
        cause = Cause(str(actor.id), reason=reason, message=message)
        for each, wanted in places.items():
            seats = {seat: sale.seats[wanted[seat.place]] for seat in leaving[each]}
            _seat_anew(bookings[each], showtime, has[each], seats, cause, actor)
    return has


def _seat_anew(
    booking: Booking,
    showtime: Showtime,
    has: Sequence[BookingSeat],
    seats: Mapping[BookingSeat, Seat],
    cause: Cause,
    actor: Actor,
) -> None:
    """has: all that the booking has. seats: of those that are left the places that they get."""
    before, now = words.names_of(has), timezone.now()
    moved = [_sit(seat, seats[seat]) for seat in words.in_order(seats)]
    booking.seat_changes += 1
    if booking.ticket:
        tickets.keep(booking, tickets.sign(booking=booking, showtime=showtime, seats=has, issued_at=now), has)
    advance(booking, Trigger.SEATS_CHANGED, cause=cause, at=now, moved=moved).save()
    rows.update(list(seats), fields=["moved_to", "row", "number"])
    rows.update([booking], fields=["seat_changes", "ticket", "seat_tickets"])
    told = {"before": {"seats": before}, "after": {"seats": words.names_of(has), "message": cause.message}}
    record(actor, "booking.reseated", ("booking", booking.id), reason=cause.reason, **told)
    emit(_event(booking, showtime, has, moved, cause.message), subject=booking.id)


def _refuse_what_is_not_settled(booking: Booking, showtime: Showtime) -> None:
    """Raises SeatsNotChangeable."""
    if booking.status != State.CONFIRMED:
        raise SeatsNotChangeable("Only what is sold is given other seats.")
    if showtime.ends_at <= timezone.now():
        raise SeatsNotChangeable("The showtime is over.")
    known = max(booking.showtime_revision, booking.told_revision)
    untold = ShowtimeMove.objects.filter(showtime=showtime, revision__gt=known).exists()
    if showtime.status == Showtime.Status.CANCELLED or showtime.reseat_due or untold:
        raise SeatsNotChangeable("The showtime was changed just now: its customers are told of that first.")


def _leaving(booking: Booking, has: Sequence[BookingSeat], places: Mapping[UUID, UUID]) -> list[BookingSeat]:
    """Those of its seats. Raises SeatsNotChangeable."""
    leaving = [seat for seat in has if seat.place in places]
    if not leaving or len(leaving) < len(places) or len(set(places.values())) < len(places):
        raise SeatsNotChangeable("Name as many other seats as seats of the booking.")
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


def _take(showtime_id: UUID, places: Mapping[UUID, Mapping[UUID, UUID]]) -> None:
    """As of change_seats(). Raises SeatUnavailable."""
    inventory.lock_seats(list(places))
    sold = SeatStatus.Status.SOLD
    taken = [
        SeatStatus(showtime_id=showtime_id, seat_id=place, status=sold, booking_id=booking_id)
        for booking_id, of_one in places.items()
        for place in of_one.values()
    ]
    left, got = {place for of_one in places.values() for place in of_one}, [seat.seat_id for seat in taken]
    theirs = inventory.seat_statuses(showtime_id, got).keys() - left
    if theirs or not inventory.move_seats(showtime_id, left=left, taken=taken):
        raise SeatUnavailable(theirs or got)
    seat_news.tell_when_committed([showtime_id])


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
