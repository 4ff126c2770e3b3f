"""The map of a showtime: who sits where; seats off sale and back on it, other seats for a booking, tickets on paper."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from bookings import blocks, chosen_seats, hall, seat_changes, selectors, words
from bookings.errors import SeatsNotChangeable
from bookings.hall import Spot
from bookings.models import Showtime
from bookings.theaters import refuse_showtime
from chassis.admin import actor_of
from chassis.web.desk import context, may
from chassis.web.problems import Problem
from chassis.web.theaters import theaters_of

BLOCK, FREE, MOVE, SELL = "change_seatstatus", "change_seatstatus", "reseat_booking", "sell_booking"
MOST_SEATS = 500


class DeedForm(forms.Form):
    """What is done with the chosen seats. until: by the clock of the theater."""

    reason = forms.CharField(max_length=300, required=False, help_text="A note among staff.")
    until = forms.DateTimeField(
        required=False,
        label="Off sale until",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="By the theater's clock; empty: until somebody puts them back.",
    )
    message = forms.CharField(
        max_length=500, required=False, label="Message to the customer", help_text="In the mail with the new tickets."
    )

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        if until is not None and until <= timezone.now():
            raise forms.ValidationError("That is over.")
        return until


@require_http_methods(["GET", "HEAD", "POST"])
def map_view(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    if request.method == "POST" and request.POST.get("what") == "sell":
        return _to_the_counter(request, showtime_id)
    form = DeedForm()
    try:
        refuse_showtime(theaters_of(request), showtime_id)
        if request.method == "POST":
            form = _form(request, showtime_id)
            if form.is_valid() and _do(request, showtime_id, form.cleaned_data):
                return redirect(request.path)
        shown = hall.hall_of(showtime_id, with_bookings=may(request, selectors.SEE_ALL))
    except Problem as problem:
        messages.error(request, chosen_seats.refused(problem, showtime_id))
        return redirect(request.path if request.method == "POST" else "tonight")
    return TemplateResponse(
        request,
        "bookings/map.html",
        context(
            request,
            f"Seats of {shown.showtime}",
            hall=shown,
            rows=_rows(shown.spots),
            touched=selectors.touched_by(showtime_id),
            form=form,
            may_block=may(request, BLOCK),
            may_move=may(request, MOVE),
            may_change=may(request, BLOCK) or may(request, MOVE),
            may_sell=may(request, SELL),
            may_choose=any(may(request, deed) for deed in (BLOCK, MOVE, SELL)),
        ),
    )


def _to_the_counter(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    """With the chosen seats; which of them are free is said there."""
    _ask_for(request, SELL)
    chosen = list(map(str, _chosen(request)))[: chosen_seats.MOST_SEATS]
    return redirect(f"{reverse('counter_sale', args=[showtime_id])}?{urlencode({'seat': chosen}, doseq=True)}")


def _chosen(request: HttpRequest) -> dict[UUID, str]:
    """Whatever is an id, with the mark that the seat had for whoever chose it: which of them are seats of this
    showtime, the service says."""
    values = [value.partition(".") for value in request.POST.getlist("seat")[:MOST_SEATS]]
    return {seat_id: mark for text, _, mark in values for seat_id in chosen_seats.ids_of([text])}


def _form(request: HttpRequest, showtime_id: UUID) -> DeedForm:
    """Its times are those of the theater's clock."""
    zone = Showtime.objects.values_list("time_zone", flat=True).filter(id=showtime_id).first()
    form = DeedForm(request.POST)
    with timezone.override(ZoneInfo(zone or "UTC")):
        form.is_valid()
    return form


def _do(request: HttpRequest, showtime_id: UUID, said: dict[str, Any]) -> bool:
    """Whether it was done; what is missing is said on the page. Raises Problem, PermissionDenied."""
    what = request.POST.get("what")
    chosen = _chosen(request)
    deed = {"block": _block, "free": _free, "move": _move}.get(what or "")
    if not chosen or deed is None:
        messages.error(request, "Choose the seats first.")
        return False
    if not said["reason"]:
        messages.error(request, "Give a reason.")
        return False
    messages.success(request, deed(request, showtime_id, chosen, said))
    return True


def _block(request: HttpRequest, showtime_id: UUID, seats: dict[UUID, str], said: dict[str, Any]) -> str:
    _ask_for(request, BLOCK)
    blocks.block_seats(
        showtime_id=showtime_id,
        seat_ids=list(seats),
        actor=actor_of(request),
        reason=said["reason"],
        until=said["until"],
    )
    return f"Off sale: {words.count(len(seats), 'seat')}."


def _free(request: HttpRequest, showtime_id: UUID, seats: dict[UUID, str], said: dict[str, Any]) -> str:
    _ask_for(request, FREE)
    freed = blocks.unblock_seats(
        showtime_id=showtime_id, seat_ids=list(seats), actor=actor_of(request), reason=said["reason"]
    )
    return f"On sale again: {words.count(freed, 'seat')}."


def _move(request: HttpRequest, showtime_id: UUID, seats: dict[UUID, str], said: dict[str, Any]) -> str:
    """A booking leaves its chosen seats for the free ones, and of two bookings each gets the other's chosen seats; each
    from the front and from the left."""
    _ask_for(request, MOVE)
    spots = [spot for spot in hall.hall_of(showtime_id, with_bookings=True).spots if spot.seat.id in seats]
    if any(spot.mark != seats[spot.seat.id] for spot in spots):
        raise SeatsNotChangeable("Somebody else has one of these seats since you looked. Look again, and choose anew.")
    free = [spot for spot in spots if spot.status == "available"]
    of_bookings = list(_of_bookings(spots).items())
    sides = [*(seats for _, seats in of_bookings), *([free] if free else [])]
    left_out = len(spots) - sum(map(len, sides))
    if left_out or not of_bookings or len(sides) != 2 or len(sides[0]) != len(sides[1]):
        raise SeatsNotChangeable(
            "Choose seats of one booking and as many free ones, or as many of another booking to swap them."
        )
    now = seat_changes.change_seats(
        places={
            booking_id: dict(zip(_ids(sides[side]), _ids(sides[1 - side]), strict=True))
            for side, (booking_id, _) in enumerate(of_bookings)
        },
        actor=actor_of(request),
        reason=said["reason"],
        message=said["message"],
    )
    have = " and ".join(words.names_of(seats) for seats in now.values())
    if len(now) > 1:
        return f"The bookings have {have} now. Their customers are told, with new tickets."
    return f"The booking has {have} now. Its customer is told, with new tickets."


def _of_bookings(spots: Iterable[Spot]) -> dict[UUID, list[Spot]]:
    """Those that are sold, by booking."""
    found: dict[UUID, list[Spot]] = {}
    for spot in spots:
        if spot.status == "sold" and spot.party is not None:
            found.setdefault(spot.party.booking.id, []).append(spot)
    return found


def _ids(spots: Iterable[Spot]) -> list[UUID]:
    return [spot.seat.id for spot in spots]


def _ask_for(request: HttpRequest, permission: str) -> None:
    if not may(request, permission):
        raise PermissionDenied


def _rows(spots: Iterable[Spot]) -> list[list[Spot]]:
    """From the screen to the back."""
    return [list(row) for _, row in groupby(spots, lambda spot: spot.seat.y)]
