"""What the desk shows of bookings: tonight, somebody's, and one whole with what staff do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings import columns, trace_links, words
from bookings.domain import OPEN, State
from bookings.events import BookingCreated
from bookings.models import Booking, BookingSeat, BookingTransition, CounterSale, Customer, Showtime
from bookings.theaters import bookings_at, showtimes_at
from bookings.tonight import fillings_of
from chassis.ids import first_uuid7_at, is_nobodys, time_of_uuid7
from chassis.money import Money, format_money
from chassis.storage.models import OutboxMessage
from chassis.web.day_filter import Day
from chassis.web.desk import Panel, Step, context, may, panel
from chassis.web.theaters import theaters_of

SHOWN = 20
# So many showtimes are added up at once: a day of forty houses.
MOST_SHOWTIMES = 500
# A hold that ended so long ago is one that nobody swept.
TOO_OLD = timedelta(minutes=1)
# So far from a booking's id is that of the event that it was made.
WRITTEN_WITHIN = timedelta(seconds=1)


def holds_too_old() -> QuerySet[Booking]:
    return Booking.objects.filter(status=State.PENDING, hold_expires_at__lt=timezone.now() - TOO_OLD)


def in_brief(booking: Any) -> str:
    """Beside its reference, in a list of what was found. booking: of the list of bookings, with its address."""
    card = f"card ending in {booking.card_last4}" if booking.card_last4 else ""
    said = (booking.get_status_display(), booking.get_payment_status_display(), card, booking.customer_email)
    return ", ".join(part for part in (*said, str(booking.showtime)) if part)


@dataclass(slots=True)
class House:
    """A theater's day."""

    id: UUID
    name: str
    showtimes: int = 0
    sold: int = 0
    seats: int = 0

    @property
    def fill(self) -> int:
        """In percent."""
        return round(100 * self.sold / self.seats) if self.seats else 0


@require_safe
def houses_panel(request: HttpRequest) -> HttpResponse:
    """Of each theater, what its day by its own clock has sold."""
    return panel(request, "bookings/houses_tonight.html", "Tonight", houses=_houses(_todays(request)))


def _todays(request: HttpRequest) -> list[Showtime]:
    """Of the theaters of whoever asks."""
    kept = showtimes_at(theaters_of(request)).filter(columns.on_day(Day("today")), status=Showtime.Status.SCHEDULED)
    return list(kept.order_by("starts_at")[:MOST_SHOWTIMES])


def _houses(showtimes: Sequence[Showtime]) -> list[House]:
    houses: dict[UUID, House] = {}
    for filling in fillings_of(showtimes):
        theater_id, name = filling.showtime.theater_id, filling.showtime.theater_name
        house = houses.setdefault(theater_id, House(theater_id, name))
        house.showtimes += 1
        house.sold += filling.sold
        house.seats += filling.seats
    return sorted(houses.values(), key=lambda house: house.name)


@require_safe
def customer_bookings_panel(request: HttpRequest, user_id: UUID) -> HttpResponse:
    found = bookings_at(theaters_of(request)).filter(user_id=user_id).select_related("showtime").order_by("-id")
    rows = list(found[: SHOWN + 1])
    return panel(
        request,
        "bookings/customer_bookings.html",
        "Bookings",
        rows=[_row(booking) for booking in rows[:SHOWN]],
        more=len(rows) > SHOWN,
        user_id=user_id,
    )


def _row(booking: Booking) -> tuple[Booking, str]:
    return booking, format_money(Money(booking.total_amount, booking.currency))


