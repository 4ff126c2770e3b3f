"""What a booking gives to keep: a calendar's entry, tickets on paper and in wallets, the receipt."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shop import calendars, passes, purchases, ticket_pdf, words
from shop.services import Away, Refused, Shopper
from shop.sign_in import signed_in
from shop.templatetags.shop import day_of, zoned_clock
from shop.visitors import shopper_of

# Versions of a calendar's entry are counted in these: enough for seven years of what a number may be there.
TENTH = timedelta(seconds=0.1)


@require_safe
@signed_in
def calendar(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """The same entry for ever; whoever takes it again has a newer state of it, whatever has changed meanwhile."""
    shopper, now = shopper_of(request), datetime.now(UTC)
    booking = shopper.get("booking", f"/bookings/{booking_id}")
    showtime = booking["showtime"]
    event = calendars.Event(
        uid=booking["id"],
        sequence=(now - datetime.fromisoformat(booking["created_at"])) // TENTH,
        changed_at=now,
        starts_at=datetime.fromisoformat(showtime["starts_at"]),
        ends_at=_end(shopper, booking),
        title=showtime["movie_title"],
        place=f"{showtime['theater_name']}, {showtime['screen']}",
        said=_("Booking %(reference)s, seats: %(seats)s")
        % {"reference": booking["reference"], "seats": ", ".join(map(_seat, purchases.in_order(booking["seats"])))},
        url=f"{settings.PUBLIC_URL}{reverse('booking', kwargs={'booking_id': booking_id})}",
        cancelled=booking["status"] not in ("PENDING", "CONFIRMED"),
    )
    return _file(calendars.calendar(event), calendars.MEDIA_TYPE, f"{booking['reference']}.ics")


def _end(shopper: Shopper, booking: Mapping[str, Any]) -> datetime | None:
    """When the film is over, where catalog can say it and speaks of the same start."""
    try:
        found = shopper.get("catalog", f"/showtimes/{booking['showtime_id']}")
    except (Refused, Away):
        return None
    starts_at, ends_at = (datetime.fromisoformat(found[name]) for name in ("starts_at", "ends_at"))
    return ends_at if starts_at == datetime.fromisoformat(booking["showtime"]["starts_at"]) else None


@require_safe
@signed_in
def pdf(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    booking = _with_tickets(request, booking_id)
    showtime = booking["showtime"]
    zone, starts_at = showtime["time_zone"], showtime["starts_at"]
    pages = [
        ticket_pdf.Page(
            title=showtime["movie_title"],
            lines=[
                (_("Cinema"), f"{showtime['theater_name']}, {showtime['screen']}"),
                (_("When"), f"{day_of(starts_at, zone)}, {zoned_clock(starts_at, zone)}"),
                (_("Seat"), f"{ticket['seat']} · {words.called(ticket['ticket_type'])}"),
                (_("Booking"), booking["reference"]),
            ],
            code=ticket["code"],
        )
        for ticket in purchases.tickets(booking)
    ]
    title = _("Tickets %(reference)s") % {"reference": booking["reference"]}
    made = ticket_pdf.pdf(pages, title=title, language=translation.get_language() or "en")
    return _file(made, ticket_pdf.MEDIA_TYPE, f"{booking['reference']}.pdf")


@require_safe
@signed_in
def apple_pass(request: HttpRequest, booking_id: UUID, seat_id: UUID) -> HttpResponse:
    if settings.APPLE_PASSES is None:
        raise Http404
    ticket = _pass(request, booking_id, seat_id)
    made = passes.pkpass(ticket, passes.Apple(**settings.APPLE_PASSES))
    return _file(made, passes.APPLE_MEDIA_TYPE, f"{ticket.reference}-{ticket.seat}.pkpass")


@require_safe
@signed_in
def google_pass(request: HttpRequest, booking_id: UUID, seat_id: UUID) -> HttpResponse:
    if settings.GOOGLE_PASSES is None:
        raise Http404
    ticket = _pass(request, booking_id, seat_id)
    by = passes.Google(**settings.GOOGLE_PASSES)
    return HttpResponseRedirect(passes.google_link(ticket, by))


def _pass(request: HttpRequest, booking_id: UUID, seat_id: UUID) -> passes.Pass:
    """Raises Http404 for a seat without a ticket."""
    booking = _with_tickets(request, booking_id)
    ticket = purchases.ticket_of(booking, str(seat_id))
    if ticket is None:
        raise Http404
    showtime = booking["showtime"]
    starts_at = datetime.fromisoformat(showtime["starts_at"]).astimezone(ZoneInfo(showtime["time_zone"]))
    return passes.Pass(
        serial=f"{_short(booking['id'])}.{_short(ticket['seat_id'])}",
        event=_short(booking["showtime_id"]),
        film=showtime["movie_title"],
        cinema=showtime["theater_name"],
        screen=showtime["screen"],
        starts_at=starts_at.isoformat(),
        seat=ticket["seat"],
        reference=booking["reference"],
        code=ticket["code"],
        language=translation.get_language() or "en",
        labels={
            "film": _("Film"),
            "cinema": _("Cinema"),
            "screen": _("Hall"),
            "when": _("When"),
            "seat": _("Seat"),
            "reference": _("Booking"),
        },
    )


@require_safe
@signed_in
def receipt(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """The page for paper that payment makes, as it made it."""
    shopper = shopper_of(request)
    booking = shopper.get("booking", f"/bookings/{booking_id}")
    if not booking["payment_id"]:
        raise Http404
    page = shopper.page("payment", f"/payments/{booking['payment_id']}/receipt/page")
    kept = ("Content-Type", "Content-Security-Policy", "Cache-Control")
    return HttpResponse(page.body, headers={name: page.headers[name] for name in kept if name in page.headers})


def _short(name: str) -> str:
    """A UUID in 22 characters: what a browser takes to Google is an address, which may not be long."""
    return base64.urlsafe_b64encode(UUID(name).bytes).rstrip(b"=").decode()


def _with_tickets(request: HttpRequest, booking_id: UUID) -> dict[str, Any]:
    """Raises Http404 for one that has none (any more)."""
    booking: dict[str, Any] = shopper_of(request).get("booking", f"/bookings/{booking_id}")
    if not booking["tickets"]:
        raise Http404
    return booking


def _seat(seat: Mapping[str, Any]) -> str:
    return f"{seat['row']}{seat['number']}"


def _file(content: bytes, media_type: str, name: str) -> HttpResponse:
    """For this customer alone: nobody on the way keeps it."""
    disposition = f'attachment; filename="{name}"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type=media_type, headers=headers)
