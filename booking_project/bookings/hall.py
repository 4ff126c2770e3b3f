"""Who sits where: every seat of a showtime with what became of it, for staff."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from bookings import selectors
from bookings.domain import State
from bookings.models import Booking, BookingSeat, CheckIn, Customer, SeatStatus, Showtime
from bookings.sales import Sale, Seat
from bookings.words import names_of

# In the order in which they are counted for people.
WORDS = {"available": "on sale", "held": "held", "sold": "sold", "blocked": "off sale"}
LET_IN = "let in"


@dataclass(frozen=True, slots=True)
class Party:
    """An open booking with the seats that it has. address: its customer's, "" where none is known."""

    booking: Booking
    seats: list[BookingSeat]
    let_in: Mapping[UUID, CheckIn]
    address: str

    @property
    def names(self) -> str:
        return names_of(self.seats)

    @property
    def is_sold(self) -> bool:
        return self.booking.status == State.CONFIRMED

    @property
    def is_in(self) -> bool:
        """Somebody is."""
        return bool(self.let_in)


@dataclass(frozen=True, slots=True)
class Spot:
    """A seat on the map. status: one of WORDS. reason, ends: of one that is off sale, by the theater's clock."""

    seat: Seat
    status: str
    party: Party | None = None
    let_in: CheckIn | None = None
    reason: str = ""
    ends: str = ""

    @property
    def name(self) -> str:
        return f"{self.seat.row}{self.seat.number}"

    @property
    def mark(self) -> str:
        """What somebody who looks at the map sees of it: it is another one when the seat has become another's."""
        return self.status if self.party is None else str(self.party.booking.id)

    @property
    def said(self) -> str:
        return LET_IN if self.let_in is not None else WORDS[self.status]


@dataclass(frozen=True, slots=True)
class Hall:
    """spots: from the screen to the back, from left to right."""

    sale: Sale
    spots: list[Spot]
    parties: list[Party] = field(default_factory=list)

    @property
    def showtime(self) -> Showtime:
        return self.sale.showtime

    @property
    def off_sale(self) -> list[Spot]:
        return [spot for spot in self.spots if spot.status == "blocked"]

    @property
    def counted(self) -> str:
        """36 on sale, 2 held, 2 off sale."""
        counts = Counter(spot.status for spot in self.spots)
        return ", ".join(f"{counts[status]} {said}" for status, said in WORDS.items() if counts[status])


def hall_of(showtime_id: UUID, *, with_bookings: bool) -> Hall:
    """The hall as it is. with_bookings: whose the seats are is for the reader's eyes.

    Raises ShowtimeNotFound, ShowtimeUnknown.
    """
    sale, statuses = selectors.seat_map(showtime_id)
    parties = _parties_of(showtime_id) if with_bookings else []
    whose = {seat.place: (party, party.let_in.get(seat.seat_id)) for party in parties for seat in party.seats}
    blocks = {row.seat_id: row for row in SeatStatus.objects.filter(showtime_id=showtime_id, status="blocked")}
    in_order = sorted(sale.seats.values(), key=lambda seat: (seat.y, seat.x))
    return Hall(sale, [_spot(sale.showtime, seat, statuses, whose, blocks) for seat in in_order], parties)


def _spot(
    showtime: Showtime,
    seat: Seat,
    statuses: Mapping[UUID, str],
    whose: Mapping[UUID, tuple[Party, CheckIn | None]],
    blocks: Mapping[UUID, SeatStatus],
) -> Spot:
    status = statuses.get(seat.id, "available")
    if status == "blocked" and seat.id in blocks:
        until = blocks[seat.id].blocked_until
        ends = showtime.at_the_theater(until) if until is not None else ""
        return Spot(seat, status, reason=blocks[seat.id].block_reason, ends=ends)
    if status in ("held", "sold") and seat.id in whose:
        return Spot(seat, status, *whose[seat.id])
    return Spot(seat, status)


def _parties_of(showtime_id: UUID) -> list[Party]:
    """By reference. A hold that has ended counts no more, whether or not it was swept."""
    has_seats = Q(status=State.CONFIRMED) | Q(status=State.PENDING, hold_expires_at__gt=Now())
    bookings = list(
        Booking.objects.filter(has_seats, showtime=showtime_id)
        .defer("lines", "terms")
        .prefetch_related("seats", "check_ins")
        .order_by("reference")
    )
    addresses = _addresses_of(booking.user_id for booking in bookings)
    return [
        Party(
            booking,
            selectors.seats_left(booking),
            {each.seat_id: each for each in booking.check_ins.all()},
            addresses.get(booking.user_id, ""),
        )
        for booking in bookings
    ]


def _addresses_of(user_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    return dict(Customer.objects.filter(user_id__in=set(user_ids)).values_list("user_id", "email"))
