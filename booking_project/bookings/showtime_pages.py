"""The page of one showtime, and who would sit where in another screen; its seats are a page of the desk."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from bookings import screen_moves, words
from bookings.models import Booking, Screen, Showtime
from bookings.screen_moves import Plan
from chassis.admin import ReadOnlyAdmin


class OtherScreenForm(forms.Form):
    screen = forms.ModelChoiceField(Screen.objects.none(), empty_label="Choose one", label="Screen")

    def __init__(self, *args: Any, screens: QuerySet[Screen], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["screen"].queryset = screens  # type: ignore[attr-defined]  # of a ModelChoiceField


class ShowtimePages(ReadOnlyAdmin):
    """The page of a showtime, with those that lead on from it."""

    @admin.display(description="seats")
    def seats(self, showtime: Showtime) -> str:
        return format_html(
            '<a href="{}">Who sits where, and what is off sale</a>', reverse("showtime_map", args=[showtime.pk])
        )

    @admin.display(description="another screen")
    def other_screen(self, showtime: Showtime) -> str:
        return format_html(
            '<a href="{}">Who would sit where in another screen</a>',
            reverse("admin:bookings_screen", args=[showtime.pk]),
        )

    def get_urls(self) -> list[URLPattern]:
        mine = [
            path("<uuid:showtime_id>/screen/", self.admin_site.admin_view(self.screen_view), name="bookings_screen"),
        ]
        return [*mine, *super().get_urls()]

    def screen_view(self, request: HttpRequest, showtime_id: UUID) -> HttpResponse:
        """Who would sit where in another screen of its theater; catalog moves it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        showtime = self.get_queryset(request).filter(id=showtime_id).first()
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
