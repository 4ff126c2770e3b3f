"""Pages of one showtime: its seats, on sale and off it; who would sit where in another screen."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from bookings import columns, holds, screen_moves, selectors, words
from bookings.models import Booking, Screen, Showtime
from bookings.sales import Seat, sale_of
from bookings.screen_moves import Plan
from chassis.admin import ReadOnlyAdmin, actor_of
from chassis.web.problems import Problem


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class OtherScreenForm(forms.Form):
    screen = forms.ModelChoiceField(Screen.objects.none(), empty_label="Choose one", label="Screen")

    def __init__(self, *args: Any, screens: QuerySet[Screen], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["screen"].queryset = screens  # type: ignore[attr-defined]  # of a ModelChoiceField


class ShowtimePages(ReadOnlyAdmin):
    """The page of a showtime, with those that lead on from it."""

    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.change_seatstatus")

    @admin.display(description="seats")
    def seats(self, showtime: Showtime) -> str:
        return format_html(
            '<a href="{}">Seats on sale, and off it</a>', reverse("admin:bookings_seats", args=[showtime.pk])
        )

    @admin.display(description="another screen")
    def other_screen(self, showtime: Showtime) -> str:
        return format_html(
            '<a href="{}">Who would sit where in another screen</a>',
            reverse("admin:bookings_screen", args=[showtime.pk]),
        )

    def get_urls(self) -> list[URLPattern]:
        mine = [
            path("<uuid:showtime_id>/seats/", self.admin_site.admin_view(self.seats_view), name="bookings_seats"),
            path("<uuid:showtime_id>/screen/", self.admin_site.admin_view(self.screen_view), name="bookings_screen"),
        ]
        return [*mine, *super().get_urls()]

    def seats_view(self, request: HttpRequest, showtime_id: UUID) -> HttpResponse:
        """Every seat with its status; who may takes free ones off sale, and puts those back."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            if request.method == "POST":
                return self._change_seats(request, showtime_id)
            sale, statuses = selectors.seat_map(showtime_id)
        except Problem as problem:
            self.message_user(request, _with_seats(problem, showtime_id), messages.ERROR)
            here = request.method == "POST" and "admin:bookings_seats"
            return redirect(here, showtime_id) if here else redirect("admin:bookings_showtime_changelist")
        rows: dict[int, list[tuple[Seat, str, str]]] = {}
        for seat in sorted(sale.seats.values(), key=lambda seat: (seat.y, seat.x)):
            status = statuses.get(seat.id, "available")
            rows.setdefault(seat.y, []).append((seat, status, SEAT_WORDS[status]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Seats of {sale.showtime}",
            "opts": self.opts,
            "showtime": sale.showtime,
            "rows": list(rows.values()),
            "counted": _counted(sale.seats.keys(), statuses),
            "touched": selectors.touched_by(showtime_id),
            "may_change": self.has_block_permission(request),
        }
        return TemplateResponse(request, "admin/bookings/seats.html", context)

    def _change_seats(self, request: HttpRequest, showtime_id: UUID) -> HttpResponse:
        """Raises Problem."""
        if not self.has_block_permission(request):
            raise PermissionDenied
        what = request.POST.get("what")
        # Whatever is an id: which of them are seats of this showtime, the service says.
        chosen = [UUID(text) for text in request.POST.getlist("seat")[:500] if _is_id(text)]
        if not chosen or what not in ("block", "free"):
            self.message_user(request, "Choose the seats first.", messages.ERROR)
        elif what == "block":
            holds.block_seats(showtime_id=showtime_id, seat_ids=chosen, actor=actor_of(request))
            self.message_user(request, f"Off sale: {words.count(len(chosen), 'seat')}.", messages.SUCCESS)
        else:
            freed = holds.unblock_seats(showtime_id=showtime_id, seat_ids=chosen, actor=actor_of(request))
            self.message_user(request, f"On sale again: {words.count(freed, 'seat')}.", messages.SUCCESS)
        return redirect("admin:bookings_seats", showtime_id)

    def screen_view(self, request: HttpRequest, showtime_id: UUID) -> HttpResponse:
        """Who would sit where in another screen of its theater; catalog moves it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        showtime = Showtime.objects.filter(id=showtime_id).first()
        if showtime is None:
            return redirect("admin:bookings_showtime_changelist")
        screens = Screen.objects.filter(theater_id=showtime.theater_id).exclude(id=showtime.screen_id).defer("seats")
        form = OtherScreenForm(request.GET or None, screens=screens.order_by("name"))
        plan = screen_moves.preview(showtime_id, form.cleaned_data["screen"].id) if form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": "Another screen",
            "opts": self.opts,
            "showtime": showtime,
            "form": form,
            "plan": plan,
            "rows": [_moved(plan, booking) for booking in plan.bookings] if plan else [],
            "touched": _reaches(plan) if plan else "",
        }
        return TemplateResponse(request, "admin/bookings/other_screen.html", context)


SEAT_WORDS = {"available": "on sale", "held": "held", "sold": "sold", "blocked": "off sale"}


def _counted(seats: Iterable[UUID], statuses: Mapping[UUID, str]) -> str:
    """36 on sale, 2 held, 2 off sale."""
    counts = Counter(statuses.get(seat_id, "available") for seat_id in seats)
    return ", ".join(f"{counts[status]} {said}" for status, said in SEAT_WORDS.items() if counts[status])


def _with_seats(problem: Problem, showtime_id: UUID) -> str:
    """Its sentence, and the seats that it names by what people call them."""
    named = {str(seat_id) for seat_id in problem.extra.get("seats", ())}
    known = sale_of(showtime_id).seats.values() if named else ()
    seats = columns.names_of([seat for seat in known if str(seat.id) in named])
    return f"{problem.detail.rstrip('.')}: {seats}." if seats else problem.detail


def _moved(plan: Plan, booking: Booking) -> tuple[Booking, str, str]:
    """The seats that it has, and those that it would get, as people call them; "" where there are none."""
    pairs = plan.seats_of(booking)
    after = [f"{place.row}{place.number}" for _, place in pairs if place is not None]
    return booking, ", ".join(str(seat) for seat, _ in pairs), ", ".join(after)


def _reaches(plan: Plan) -> str:
    """3 bookings of 7 people, 1 of them without a seat."""
    people = sum(len(plan.seats[booking.id]) for booking in plan.bookings)
    said = words.touched(len(plan.bookings), people)
    without = len(plan.without_seat)
    return f"{said}, {without} of them without a seat" if without else said
