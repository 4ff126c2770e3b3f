"""How bookings and seat maps look in the API."""

import zlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone

from bookings.domain import OPEN, Cancellation, State, Trigger
from bookings.doors import Admission
from bookings.events import PricedSeat, seat_tickets, ticket_seat, ticket_type_of
from bookings.exchange_rules import Exchange
from bookings.extensions import is_extendable
from bookings.history import BY_CUSTOMER
from bookings.holds import Held
from bookings.models import Booking, BookingSeat, BookingTransition, Showtime
from bookings.quotes import Quote
from bookings.sales import Sale
from bookings.screen_moves import Plan
from bookings.selectors import Revoked, lines_of, seats_left
from bookings.terms import Terms, terms_of
from chassis.money import Money

# What a customer sees in the place of a member of staff.
STAFF = "staff"


def _money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def present_booking(booking: Booking, outcome: Cancellation | None = None) -> dict[str, Any]:
    """A booking with its seats and its showtime, which are best read along with it (selectors).

    outcome: what came of its cancellation, where that has just happened.
    """
    has = seats_left(booking)
    shown = _booking(booking, [_booked(seat, booking) for seat in has], lines_of(booking), booking.showtime)
    shown["change"] = _change(booking)
    shown["refunded"] = _money(booking.refunded_amount, booking.currency)
    shown["seats_given_back"] = [
        {
            **_booked(seat, booking),
            "given_back_at": seat.given_back_at.isoformat(),
            "refund": None if seat.refund_amount is None else _money(seat.refund_amount, booking.currency),
        }
        for seat in booking.seats.all()
        if seat.given_back_at is not None
    ]
    # A ticket is shown as long as it lets somebody in.
    if booking.status == State.CONFIRMED and booking.ticket:
        shown["ticket"] = booking.ticket
        shown["tickets"] = msgspec.to_builtins(seat_tickets(booking, has))
    if outcome is not None:
        shown["cancellation"] = present_cancellation(booking, outcome)
    return shown


def present_hold(held: Held) -> dict[str, Any]:
    """A new booking, from what is at hand: nothing is read again."""
    seats = [{**seat, "moved_to": None} for seat in msgspec.to_builtins(held.told.seats)]
    return _booking(held.booking, seats, held.booking.lines, held.sale.showtime)


def present_quote(quote: Quote) -> dict[str, Any]:
    """What seats would cost."""
    return {
        "showtime_id": str(quote.sale.showtime.id),
        "seats": msgspec.to_builtins(quote.seats),
        "lines": msgspec.to_builtins(quote.bill.lines),
        "total": _money(quote.bill.total, quote.sale.showtime.currency),
    }


def _booked(seat: BookingSeat, booking: Booking) -> dict[str, Any]:
    price = Money(seat.price_amount, booking.currency)
    priced = PricedSeat(seat.seat_id, seat.row, seat.number, seat.category, price, ticket_type_of(seat))
    shown: dict[str, Any] = msgspec.to_builtins(priced)
    return {**shown, "moved_to": str(seat.moved_to) if seat.moved_to else None}


def _showtime(showtime: Showtime) -> dict[str, str]:
    return {
        "movie_title": showtime.movie_title,
        "theater_name": showtime.theater_name,
        "screen": showtime.screen_name,
        "starts_at": showtime.starts_at.isoformat(),
        "time_zone": showtime.time_zone,
        "format": showtime.format,
        "language": showtime.language,
    }


def _booking(
    booking: Booking, seats: Sequence[dict[str, Any]], lines: Sequence[dict[str, Any]], showtime: Showtime
) -> dict[str, Any]:
    return {
        "id": str(booking.id),
        "reference": booking.reference,
        "status": booking.status,
        "payment_status": booking.payment_status,
        "payment_id": str(booking.payment_id) if booking.payment_id else None,
        "user_id": str(booking.user_id),
        "showtime_id": str(booking.showtime_id),
        "showtime": _showtime(showtime),
        "terms": _terms(terms_of(booking, showtime)),
        "change": None,
        "seats": seats,
        "seats_given_back": [],
        "lines": lines,
        "total": _money(booking.total_amount, booking.currency),
        "refunded": _money(0, booking.currency),
        "exchange": _exchange(booking),
        "hold_expires_at": booking.hold_expires_at.isoformat(),
        "extended_at": booking.extended_at.isoformat() if booking.extended_at else None,
        "extendable": is_extendable(booking, showtime),
        "created_at": booking.created_at.isoformat(),
        "ticket": None,
        "tickets": [],
        "cancellation": None,
    }


def _change(booking: Booking) -> dict[str, Any] | None:
    """What its customer was told that its showtime became, and whether that suits them."""
    if booking.told_revision <= booking.showtime_revision or booking.status not in OPEN:
        return None
    accepted = booking.accepted_revision >= booking.told_revision
    return {
        "revision": booking.told_revision,
        "accepted": accepted,
        "free_cancellation_until": None if accepted else booking.showtime.starts_at.isoformat(),
    }


def _exchange(booking: Booking) -> dict[str, Any] | None:
    """Of what it is exchanged, as payment reads it where the event is still on its way."""
    if booking.exchange_of is None:
        return None
    return {
        "booking_id": str(booking.exchange_of),
        "carried": _money(booking.carried, booking.currency),
        "retained": _money(booking.exchange_retained, booking.currency),
    }


