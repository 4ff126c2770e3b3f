"""A showtime moves to another screen: everybody who has seats gets others there (reseating.py), in one transaction.

From the transaction that hears of the move until the end of that one nothing is sold of the showtime. Then it is told
like any other move (moves.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from bookings import endings, events, inventory, locks, reseating, sales, seat_news, tickets
from bookings.domain import OPEN, State, Trigger
from bookings.errors import ScreenUnknown, ShowtimeNotFound
from bookings.history import Cause
from bookings.models import Booking, BookingSeat, Screen, SeatStatus, Showtime, ShowtimeMove
from bookings.sales import Seat
from bookings.selectors import seats_left_of
from chassis.messaging.outbox import emit
from chassis.storage import rows

# Those whose screen is not known yet wait for it, and keep nobody else waiting.
_DUE = "SELECT id FROM showtimes WHERE reseat_due AND EXISTS (SELECT FROM screens WHERE id = screen_id) LIMIT %s"

NO_SEAT = "The showtime was moved to {}, which has no seat left like yours. We are sorry."


class _Taken(Exception):
    """A seat was taken in the very moment in which it was given to somebody; nothing was written."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who sits where in another screen. bookings: the open ones that have no seats there, by their ids.

    seats: what each of them has. found: of those that all get seats, by the place that they leave. blocks: of the seats
    that are off sale, by where they were; those that have no twin, or give way to somebody, are not.
    """

    showtime: Showtime
    screen: Screen
    bookings: Sequence[Booking]
    seats: Mapping[UUID, Sequence[BookingSeat]]
    found: Mapping[UUID, Mapping[UUID, Seat]]
    blocked: Sequence[UUID]
    blocks: Mapping[UUID, Seat]

    @property
    def without_seat(self) -> list[Booking]:
        return [booking for booking in self.bookings if booking.id not in self.found]

    def seats_of(self, booking: Booking) -> list[tuple[BookingSeat, Seat | None]]:
        """What it has, and what it gets for that: None for all where it finds no seats."""
        found = self.found.get(booking.id, {})
        return [(seat, found.get(seat.place)) for seat in self.seats[booking.id]]


def preview(showtime_id: UUID, screen_id: UUID) -> Plan:
    """Who would sit where if the showtime were moved to that screen now. Raises ShowtimeNotFound, ScreenUnknown."""
    showtime = Showtime.objects.filter(id=showtime_id).first()
    if showtime is None:
        raise ShowtimeNotFound
    screen = Screen.objects.filter(id=screen_id, theater_id=showtime.theater_id).first()
    if screen is None:
        raise ScreenUnknown
    return _plan(showtime, screen, [booking for booking in _open(showtime) if not booking.is_over])


def reseat_moved(*, limit: int = 20) -> int:
    """Seats the bookings of showtimes that are in another screen by now, at most of `limit` of them; of how many.

    Each is a transaction of its own. Whoever gets no seat is cancelled, told and refunded: staff have said so, or the
    screen has room for all that could be sold (catalog). Holds that are over end.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [limit])
        due = [showtime_id for (showtime_id,) in cursor.fetchall()]
    return sum(_reseat(showtime_id) for showtime_id in due)


def seat_late(bookings: Sequence[Booking], showtimes: Mapping[UUID, Showtime]) -> list[Booking]:
    """Seats those of these locked bookings that were on their way to their commit when the others were seated.

    showtimes: theirs, as they are now. Those that can be told of the move come back: whoever has seats of its screen.
    """
    late: dict[UUID, list[Booking]] = {}
    for booking in bookings:
        if max(booking.showtime_revision, booking.seated_revision) < showtimes[booking.showtime_id].screen_since:
            late.setdefault(booking.showtime_id, []).append(booking)
    without = {booking.id for its in late.values() for booking in its}
    for showtime_id, its in late.items():
        without -= _seat(showtimes[showtime_id], its)
    return [booking for booking in bookings if booking.id not in without]


