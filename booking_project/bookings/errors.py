"""What booking answers when it says no; the codes are stable."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from chassis.web.problems import BadRequestFields, Conflict, NotFound, ServiceUnavailable

SEATS: dict[str, Any] = {
    "seats": {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "description": "Which seats it is about.",
        "examples": [["019ab1c8-1000-7a00-8000-0000000000a1"]],
    }
}


class SeatUnavailable(Conflict):
    """`seats` names which of the asked seats are held or sold."""

    code = "seat_unavailable"
    title = "A seat is held or sold already"
    members = SEATS

    def __init__(self, seats: Iterable[UUID]) -> None:
        super().__init__(seats=sorted(str(seat) for seat in seats))


class UnknownSeat(BadRequestFields):
    """A seat id that is not of this showtime's screen."""

    code = "unknown_seat"
    title = "A seat is not one of this showtime"


class ShowtimeNotFound(NotFound):
    code = "showtime_not_found"
    title = "There is no such showtime"


class ShowtimeUnknown(ServiceUnavailable):
    """Neither the events nor a call to catalog told of the showtime yet."""

    code = "showtime_unavailable"
    title = "The showtime cannot be looked up right now"


class SalesClosed(Conflict):
    code = "sales_closed"
    title = "This showtime is not on sale"


class TooManyHolds(Conflict):
    code = "too_many_holds"
    title = "You hold seats of this showtime already"


class BookingNotFound(NotFound):
    code = "booking_not_found"
    title = "There is no such booking"


class NotCancellable(Conflict):
    """The booking ended already."""

    code = "not_cancellable"
    title = "This booking cannot be cancelled any more"


class CancellationClosed(Conflict):
    code = "cancellation_closed"
    title = "The theater does not take these tickets back any more"


class NotEnoughSeats(Conflict):
    code = "not_enough_seats"
    title = "There are not that many free seats of this kind"


class CoupleSeatSplit(Conflict):
    """`seats` names the other halves."""

    code = "couple_seat_split"
    title = "Both halves of a couple seat are booked together"
    members = SEATS

    def __init__(self, seats: Iterable[UUID]) -> None:
        super().__init__("Choose both halves of a couple seat.", seats=sorted(str(seat) for seat in seats))


class CompanionAlone(Conflict):
    """`seats` names the companion seats."""

    code = "companion_alone"
    title = "A companion seat is booked together with a wheelchair place"
    members = SEATS

    def __init__(self, seats: Iterable[UUID]) -> None:
        super().__init__("Choose the wheelchair place beside it too.", seats=sorted(str(seat) for seat in seats))


class OrphanSeat(Conflict):
    """`seats` names the single free seats that the choice would leave."""

    code = "orphan_seat"
    title = "The choice would leave a single seat"
    members = SEATS

    def __init__(self, seats: Iterable[UUID]) -> None:
        super().__init__(
            "Choose seats next to others, so that no single seat is left between them.",
            seats=sorted(str(seat) for seat in seats),
        )
