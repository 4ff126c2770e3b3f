"""The desk's page of comparisons with what the card gateway has, and of what differs."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from chassis.admin import actor_of
from chassis.money import DECIMALS, Money, format_money
from chassis.web.desk import context, may
from payments import reconciliation
from payments.reconciliation_models import Difference, DifferenceState, Reconciliation, RunState

RUNS, DIFFERENCES, ENDED = 30, 100, 20


class DayForm(forms.Form):
    day = forms.DateField(label="Day (UTC)", widget=forms.DateInput({"type": "date"}))


class NoteForm(forms.Form):
    note = forms.CharField(max_length=500)


@require_safe
def reconciliation_page(request: HttpRequest) -> HttpResponseBase:
    differences = Difference.objects.order_by("-id")
    is_open = differences.filter(state=DifferenceState.OPEN)
    runs = list(Reconciliation.objects.order_by("-id")[:RUNS])
    told = context(
        request,
        "Reconciliation",
        form=DayForm({"day": timezone.now().date()}),
        runs=runs,
        is_under_way=any(run.state == RunState.ASKED for run in runs),
        differences=[_shown(each) for each in is_open[:DIFFERENCES]],
        ended=[_shown(each) for each in differences.exclude(state=DifferenceState.OPEN)[:ENDED]],
        may_ask=may(request, "add_reconciliation"),
        may_note=may(request, "change_difference"),
    )
    return TemplateResponse(request, "payments/reconciliation.html", told)


@require_POST
def ask(request: HttpRequest) -> HttpResponseBase:
    form = DayForm(request.POST)
    if not form.is_valid():
        raise BadRequest("This is no day.")
    try:
        begun = reconciliation.ask(form.cleaned_data["day"], actor_of(request))
    except reconciliation.DayAhead as exc:
        raise BadRequest("This day is to come yet.") from exc
    messages.success(request, "It begins in a moment." if begun else "It is under way already.")
    return HttpResponseRedirect(reverse("reconciliation"))


@require_POST
def note(request: HttpRequest, difference_id: UUID) -> HttpResponseBase:
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise BadRequest("What was done has to be said, in 500 signs at most.")
    if reconciliation.note(difference_id, form.cleaned_data["note"], actor_of(request)):
        messages.success(request, "Noted.")
    else:
        messages.warning(request, "It was not open any more.")
    return HttpResponseRedirect(reverse("reconciliation"))


def _shown(difference: Difference) -> dict[str, Any]:
    """As people read it: amounts with their currency, and the way to the payment."""
    payment = difference.payment_id
    return {
        "row": difference,
        "theirs": _amount(difference.theirs, difference.currency),
        "ours": _amount(difference.ours, difference.currency),
        "payment": reverse("admin:payments_payment_change", args=[payment]) if payment else "",
    }


def _amount(amount: int | None, currency: str) -> str:
    if amount is None:
        return "-"
    return format_money(Money(amount, currency)) if currency in DECIMALS else f"{amount} {currency}"
