"""The plan board of the desk: what is shown of it, and what is done on it.

Its page works without a script: each showtime is a button that opens the form by which it is moved. The script sends
the same forms to the panels, and puts in what comes back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from catalog.board import Board, Day, moment_on, read_board
from catalog.board_drawing import draw
from catalog.board_forms import DayPricesForm, MoveForm, PlaceForm, ShownForm
from catalog.clocks import local_time
from catalog.domain import ShowtimeStatus
from catalog.drafts import MOST, price_drafts, remove_drafts
from catalog.errors import PlanRefused
from catalog.models import Showtime, Theater
from catalog.plan_admin import board_address, counted, theaters_of
from catalog.plan_forms import in_words
from catalog.selectors import drafts_of
from chassis.admin import actor_of
from chassis.web.desk import context, may
from chassis.web.problems import Problem

# Of what is in the way of a day's drafts so much is said on the board.
MOST_SAID = 3
PLAN, CHANGE = "add_showtime", "change_showtime"
GONE = "This showtime is not planned here any more."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of what was asked. well: it is done. form: what is still to be said, or was wrong.

    subject: the showtime that is looked at next.
    """

    said: str = ""
    well: bool = False
    form: MoveForm | None = None
    subject: UUID | None = None


def board_page(request: HttpRequest) -> HttpResponse:
    form, outcome = _asked(request)
    if outcome is not None and outcome.well:
        messages.success(request, outcome.said)
        return HttpResponseRedirect(_address(form))
    shown = _shown(request, form, outcome)
    return TemplateResponse(request, "admin/catalog/board.html", context(request, "Plan board", **shown))


def board_panel(request: HttpRequest) -> HttpResponse:
    form, outcome = _asked(request)
    if not form.is_valid():
        raise BadRequest
    return TemplateResponse(request, "admin/catalog/board_panel.html", _shown(request, form, outcome))


def showtime_panel(request: HttpRequest) -> HttpResponse:
    """The form by which one is moved."""
    form, _ = _asked(request)
    if not form.is_valid():
        raise BadRequest
    return TemplateResponse(request, "admin/catalog/board_chosen.html", _shown(request, form, None, drawn=False))


def plan_at(request: HttpRequest) -> HttpResponse:
    """To the page on which a film is planned, with the screen, the day and the time that were pointed at."""
    form = PlaceForm(request.GET)
    theater = theaters_of(request).filter(id=form.cleaned_data["theater"]).first() if form.is_valid() else None
    if theater is None:
        return HttpResponseRedirect(reverse("admin:catalog_plan_drafts"))
    day, minute, zone = form.cleaned_data["day"], form.cleaned_data["minute"], ZoneInfo(theater.time_zone)
    asked: dict[str, Any] = {"theater": theater.id, "board": form.cleaned_data["days"]}
    if form.cleaned_data["screen"]:
        asked["screens"] = form.cleaned_data["screen"]
    if minute is not None:
        shown = local_time(moment_on(day, minute, zone), zone)
        day = shown.wall.date()
        asked |= {"times": f"{shown.wall:%H:%M}"} | ({} if shown.fold is None else {"fold": shown.fold})
    asked |= {"first": day, "last": day}
    return HttpResponseRedirect(f"{reverse('admin:catalog_plan_drafts')}?{urlencode(asked)}")


def _asked(request: HttpRequest) -> tuple[ShownForm, Outcome | None]:
    """Which days are to be shown, and what became of what was posted."""
    theaters = theaters_of(request)
    form = ShownForm(theaters, request.GET if "theater" in request.GET else _first(theaters))
    if not form.is_valid() or request.method != "POST":
        return form, None
    do = DEEDS.get(request.POST.get("do", ""))
    if do is None:
        return form, Outcome("Nothing was done: it was not said what.")
    if not may(request, CHANGE):
        raise PermissionDenied
    try:
        return form, do(request, form.cleaned_data["theater"])
    except PlanRefused as refused:
        return form, Outcome(" ".join(str(error["detail"]) for error in (refused.errors or ())[:MOST_SAID]))
    except Problem as problem:
        return form, Outcome(in_words(problem))


def _first(theaters: Any) -> dict[str, Any] | None:
    """Whoever comes by the menu sees a board, and not a question."""
    found = theaters.first()
    return None if found is None else {"theater": found.pk}


def _address(form: ShownForm) -> str:
    return board_address(form.cleaned_data["theater"], form.span.first, form.span.days)


def _move(request: HttpRequest, theater: Theater) -> Outcome:
    showtime = _of(theater, request.POST.get("showtime"))
    if showtime is None:
        return Outcome(GONE)
    form = MoveForm(showtime, request.POST, actor=actor_of(request))
    fits = form.is_valid()
    if form.asks and not (fits and form.cleaned_data["meant"]):
        return Outcome(form=form)
    if not fits and request.POST.get("minute"):  # it was dragged, and is back
        return Outcome(f"{showtime.movie} stays where it was. {_why(form)}", subject=showtime.id)
    if not fits:
        return Outcome(form=form)
    return Outcome(f"Moved: {form.move()}.", well=True, subject=showtime.id)