@require_safe
def whole(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """A booking with all that the services know of it, in one line of time, and what staff may do about it."""
    theirs = bookings_at(theaters_of(request))
    booking = get_object_or_404(theirs.select_related("showtime"), id=booking_id)
    seats = list(booking.seats.all())
    zone = booking.showtime.time_zone or "UTC"
    asked = f"?{urlencode({'zone': zone})}"
    below = f"bookings/{booking.id}"
    shown = {
        "booking": booking,
        "seats": [(seat, columns.ticket(seat), _became_of(seat, booking)) for seat in words.in_order(seats)],
        "total": _money(booking, booking.total_amount),
        "refunded": _money(booking, booking.refunded_amount) if booking.refunded_amount else "",
        "sold_as": columns.sold_as(booking),
        "cancellation": columns.cancellation(booking),
        "sale": CounterSale.objects.filter(booking=booking).first(),
        "is_nobodys": is_nobodys(booking.user_id),
        "email": Customer.objects.filter(user_id=booking.user_id).values_list("email", flat=True).first(),
        "steps": list(_steps(booking, ZoneInfo(zone))),
        "zone": zone,
        "others": _exchanges(booking, theirs),
        "trace": _trace(request, booking),
        "may_cancel": may(request, "cancel_booking") and booking.status in OPEN,
        "may_exchange": may(request, "cancel_booking") and bool(booking.ticket) and booking.status == State.CONFIRMED,
        "panels": [
            *_person(booking),
            Panel("payment", "Money", f"{below}/money/{asked}", wide=True),
            Panel("notify", "Messages", f"{below}/messages/{asked}", wide=True),
        ],
        "told_by_others": [
            Panel("payment", "What payment did", f"{below}/steps/{asked}"),
            Panel("notify", "What the customer was told", f"{below}/steps/{asked}"),
        ],
    }
    return TemplateResponse(request, "bookings/whole.html", context(request, f"Booking {booking.reference}", **shown))


def _trace(request: HttpRequest, booking: Booking) -> str:
    """Where its saga is traced, for whoever reads messages between services, as long as they are kept."""
    if not settings.TRACE_URL or not request.user.has_perm("chassis.view_outboxmessage"):
        return ""
    made = time_of_uuid7(booking.id)
    # By the key of the outbox: its event was written with the booking.
    span = {"id__gte": first_uuid7_at(made - WRITTEN_WITHIN), "id__lt": first_uuid7_at(made + WRITTEN_WITHIN)}
    told = OutboxMessage.objects.filter(**span, type=BookingCreated.type, body__subject=str(booking.id))
    event = told.values_list("body", flat=True).first()
    return trace_links.address(settings.TRACE_URL, event or {})


def _person(booking: Booking) -> list[Panel]:
    """Whose it is; nothing of who gave no address at the counter."""
    if is_nobodys(booking.user_id):
        return []
    return [Panel("auth", "Customer", f"customers/{booking.user_id}/person/")]


def _money(booking: Booking, amount: int) -> str:
    return format_money(Money(amount, booking.currency))


def _became_of(seat: BookingSeat, booking: Booking) -> str:
    if seat.given_back_at:
        return "given back"
    return "the customer's" if booking.status in OPEN else "free again"


def _exchanges(booking: Booking, theirs: QuerySet[Booking]) -> list[tuple[str, Booking]]:
    """The booking that is exchanged for this one, and the one that this one is exchanged for."""
    before = theirs.filter(id=booking.exchange_of) if booking.exchange_of else []
    after = theirs.filter(exchange_of=booking.id, status__in=(State.PENDING, State.CONFIRMED))
    return [*(("exchanged for this one", each) for each in before), *(("in exchange for it", each) for each in after)]


def _steps(booking: Booking, zone: ZoneInfo) -> Iterator[Step]:
    rows = columns.with_names(BookingTransition.objects.filter(booking=booking)).select_related("booking__showtime")
    for row in rows.order_by("id")[:100]:
        yield Step(row.at, f"{row.get_trigger_display()}, by {columns.who(row)}", _note(row), zone)
    for entry in booking.check_ins.all()[:100]:
        yield Step(entry.at, f"let in at {entry.door or 'a door'}", zone=zone)


def _note(row: Any) -> str:
    said = columns.why(row)
    parts = (row.seats, "" if said == "-" else said, f"told: {row.message}" if row.message else "")
    return "; ".join(part for part in parts if part)