def _seat(known: Showtime, late: Sequence[Booking]) -> set[UUID]:
    """Which of them have seats now; none while somebody else is at it, who may be waiting for these bookings."""
    try:
        with transaction.atomic():
            showtime = _locked(known.id, reseat_due=False)
            if showtime is None or showtime.revision != known.revision:
                return set()
            screen = Screen.objects.get(id=showtime.screen_id)
            inventory.lock_seats([booking.id for booking in late])
            plan = _plan(showtime, screen, late)
            _carry_out(plan)
    except _Taken:
        return set()
    return {booking.id for booking in late} - {booking.id for booking in plan.without_seat}


def _reseat(showtime_id: UUID) -> bool:
    try:
        with transaction.atomic():
            showtime = _locked(showtime_id, reseat_due=True)
            screen = Screen.objects.filter(id=showtime.screen_id).first() if showtime is not None else None
            if showtime is None or screen is None:
                return False
            bookings = list(_open(showtime).select_for_update(of=("self",)))
            inventory.lock_seats([booking.id for booking in bookings])
            over = [booking for booking in bookings if booking.is_over]
            endings.end(over, Trigger.HOLD_ENDED, cause=Cause("clock", reason="hold_ended"))
            _carry_out(_plan(showtime, screen, [booking for booking in bookings if not booking.is_over]))
            showtime.reseat_due = False
            showtime.save(update_fields=["reseat_due"])
    except _Taken:
        return False
    return True


def _locked(showtime_id: UUID, *, reseat_due: bool) -> Showtime | None:
    """Unless somebody else is at it. Before the bookings, so nobody who waits for them is waited for."""
    showtimes = Showtime.objects.select_for_update(skip_locked=True, no_key=True)
    return showtimes.filter(id=showtime_id, reseat_due=reseat_due).first()


def _open(showtime: Showtime) -> QuerySet[Any]:
    """By their ids; is_over: the hold is, by the clock of the database, and nobody has ended it yet."""
    over = Q(status=State.PENDING, hold_expires_at__lte=Now())
    bookings = Booking.objects.filter(showtime=showtime, status__in=sorted(OPEN)).order_by("id")
    return bookings.annotate(is_over=ExpressionWrapper(over, output_field=BooleanField()))


def _plan(showtime: Showtime, screen: Screen, bookings: Sequence[Booking]) -> Plan:
    hall = sales.seats_of(screen)
    there = {seat.id for seat in hall}
    seats = seats_left_of([booking.id for booking in bookings])
    leaving = [booking for booking in bookings if any(seat.place not in there for seat in seats[booking.id])]
    statuses = inventory.seat_statuses(showtime.id)
    free = there - statuses.keys()
    spots = _spots_of_halls_before(showtime)
    blocked = sorted(seat for seat, status in statuses.items() if status == "blocked" and seat not in there)
    twins = reseating.twins(hall)
    off = {seat_id: twins.get((spots[seat_id].row, spots[seat_id].number)) for seat_id in blocked if seat_id in spots}
    found = reseating.reseat(
        [reseating.Party(booking.id, [_spot(seat, spots) for seat in seats[booking.id]]) for booking in leaving],
        hall,
        free=free,
        rather_not={twin.id for twin in off.values() if twin is not None},
    )
    given = {seat.id for its in found.values() for seat in its.values()}
    return Plan(
        showtime=showtime,
        screen=screen,
        bookings=leaving,
        seats=seats,
        found=found,
        blocked=blocked,
        blocks={seat: twin for seat, twin in off.items() if twin is not None and twin.id in free - given},
    )


def _spots_of_halls_before(showtime: Showtime) -> dict[UUID, reseating.Spot]:
    """The seats of the screens that it has been in, as far as their layouts are known."""
    moves = ShowtimeMove.objects.filter(showtime=showtime)
    screens = {UUID(move.terms["screen_id"]) for move in moves if move.terms} | {showtime.screen_id}
    spots: dict[UUID, reseating.Spot] = {}
    for screen in Screen.objects.filter(id__in=screens):
        spots |= reseating.spots(sales.seats_of(screen))
    return spots