def present_exchange_quote(quote: Quote, exchange: Exchange) -> dict[str, Any]:
    """What seats would cost, and what of that the booking pays that is exchanged for them."""
    total, carried = quote.bill.total, exchange.carried(quote.bill.total)
    return present_quote(quote) | {
        "worth": _money(exchange.worth, exchange.currency),
        "retained": _money(exchange.retained, exchange.currency),
        "to_pay": _money(total - carried, exchange.currency),
        "refund": _money(exchange.worth - carried, exchange.currency),
    }


def _terms(terms: Terms) -> dict[str, Any]:
    return {
        "movie_title": terms.movie_title,
        "theater_name": terms.theater_name,
        "screen": terms.screen,
        "starts_at": terms.starts_at.isoformat(),
        "time_zone": terms.time_zone,
        "format": terms.format,
        "language": terms.language,
        "rules": {
            "cancellation_cutoff_minutes": terms.rules.cutoff_minutes,
            "cancellation_fee_percent": terms.rules.fee_percent,
        },
    }


def present_cancellation(booking: Booking, outcome: Cancellation) -> dict[str, Any]:
    """What a cancellation gives back, or gave back."""
    return {
        "allowed": outcome.allowed,
        "refund": _money(outcome.refund, booking.currency),
        "retained": _money(outcome.retained, booking.currency),
        "why": outcome.why,
        "until": outcome.until.isoformat() if outcome.until else None,
    }


def present_admission(admission: Admission) -> dict[str, Any]:
    """What the door shows: who may go in, and where to."""
    booking = admission.booking
    return {
        "booking_id": str(booking.id),
        "reference": booking.reference,
        "showtime_id": str(booking.showtime_id),
        "showtime": _showtime(admission.showtime),
        "seats": [msgspec.to_builtins(ticket_seat(seat)) for seat in admission.seats],
        "at": admission.at.isoformat(),
    }


def present_revoked(showtime: Showtime, revoked: Sequence[Revoked], reseated: Sequence[Booking]) -> dict[str, Any]:
    """For doors without a connection: which tickets they refuse."""
    return {
        "showtime_id": str(showtime.id),
        "cancelled": showtime.status == Showtime.Status.CANCELLED,
        "revoked": [
            {
                "booking_id": str(each.booking.id),
                "reference": each.booking.reference,
                "status": each.booking.status,
                "seats": None if each.seats is None else [_revoked_seat(seat) for seat in each.seats],
            }
            for each in revoked
        ],
        "reseated": [
            {"booking_id": str(each.id), "reference": each.reference, "seating": each.seating} for each in reseated
        ],
    }


def _revoked_seat(seat: BookingSeat) -> dict[str, str]:
    """As a ticket names it: `seat_id` of its own one, and in `seats` of the one for all of the booking."""
    return {"seat": str(seat), "seat_id": str(seat.seat_id)}


def present_screen_move(plan: Plan) -> dict[str, Any]:
    """Who would sit where in another screen."""
    people = sum(len(plan.seats[booking.id]) for booking in plan.bookings)
    return {
        "showtime_id": str(plan.showtime.id),
        "screen": {"id": str(plan.screen.id), "name": plan.screen.name},
        "bookings": len(plan.bookings),
        "people": people,
        "without_seat": len(plan.without_seat),
        "moves": [
            {
                "booking_id": str(booking.id),
                "reference": booking.reference,
                "status": booking.status,
                "seats": [
                    {"before": str(seat), "after": None if place is None else f"{place.row}{place.number}"}
                    for seat, place in plan.seats_of(booking)
                ],
            }
            for booking in plan.bookings
        ],
    }


def present_transition(line: BookingTransition, *, owner_id: UUID, to_staff: bool) -> dict[str, Any]:
    """A line of a booking's history. Its customer is told that staff acted, and neither who nor their notes."""
    actor = str(owner_id) if line.trigger in BY_CUSTOMER else line.actor
    by_staff = line.trigger == Trigger.CANCELLED_BY_STAFF or _is_a_person(actor)
    hidden = not to_staff and actor != str(owner_id) and by_staff
    return {
        "from_status": line.from_status,
        "to_status": line.to_status,
        "trigger": line.trigger,
        "cause": line.cause,
        "actor": STAFF if hidden else actor,
        "reason": "" if hidden else line.reason,
        "message": line.message,
        "seats": line.seats,
        "at": line.at,
    }


def _is_a_person(actor: str) -> bool:
    try:
        UUID(actor)
    except ValueError:
        return False  # a part of the system
    return True


def present_seat_map(sale: Sale, statuses: dict[UUID, str]) -> dict[str, Any]:
    """version changes with the layout, the prices and the status of any seat."""
    prices = sale.prices_shown(at=timezone.now())
    changing = "".join(f"{each}{said}" for each, said in (*sorted(prices.items()), *sorted(statuses.items())))
    tariff = msgspec.to_builtins(sale.tariff)
    return {
        "showtime_id": str(sale.showtime.id),
        "version": f"{sale.showtime.revision}.{sale.screen_revision}.{zlib.crc32(changing.encode()):08x}",
        "screen": {"name": sale.showtime.screen_name, "rows": sale.rows, "columns": sale.columns},
        "seats": [
            {
                "id": str(seat.id),
                "row": seat.row,
                "number": seat.number,
                "x": seat.x,
                "y": seat.y,
                "category": seat.category,
                "accessible": seat.accessible,
                "status": statuses.get(seat.id, "available"),
                "price": _money(prices[seat.category], sale.showtime.currency),
            }
            for seat in sale.seats.values()
        ],
        "currency": sale.showtime.currency,
        **{name: tariff[name] for name in ("ticket_types", "prices", "fees", "early", "tax")},
    }
