"""Pages of a day: what a theater shows, how full it is, and what went wrong at its doors."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from bookings import tonight
from bookings.tonight import Filling, Theater
from chassis.web.day_filter import Day
from chassis.web.desk import context, may
from chassis.web.theaters import may_at

TODAY = "today"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a page of a day is about. day: as it is asked for, `today` or a date. theater: None where nothing is on."""

    day: str
    theaters: list[Theater]
    theater: Theater | None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo((self.theater and self.theater.time_zone) or "UTC")

    @property
    def date(self) -> str:
        """As a calendar in a form has it."""
        return Day(self.day).date(self.zone).isoformat()

    @property
    def programme(self) -> list[Filling]:
        if self.theater is None:
            return []
        return tonight.programme_of(self.theater, *Day(self.day).hours(self.zone))


def theaters_for(request: HttpRequest, day: Day) -> list[Theater]:
    """Those that whoever asks works for. Raises ValueError, OverflowError for no day."""
    return [theater for theater in tonight.theaters_of(*day.hours(UTC)) if may_at(request, theater.id)]


def chosen(request: HttpRequest) -> Chosen:
    """By `day` and `theater` of the address; what is no day is today, what is no theater of that day is the first."""
    day = request.GET.get("day") or TODAY
    try:
        theaters = theaters_for(request, Day(day))
    except (ValueError, OverflowError):
        day = TODAY
        theaters = theaters_for(request, Day(day))
    wanted = request.GET.get("theater")
    found = next((theater for theater in theaters if str(theater.id) == wanted), theaters[0] if theaters else None)
    return Chosen(day, theaters, found)


@require_safe
def tonight_view(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "bookings/tonight.html", context(request, "Tonight", **_shown(request)))


@require_safe
def tonight_panel(request: HttpRequest) -> HttpResponse:
    """The same without the page around it, for who looks at it all evening."""
    return TemplateResponse(request, "bookings/tonight_panel.html", _shown(request))


def _shown(request: HttpRequest) -> dict[str, Any]:
    which = chosen(request)
    programme = which.programme
    return {
        "chosen": which,
        "programme": programme,
        "conflicts": tonight.conflicts_of([filling.showtime for filling in programme]),
        "may_check_in": may(request, "check_in_booking"),
    }