def _spot(seat: BookingSeat, spots: Mapping[UUID, reseating.Spot]) -> reseating.Spot:
    """A seat that its hall has no more is somewhere in the middle."""
    return spots.get(seat.place) or reseating.Spot(seat.place, seat.row, seat.number, seat.category)


def _carry_out(plan: Plan) -> None:
    """Within a transaction that has the showtime and the bookings. Raises _Taken."""
    message = NO_SEAT.format(plan.showtime.screen_name)
    cause = Cause("catalog", reason="no_seat_in_the_other_screen", message=message)
    endings.end(plan.without_seat, Trigger.CANCELLED_BY_STAFF, cause=cause)
    moved = [booking for booking in plan.bookings if booking.id in plan.found]
    left = [seat.place for booking in moved for seat in plan.seats[booking.id]]
    off_sale = SeatStatus.objects.filter(showtime_id=plan.showtime.id, seat_id__in=plan.blocks)
    why = {seat.seat_id: {"block_reason": seat.block_reason, "blocked_until": seat.blocked_until} for seat in off_sale}
    taken = [
        *(_taken(plan, booking, place) for booking in moved for place in plan.found[booking.id].values()),
        *(_row(plan, twin.id, SeatStatus.Status.BLOCKED, **why.get(seat, {})) for seat, twin in plan.blocks.items()),
    ]
    if not inventory.move_seats(plan.showtime.id, left=[*left, *plan.blocked], taken=taken):
        raise _Taken
    seat_news.tell_when_committed([plan.showtime.id])
    for booking in moved:
        _let_go_of_locks(booking, [seat.place for seat in plan.seats[booking.id]])
        _sit_down(plan, booking)
    seats = [seat for booking in moved for seat in plan.seats[booking.id]]
    rows.update(seats, fields=["moved_to", "row", "number", "seat_before"])
    rows.update(moved, fields=["seated_revision", "ticket", "seat_tickets"])
    if plan.blocked:
        _tell_of_blocks(plan)


def _taken(plan: Plan, booking: Booking, seat: Seat) -> SeatStatus:
    if booking.status == State.CONFIRMED:
        return _row(plan, seat.id, SeatStatus.Status.SOLD, booking_id=booking.id)
    status, until = SeatStatus.Status.HELD, booking.hold_expires_at
    return _row(plan, seat.id, status, booking_id=booking.id, held_until=until)


def _row(plan: Plan, seat_id: UUID, status: SeatStatus.Status, **whose: Any) -> SeatStatus:
    return SeatStatus(showtime_id=plan.showtime.id, seat_id=seat_id, status=status, **whose)


def _sit_down(plan: Plan, booking: Booking) -> None:
    """Puts the new seats and their tickets into the rows, which are not saved yet."""
    seats = plan.seats[booking.id]
    for seat in seats:
        place = plan.found[booking.id][seat.place]
        seat.seat_before = seat.seat_before or str(seat)
        seat.moved_to = None if place.id == seat.seat_id else place.id
        seat.row, seat.number = place.row, place.number
    booking.seated_revision = plan.showtime.screen_since
    if booking.ticket:
        codes = tickets.sign(booking=booking, showtime=plan.showtime, seats=seats, issued_at=timezone.now())
        tickets.keep(booking, codes, seats)


def _let_go_of_locks(booking: Booking, places: Sequence[UUID]) -> None:
    """Of the seats that it leaves; those of the others stay without one, for the inventory guards them."""
    owner = locks.Owner(booking.user_id, booking.id)
    transaction.on_commit(lambda: locks.release(booking.showtime_id, places, owner=owner))


def _tell_of_blocks(plan: Plan) -> None:
    showtime_id = plan.showtime.id
    revision = inventory.next_blocking(showtime_id)
    assert revision is not None  # its row is locked
    seats = sorted(twin.id for twin in plan.blocks.values())
    event, about = (events.SeatsBlocked, seats) if seats else (events.SeatsUnblocked, list(plan.blocked))
    emit(event(showtime_id, revision, about, inventory.count_blocked(showtime_id)), subject=showtime_id)