def _why(form: MoveForm) -> str:
    return " ".join(str(sentence) for each in form.errors.values() for sentence in each)


def _remove(request: HttpRequest, theater: Theater) -> Outcome:
    showtime = _of(theater, request.POST.get("showtime"))
    if showtime is None:
        return Outcome(GONE)
    remove_drafts(showtime_ids=[showtime.id], actor=actor_of(request))
    return Outcome(f"Removed: {showtime}.", well=True)


def _price(request: HttpRequest, theater: Theater) -> Outcome:
    form = DayPricesForm(theater, request.POST)
    if not form.is_valid():
        return Outcome("Choose a price list for the day.")
    day, price_list = form.cleaned_data["day"], form.cleaned_data["price_list"]
    drafts = drafts_of(theater, first=day, last=day, screens=[], most=MOST)
    price_drafts(showtime_ids=drafts, price_list_id=price_list.id, actor=actor_of(request))
    return Outcome(f"{price_list.name} on {day:%a %d %b}: {counted(len(drafts))}.", well=True)


DEEDS: dict[str, Callable[[HttpRequest, Theater], Outcome]] = {"move": _move, "remove": _remove, "prices": _price}


def _of(theater: Theater, showtime_id: str | None) -> Showtime | None:
    try:
        wanted = UUID(showtime_id or "")
    except ValueError:
        return None
    found = Showtime.objects.filter(theater=theater, id=wanted).exclude(status=ShowtimeStatus.CANCELLED)
    return found.select_related("movie", "theater", "screen").first()


def _shown(request: HttpRequest, form: ShownForm, outcome: Outcome | None, *, drawn: bool = True) -> dict[str, Any]:
    """drawn: with the board itself, and not only what was chosen on it."""
    if not form.is_valid():
        return {"shown": form}
    theater, span = form.cleaned_data["theater"], form.span
    move = outcome.form if outcome else None
    if move is None and (showtime := _of(theater, request.GET.get("showtime"))):
        move = MoveForm(showtime)
    shown = {"theater": theater.pk, "day": span.first, "days": span.days}
    return {
        "shown": ShownForm(theaters_of(request), initial=shown),
        "theater": theater,
        "span": span,
        "address": board_address(theater, span.first, span.days),
        "panel": f"{reverse('board_panel')}?{urlencode(shown)}",
        "outcome": outcome,
        "move": move,
        **(_told(move) if move else {}),
        "may_change": may(request, CHANGE),
        **(_around(request, read_board(theater, span), outcome) if drawn else {}),
    }


def _told(move: MoveForm) -> dict[str, Any]:
    """Where it is, and where it would be, as its customers read it."""
    is_at, asks = move.showtime, move.is_bound and move.asks
    was = f"{is_at.at_the_theater(is_at.starts_at)}, {is_at.screen.name}"
    would = move.moved
    return {
        "asks": asks,
        "was": was,
        "will_be": f"{would.at_the_theater(would.starts_at)}, {would.screen.name}" if would else "",
    }


def _around(request: HttpRequest, board: Board, outcome: Outcome | None) -> dict[str, Any]:
    """The board, and where it leads: to other days, and to the pages of planning with what they would ask for."""
    theater, span = board.theater, board.span
    known = {"theater": theater.pk, "board": span.days, "look": 1}
    copied = {"first": span.first, "days": span.days, "begins": span.away(1).first, "times": 1}
    published = {"first": span.first, "last": span.last}
    planned = {"theater": theater.pk, "days": span.days}
    return {
        "board": board,
        "days": [_drawn(board, day, may(request, CHANGE), outcome.subject if outcome else None) for day in board.days],
        "before": board_address(theater, span.away(-1).first, span.days),
        "behind": board_address(theater, span.away(1).first, span.days),
        "plan": f"{reverse('board_plan')}?{urlencode(planned | {'day': span.first})}" if may(request, PLAN) else "",
        "plan_at": f"{reverse('board_plan')}?{urlencode(planned)}",
        "copy": f"{reverse('admin:catalog_copy_drafts')}?{urlencode(known | copied)}" if may(request, PLAN) else "",
        "publish": f"{reverse('admin:catalog_publish_drafts')}?{urlencode(known | published)}",
    }


def _drawn(board: Board, day: Day, may_change: bool, focus: UUID | None) -> dict[str, Any]:
    lanes = [(lane, draw(lane, may_change=may_change, focus=focus)) for lane in day.lanes]
    return {"is": day, "hours": list(board.hours(day)), "lanes": lanes}
