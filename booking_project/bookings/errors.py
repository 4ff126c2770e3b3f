"""What booking answers when it says no; the codes are stable."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from chassis.web.problems import (
    BadRequest,
    BadRequestFields,
    Conflict,
    NotFound,
    PermissionDenied,
    ServiceUnavailable,
)

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
    """A seat id that is not of this showtime's screen; each place in the request is named."""

    code = "unknown_seat"
    title = "A seat is not one of this showtime"

    def __init__(self, pointers: Iterable[str]) -> None:
        super().__init__(errors=[{"pointer": pointer, "detail": "No seat of this showtime."} for pointer in pointers])


class ShowtimeNotFound(NotFound):
    code = "showtime_not_found"
    title = "There is no such showtime"


class ScreenUnknown(NotFound):
    """Nor is one of another theater any screen of this one."""

    code = "screen_not_found"
    title = "The theater has no such screen"


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


class TooManyHoldsInAll(Conflict):
    """Of all showtimes together."""

    code = "too_many_holds_in_all"
    title = "You hold seats of many showtimes already"


class HeldTooOften(Conflict):
    """The same seats were held again and again without being bought; after a while they may be once more."""

    code = "held_too_often"
    title = "You held these seats several times and did not buy them"


class AddressNotVerified(PermissionDenied):
    """So many seats are held for a verified address, or for one booking whose card has not answered yet."""

    code = "address_not_verified"
    title = "Verify your e-mail address, or pay with the booking, to hold that many seats"


class BookingNotFound(NotFound):
    code = "booking_not_found"
    title = "There is no such booking"


class NotCancellable(Conflict):
    """The booking ended already, or somebody was let in with its ticket."""

    code = "not_cancellable"
    title = "This booking cannot be cancelled any more"


class NotExchangeable(Conflict):
    """It is not paid, somebody was let in with its ticket, or the showtime is none that it is exchanged for."""

    code = "not_exchangeable"
    title = "This booking cannot be exchanged for that"


class ExchangeOpen(Conflict):
    """Seats are held in exchange for the booking already: pay that hold, cancel it, or wait until it ends."""

    code = "exchange_open"
    title = "This booking is being exchanged already"


class ExchangeUnderWay(Conflict):
    """The other booking is sold, and its money is being taken: a moment later one of the two has ended."""

    code = "exchange_under_way"
    title = "This booking is being exchanged just now"


class SeatsNotReturnable(Conflict):
    """The booking is not sold, or `seats`, which it has no more or which somebody was let in to."""

    code = "seats_not_returnable"
    title = "These seats cannot be given back"
    members = SEATS

    def __init__(self, detail: str, seats: Iterable[UUID] = ()) -> None:
        super().__init__(detail, seats=sorted(str(seat) for seat in seats))


class SeatsNotChangeable(Conflict):
    """The booking is not sold, `seats` are not its own or somebody was let in to them, or it is about to be told of
    others."""

    code = "seats_not_changeable"
    title = "These seats cannot be changed"
    members = SEATS

    def __init__(self, detail: str, seats: Iterable[UUID] = ()) -> None:
        super().__init__(detail, seats=sorted(str(seat) for seat in seats))


class ChangeNotAcceptable(Conflict):
    code = "change_not_acceptable"
    title = "What this showtime became cannot be accepted any more"


class NothingToAccept(Conflict):
    """Nothing changed since it was sold, or not until the revision that is named."""

    code = "nothing_to_accept"
    title = "Nothing is to be accepted: the showtime is as it was sold, or its customers are told of the change first"


class HoldExtended(Conflict):
    """`hold_expires_at` says until when the seats are held."""

    code = "hold_extended"
    title = "This hold was extended before, which is possible once"
    members: ClassVar[dict[str, Any]] = {
        "hold_expires_at": {"type": "string", "format": "date-time", "examples": ["2026-11-22T03:25:00Z"]}
    }

    def __init__(self, hold_expires_at: datetime) -> None:
        super().__init__(hold_expires_at=hold_expires_at.isoformat())


class HoldOver(Conflict):
    code = "hold_over"
    title = "The hold has ended"


class NotExtendable(Conflict):
    """The booking is not held any more, its card was asked with it, or the hold lasts as long as it may."""

    code = "not_extendable"
    title = "This hold cannot be made longer"


