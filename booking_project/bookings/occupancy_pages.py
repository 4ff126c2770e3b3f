"""How full the halls were: a panel beside the takings, and its file."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from bookings import occupancy
from bookings.occupancy import BY, Asked
from chassis.admin import actor_of
from chassis.storage.audit_log import record
from chassis.web.desk import panel
from chassis.web.moments import DaysForm
from chassis.web.spreadsheets import CONTENT_TYPES, download
from chassis.web.theaters import theaters_of

SHOWN = 300


class AskedForm(DaysForm):
    """As the page of takings asks; what else that one is asked by is left out here."""

    theater = forms.UUIDField(required=False)
    film = forms.CharField(required=False, max_length=300)


def _asked(request: HttpRequest) -> Asked | None:
    """None of no such days; of a theater that is not theirs nobody sees anything."""
    form = AskedForm(request.GET)
    if not form.is_valid():
        return None
    told, theaters = form.cleaned_data, theaters_of(request)
    wanted: UUID | None = told["theater"]
    if wanted is not None:
        theaters = frozenset({wanted} if theaters is None or wanted in theaters else ())
    by = [each for each in BY if each in request.GET.getlist("by")]
    return Asked(told["first"], told["last"], theaters, told["film"], by)


@require_safe
def occupancy_panel(request: HttpRequest) -> HttpResponse:
    asked = _asked(request)
    shown: dict[str, Any] = {}
    if asked is not None:
        found = occupancy.read(asked, most=SHOWN)
        shown = {
            "by": asked.by,
            "rows": found.rows if asked.by else [],
            "found": found,
            "counted": f"{occupancy.MOST_SHOWTIMES:,}",
            "query": request.GET.urlencode(),
        }
    return panel(request, "bookings/occupancy.html", "How full the halls were", **shown)


@require_safe
def occupancy_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """All rows; who took it along is on record."""
    if kind not in CONTENT_TYPES:
        raise Http404
    asked = _asked(request)
    if asked is None:
        raise BadRequest("No such days, or nothing of the kind.")
    with transaction.atomic():
        record(actor_of(request), "occupancy.exported", ("occupancy", kind), after=dict(request.GET.items()))
    columns = (*asked.by, "showtimes", "seats", "sold", "let in", "full in percent")
    found = occupancy.read(asked, most=settings.EXPORTED_ROWS)
    lines = ((*row.of, row.showtimes, row.seats, row.sold, row.let_in, row.full) for row in found.rows)
    return download(f"occupancy-{asked.first}-{asked.last}", kind, columns, lines)
