"""The door: a page for a telephone that lets people in by what it scans, with a connection or without one."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework import serializers
from rest_framework.exceptions import APIException

from bookings import door_queue, doors, tonight, words
from bookings.door_queue import Settled
from bookings.doors import Scan
from bookings.errors import ShowtimeNotFound, TicketInvalid, TicketUnknown, TicketUsed, TicketVoid, WrongShowtime
from bookings.models import Showtime
from bookings.theaters import showtimes_at
from bookings.tonight_pages import chosen
from chassis.admin import actor_of
from chassis.storage.audit_log import Actor
from chassis.web.desk import context
from chassis.web.exceptions import problem_response, to_problem
from chassis.web.parsing import MomentField, StrictJSONParser, StrictSerializer, StrictUUIDField
from chassis.web.problems import Problem
from chassis.web.theaters import theaters_of

DOOR_LENGTH = 64
CODE_LENGTH = 4096
View = Callable[..., HttpResponse]


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=CODE_LENGTH,
        label="Code or reference",
        widget=forms.TextInput(attrs={"autofocus": True, "autocapitalize": "characters", "spellcheck": "false"}),
    )
    door = forms.CharField(
        max_length=DOOR_LENGTH, required=False, label="This door", widget=forms.TextInput(attrs={"placeholder": "left"})
    )


class CodeRequest(StrictSerializer):
    code = serializers.CharField(max_length=CODE_LENGTH)
    door = serializers.CharField(max_length=DOOR_LENGTH, required=False, allow_blank=True, default="")
    id = StrictUUIDField(required=False, default=None)


class ScanSerializer(StrictSerializer):
    id = StrictUUIDField()
    code = serializers.CharField(max_length=CODE_LENGTH)
    at = MomentField()
    seats = serializers.ListField(child=StrictUUIDField(), required=False, default=list, max_length=door_queue.MOST)


class SyncRequest(StrictSerializer):
    door = serializers.CharField(max_length=DOOR_LENGTH, required=False, allow_blank=True, default="")
    scans = serializers.ListField(child=ScanSerializer(), max_length=door_queue.MOST)


def answering_scripts(view: View) -> View:
    """What a script asks is answered with problem+json when it is refused, where a page would say it to people."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        try:
            return view(request, *args, **named)
        except (Problem, APIException) as exc:
            problem = to_problem(exc)
            if problem is None:
                raise
            return problem_response(problem, instance=request.path)

    return answered


@require_safe
def doors_view(request: HttpRequest) -> HttpResponse:
    """Which door: the showtimes of a theater's day, and those that this telephone has taken along."""
    which = chosen(request)
    return TemplateResponse(
        request,
        "bookings/doors.html",
        context(request, "Doors", chosen=which, programme=which.programme),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def door_view(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    """The door of a showtime. Without a script a code is typed, or written by a scanner that is a keyboard."""
    showtime = showtimes_at(theaters_of(request)).filter(id=showtime_id).first()
    if showtime is None:
        messages.error(request, "There is no such showtime.")
        return redirect("doors")
    form = CodeForm(request.POST or None)
    answer = None
    if form.is_valid():
        answer = _ask(request, showtime, **form.cleaned_data)
        form = CodeForm(initial={"door": form.cleaned_data["door"]})  # for the next one
    return TemplateResponse(
        request,
        "bookings/door.html",
        context(
            request,
            f"Door: {showtime}",
            showtime=showtime,
            count=_count(showtime),
            answer=answer,
            form=form,
            conflicts=tonight.conflicts_of([showtime]),
        ),
    )


@require_POST
@answering_scripts
def check_in_view(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    """The same for the page's script."""
    wanted = CodeRequest.parse(StrictJSONParser().parse(request))  # type: ignore[arg-type]  # it has read(), as a file
    showtime = _showtime(request, showtime_id)
    return JsonResponse(_ask(request, showtime, wanted["code"], wanted["door"], scan_id=wanted["id"]))


@require_safe
@answering_scripts
def codes_view(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    """What a telephone takes along."""
    return JsonResponse(door_queue.taken_along(_showtime(request, showtime_id)))


@require_http_methods(["GET", "HEAD", "POST"])
@answering_scripts
def sync_view(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    """What a telephone did while it had no connection. It asks for a token first, for its page may be of yesterday."""
    if request.method != "POST":
        return JsonResponse({"csrf_token": get_token(request)})
    told = SyncRequest.parse(StrictJSONParser().parse(request))  # type: ignore[arg-type]  # likewise
    showtime = _showtime(request, showtime_id)
    scans = [Scan(**scan) for scan in told["scans"]]
    settled = door_queue.settle(scans, showtime_id=showtime_id, door=told["door"], actor=_usher(request))
    said = [{"id": str(each.scan_id), "code": each.code, "said": _said(each, showtime)} for each in settled]
    return JsonResponse({"settled": said})


@require_safe
def worker_view(request: HttpRequest) -> HttpResponse:
    """The service worker, beside the pages that are its scope."""
    return TemplateResponse(request, "bookings/worker.js", content_type="text/javascript; charset=utf-8")


def _usher(request: HttpRequest) -> Actor:
    """Raises PermissionDenied for an operator's local account, which who was let in cannot be put down to."""
    actor = actor_of(request)
    if actor.account_id is None:
        raise PermissionDenied("People are let in by somebody who has signed in with an account of the house.")
    return actor


def _showtime(request: HttpRequest, showtime_id: UUID) -> Showtime:
    """Raises ShowtimeNotFound."""
    showtime = showtimes_at(theaters_of(request)).filter(id=showtime_id).first()
    if showtime is None:
        raise ShowtimeNotFound
    return showtime


def _ask(request: HttpRequest, showtime: Showtime, code: str, door: str, scan_id: UUID | None = None) -> dict[str, Any]:
    """in, used or refused, and the sentence for whoever stands at the door."""
    try:
        admitted = doors.check_in_typed(
            code=code, showtime_id=showtime.id, door=door, actor=_usher(request), scan_id=scan_id
        )
    except TicketUsed as refusal:
        first = refusal.extra["used"][0]
        return {"result": "used", "said": f"Already in at {_when(showtime, first)}"}
    except (TicketInvalid, TicketUnknown, TicketVoid, WrongShowtime) as refusal:
        return {"result": "refused", "said": refusal.detail}
    names = words.names_of(admitted.seats)
    return {"result": "in", "said": f"Let in: {names}", "let_in": _count(showtime)}


def _count(showtime: Showtime) -> str:
    """12 of 40."""
    (filling,) = tonight.fillings_of([showtime])
    return f"{filling.let_in} of {filling.sold}"


def _said(settled: Settled, showtime: Showtime) -> str:
    if not settled.code:
        return f"Let in: {settled.seats}"
    if settled.used:
        return f"Let in twice: {settled.seats}; before at {_when(showtime, settled.used[0])}"
    return f"Let in, though {words.DOOR_REFUSALS.get(settled.code, settled.code)}"


def _when(showtime: Showtime, used: Mapping[str, str]) -> str:
    """19:02, left."""
    at = tonight.clock(showtime, datetime.fromisoformat(used["at"]))
    return f"{at}, {used['door']}" if used["door"] else at