class TicketInvalid(BadRequest):
    """Not signed by us, or not a ticket at all."""

    code = "ticket_invalid"
    title = "This is no ticket of ours"


class TicketUnknown(NotFound):
    """Signed by us, for a booking or a seat that is not here."""

    code = "ticket_unknown"
    title = "There is no booking for this ticket"


class WrongShowtime(Conflict):
    """`showtime` is the one that the ticket is for."""

    code = "wrong_showtime"
    title = "This ticket is for another showtime"
    members: ClassVar[dict[str, Any]] = {
        "showtime": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "movie_title": {"type": "string"},
                "theater_name": {"type": "string"},
                "screen": {"type": "string"},
                "starts_at": {"type": "string", "format": "date-time"},
                "time_zone": {"type": "string"},
            },
            "required": ["id", "movie_title", "theater_name", "screen", "starts_at", "time_zone"],
            "examples": [
                {
                    "id": "019ab1c8-1000-7a00-8000-000000000001",
                    "movie_title": "The Lantern Keeper",
                    "theater_name": "Marquee Bến Thành",
                    "screen": "Hall 1",
                    "starts_at": "2026-11-25T12:30:00Z",
                    "time_zone": "Asia/Ho_Chi_Minh",
                }
            ],
        }
    }


class TicketVoid(Conflict):
    """The booking ended, or the seat was given back or is another by now.

    `booking_status` is how it stands, `ended_by` what did it.
    """

    code = "ticket_void"
    title = "This ticket does not count any more"
    members: ClassVar[dict[str, Any]] = {
        "booking_status": {"type": "string", "examples": ["CANCELLED"]},
        "ended_by": {"type": "string", "examples": ["cancelled_by_customer"]},
        "ended_at": {"type": ["string", "null"], "format": "date-time", "examples": ["2026-11-22T03:15:00Z"]},
    }


class TicketUsed(Conflict):
    """`used` says of each of its seats when, and at which door, somebody was let in."""

    code = "ticket_used"
    title = "Somebody was let in with this ticket already"
    members: ClassVar[dict[str, Any]] = {
        "used": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "seat": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                    "door": {"type": "string"},
                },
                "required": ["seat", "at", "door"],
            },
            "examples": [[{"seat": "B1", "at": "2026-11-25T12:18:00Z", "door": "Hall 1, left"}]],
        }
    }


class OwnPurchase(PermissionDenied):
    """Staff decide on nothing of their own; as a customer they cancel by the theater's rules."""

    code = "own_purchase"
    title = "Somebody else has to do this for you"


class AddressChanged(PermissionDenied):
    """Who changed an account's address decides on nothing of it for a day."""

    code = "address_changed_by_you"
    title = "You changed this customer's address: somebody else has to do this"


class SecondPersonNeeded(PermissionDenied):
    """More would come back than one person of staff gives; payment takes the refund, of kind `cancel`, for approval."""

    code = "second_person_needed"
    title = "So much is given back by two people: ask for it as a refund, which somebody else approves"


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


class TicketTypeRefused(BadRequestFields):
    """Something stands against the types of tickets that were asked for; each place in the request is named."""

    def __init__(self, pointers: Iterable[str]) -> None:
        super().__init__(errors=[{"pointer": pointer, "detail": f"{self.title}."} for pointer in pointers])


class UnknownTicketType(TicketTypeRefused):
    code = "unknown_ticket_type"
    title = "This showtime has no such ticket type"


class TicketTypeNotSold(TicketTypeRefused):
    """It has no price for the category of the seat."""

    code = "ticket_type_not_sold"
    title = "This ticket type is not sold for such a seat"


class TicketTypeNotOnline(TicketTypeRefused):
    """Staff who may `sell_booking` sell it."""

    code = "ticket_type_not_online"
    title = "This ticket type is sold at the counter alone"


class AccompaniedAlone(TicketTypeRefused):
    """Such tickets are sold in a booking with one of a type that nobody has to go with."""

    code = "accompanied_alone"
    title = "This ticket type is sold together with one of somebody who goes along"


class TotalTooLarge(Conflict):
    """More than a card gateway takes at once."""

    code = "total_too_large"
    title = "The booking costs more than can be paid at once"


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
