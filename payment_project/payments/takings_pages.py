"""The desk's page of takings, and its files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from chassis.admin import actor_of
from chassis.money import Money, to_major
from chassis.storage.audit_log import record
from chassis.web.desk import Panel, context
from chassis.web.moments import DaysForm
from chassis.web.spreadsheets import CONTENT_TYPES, download
from chassis.web.theaters import theaters_of
from payments import takings, takings_reads
from payments.takings_charts import Chart, chart
from payments.takings_models import TakingsSeries
from payments.takings_reads import BY, Asked, Row
from payments.takings_rules import day_of

WEEK = timedelta(days=6)
MOST_THEATERS = 1000
SHOWN_ROWS = 300
CHARTS = 4
NAMED = {"day": "day", "theater": "theater", "film": "film", "type": "ticket type"}
NO_TICKET = "no ticket in particular"
AMOUNTS = {
    "gross": "gross",
    "reductions": "of which reduced",
    "refunds": "given back",
    "kept": "of which kept as fees",
    "tax": "tax",
    "net": "net",
    "gift": "by gift card",
    "cash": "in cash at the counter",
    "terminal": "by card at the counter",
}


def theaters(request: HttpRequest) -> Sequence[TakingsSeries]:
    """Those whose takings somebody may see."""
    limit, found = theaters_of(request), TakingsSeries.objects.order_by("theater_name", "theater_id")
    return list((found if limit is None else found.filter(theater_id__in=limit))[:MOST_THEATERS])


class TakingsForm(DaysForm):
    """Which days and what of them; of nothing that is said, the week until today."""

    theater = forms.ChoiceField(required=False)
    film = forms.CharField(required=False, max_length=200, widget=forms.TextInput({"list": "films"}))
    by = forms.MultipleChoiceField(
        label="Added up by", choices=list(NAMED.items()), required=False, widget=forms.CheckboxSelectMultiple()
    )

    def __init__(self, request: HttpRequest) -> None:
        self.seen = theaters(request)
        today = max((day_of(timezone.now(), each.time_zone) for each in self.seen), default=timezone.now().date())
        said = request.GET.copy()
        if "first" not in said and "by" not in said:
            said["by"] = "day"
        for name, usual in (("first", today - WEEK), ("last", today)):
            said.setdefault(name, str(usual))
        super().__init__(said, auto_id="takings_%s")
        choices = [("", "All"), *((str(each.theater_id), str(each)) for each in self.seen)]
        self.fields["theater"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField, as above

    def asked(self) -> Asked:
        """Of a form that is valid."""
        told = self.cleaned_data
        chosen = [UUID(told["theater"])] if told["theater"] else [each.theater_id for each in self.seen]
        by = [each for each in BY if each in told["by"]]
        return Asked(told["first"], told["last"], chosen, told["film"], by)


@require_safe
def takings_page(request: HttpRequest) -> HttpResponseBase:
    form = TakingsForm(request)
    found = _found(form) if form.is_valid() else {}
    told = context(request, "Takings", form=form, query=request.GET.urlencode(), **found)
    return TemplateResponse(request, "payments/takings.html", told, status=200 if form.is_valid() else 400)


@require_safe
def takings_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """All rows as a file, amounts in major units; who took it along is on record."""
    form = TakingsForm(request)
    if kind not in CONTENT_TYPES:
        raise Http404
    if not form.is_valid():
        raise BadRequest("No such days, or nothing of the kind.")
    asked = form.asked()
    with transaction.atomic():
        record(actor_of(request), "takings.exported", ("takings", kind), after=dict(request.GET.items()))
    columns = (*(NAMED[each] for each in asked.by), "currency", "tickets", "returned", *AMOUNTS.values())
    return download(f"takings-{asked.first}-{asked.last}", kind, columns, _lines(asked, form.seen))


def _found(form: TakingsForm) -> dict[str, Any]:
    asked = form.asked()
    of_days = _by_day(asked)
    shown = takings_reads.rows(asked, most=SHOWN_ROWS + 1) if asked.by != ["day"] else of_days
    names = {each.theater_id: str(each) for each in form.seen}
    return {
        "columns": [NAMED[each] for each in asked.by],
        "amounts": AMOUNTS.values(),
        "rows": [(_of(row, asked, names), _numbers(row)) for row in shown[:SHOWN_ROWS]],
        "more": len(shown) > SHOWN_ROWS,
        "totals": [(row.currency, _numbers(row)) for row in takings_reads.totals(of_days)],
        "charts": list(_charts(asked, of_days)),
        "codes": [(each, _major(each.amount, each.currency)) for each in takings_reads.codes(asked)],
        "films": takings_reads.films(asked),
        "behind": takings.behind(),
        "occupancy": Panel("booking", "How full the halls were", f"occupancy/?{_of_halls(asked, form)}", wide=True),
    }


def _of_halls(asked: Asked, form: TakingsForm) -> str:
    """What booking is asked of the same days."""
    theater = form.cleaned_data["theater"]
    return urlencode(
        {"first": asked.first, "last": asked.last, "theater": theater, "film": asked.film, "by": asked.by}, doseq=True
    )


def _by_day(asked: Asked) -> list[Row]:
    """A row a day and currency, the newest day first: all, for what they come to is the total."""
    return takings_reads.rows(Asked(asked.first, asked.last, asked.theaters, asked.film, ["day"]))


def _charts(asked: Asked, of_days: Sequence[Row]) -> Iterator[Chart]:
    for currency in sorted({row.currency for row in of_days})[:CHARTS]:
        amounts: dict[date, int] = {row.of["day"]: row.left for row in of_days if row.currency == currency}
        yield chart(currency, asked.days, amounts)


def _lines(asked: Asked, seen: Iterable[TakingsSeries]) -> Iterator[Sequence[object]]:
    names = {each.theater_id: str(each) for each in seen}
    for row in takings_reads.stream(asked, most=settings.EXPORTED_ROWS):
        amounts = (to_major(Money(getattr(row, name), row.currency)) for name in AMOUNTS)
        yield *_of(row, asked, names), row.currency, row.tickets, row.returned, *amounts


def _of(row: Row, asked: Asked, names: dict[UUID, str]) -> list[object]:
    """What a row is of, as people call it."""
    called = {"theater_id": names.get(row.of.get("theater_id", ""), ""), "ticket_type": row.type_name or NO_TICKET}
    return [called.get(BY[each]) or row.of[BY[each]] for each in asked.by]


def _numbers(row: Row) -> dict[str, Any]:
    amounts = [_major(getattr(row, name), row.currency) for name in AMOUNTS]
    return {"currency": row.currency, "tickets": row.tickets, "returned": row.returned, "amounts": amounts}


def _major(amount: int, currency: str) -> str:
    return f"{to_major(Money(amount, currency)):,}"
