"""Forms of ticket types and price lists: a price list as a grid of prices, and as rows of rules, fees and discounts."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms

from catalog import price_lists, tariffs, ticket_types, validators
from catalog.forms import LinesField, ServiceForm, pairs_of
from catalog.lines import write_pairs
from catalog.models import Theater
from catalog.price_fields import cell, money_field
from catalog.pricing import default_of, types_of
from catalog.tariff_models import PriceList, TicketType
from chassis.money import Money, to_major, to_minor
from chassis.web.problems import Problem

SPARE = 3
KINDS = ("rule", "fee", "early")
_POINTED = {"rules": "rule", "fees": "fee", "early": "early"}


class TicketTypeForm(ServiceForm):
    hints = LinesField(
        read=pairs_of,
        write=write_pairs,
        label="Hint in other languages",
        validators=[validators.hints],
        help_text="A line for each, for who reads another one than the cinema's. en: up to 12 years",
    )
    position = forms.IntegerField(required=False, min_value=0, max_value=1000, help_text="Empty: the last.")

    class Meta:
        model = TicketType
        fields = ["theater", "code", "name", "hint", "hints", "online", "default", "accompanied", "position"]

    def carry_out(self) -> TicketType:
        given = {name: value for name, value in self.cleaned_data.items() if name != "theater" and value is not None}
        if self.adding:
            theater_id = self.cleaned_data["theater"].id
            return ticket_types.add_ticket_type(theater_id=theater_id, actor=self.actor, **given)
        which = {"theater_id": self.instance.theater_id, "ticket_type_id": self.instance.pk}
        return ticket_types.change_ticket_type(**which, actor=self.actor, **given)


class PriceListForm(ServiceForm):
    """Money is written as people write it. A new list has prices of the default type; the rest follows once it is
    there, for then its theater's ticket types are known.
    """

    class Meta:
        model = PriceList
        fields = ["theater", "name", "round_to"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Of each kind the rows of the form in the order in which the service was told them.
        self._told: dict[str, list[int]] = {}
        types = [] if self.adding else [type_.told for type_ in self.instance.theater.ticket_types.all()]
        for code in [type_.code for type_ in types] or [""]:
            for category in tariffs.CATEGORIES:
                self.fields[cell(code, category)] = money_field(f"{code} {category}".strip().capitalize())
        if not self.adding:
            for kind in KINDS:
                self._add_rows(kind, types)
            self._fill_in()

    @property
    def rows(self) -> dict[str, int]:
        """Of each kind how many there are to fill in: those that the list has, and some spare ones."""
        has = {"rule": len(self.instance.rules), "fee": len(self.instance.fees), "early": len(self.instance.early)}
        most = {"rule": tariffs.MOST_RULES, "fee": tariffs.MOST_FEES, "early": tariffs.MOST_EARLY}
        return {kind: min(has[kind] + SPARE, most[kind]) for kind in KINDS}

    def _add_rows(self, kind: str, types: list[tariffs.TicketType]) -> None:
        made = {"rule": rule_fields, "fee": fee_fields, "early": early_fields}[kind]
        for n in range(self.rows[kind]):
            for name, field in made([type_.code for type_ in types]):
                self.fields[f"{kind}_{n}_{name}"] = field

    def _fill_in(self) -> None:
        currency = self.instance.theater.currency
        for code, row in self.instance.prices.items():
            for category, amount in row.items():
                self.initial[cell(code, category)] = to_major(Money(amount, currency))
        for kind, stored in (
            ("rule", self.instance.rules),
            ("fee", self.instance.fees),
            ("early", self.instance.early),
        ):
            for n, row in enumerate(stored):
                shown = {**row, "order": n + 1}
                if shown.get("amount") is not None:
                    shown["amount"] = to_major(Money(shown["amount"], currency))
                if kind == "rule":
                    shown["holiday"] = {True: "yes", False: "no", None: ""}[shown["holiday"]]
                self.initial.update({f"{kind}_{n}_{name}": value for name, value in shown.items()})

    def clean(self) -> dict[str, Any]:
        """Money in minor units of the theater's currency, which says how many decimals it has."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        theater = cleaned.get("theater") or (None if self.adding else self.instance.theater)
        for name, value in list(cleaned.items()):
            if isinstance(value, Decimal) and theater is not None:
                try:
                    cleaned[name] = to_minor(value, theater.currency)
                except ValueError as exc:
                    self.add_error(name, str(exc))
        return cleaned

    def carry_out(self) -> PriceList:
        cleaned = self.cleaned_data
        head = {"name": cleaned["name"], "round_to": cleaned["round_to"]}
        if self.adding:
            theater = cleaned["theater"]
            prices = {default_of(types_of(theater)): self._cells("")}
            return price_lists.add_price_list(theater_id=theater.id, actor=self.actor, prices=prices, **head)
        theater = self.instance.theater
        return price_lists.change_price_list(
            theater_id=theater.id,
            price_list_id=self.instance.pk,
            actor=self.actor,
            prices={code: row for code in self._codes() if (row := self._cells(code))},
            rules=self._rows("rule"),
            fees=self._rows("fee"),
            early=self._rows("early"),
            **head,
        )

    def _codes(self) -> list[str]:
        return [type_.code for type_ in self.instance.theater.ticket_types.all()]

    def _cells(self, code: str) -> dict[str, int]:
        found = {category: self.cleaned_data.get(cell(code, category)) for category in tariffs.CATEGORIES}
        return {category: amount for category, amount in found.items() if amount is not None}

    def _rows(self, kind: str) -> list[dict[str, Any]]:
        """In the order that they are given; a row without its first field is none."""
        first = "days_before" if kind == "early" else "name"
        read = {n: self._row(kind, n) for n in range(self.rows[kind])}
        filled = [n for n, row in read.items() if row[first]]
        self._told[kind] = sorted(filled, key=lambda n: (read[n].get("order") or len(read), n))
        return [{name: value for name, value in read[n].items() if name != "order"} for n in self._told[kind]]

    def _row(self, kind: str, n: int) -> dict[str, Any]:
        begin = f"{kind}_{n}_"
        row = {name.removeprefix(begin): self.cleaned_data.get(name) for name in self.fields if name.startswith(begin)}
        if kind == "rule":
            row["holiday"] = {"yes": True, "no": False}.get(row["holiday"] or "")
        return row

    def _field_of(self, pointer: list[str]) -> str:
        """The cell or the row that it is about."""
        where, *rest = pointer
        if where == "prices" and rest:
            code, category = rest[0], (rest[1:] or tariffs.CATEGORIES)[0]
            return cell("" if self.adding else code, category)
        kind = _POINTED.get(where, "")
        if kind and rest:
            row = self._told[kind][int(rest[0])]
            return f"{kind}_{row}_{'days_before' if kind == 'early' else 'name'}"
        return where


def _several(label: str, choices: list[str] | tuple[str, ...]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        choices=[(choice, choice) for choice in choices],
        widget=forms.CheckboxSelectMultiple,
    )


def _clock(label: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=5, widget=forms.TextInput(attrs={"type": "time"}))


class CopyForm(forms.Form):
    """Of a price list that is there."""

    name = forms.CharField(max_length=tariffs.LONGEST_NAME, help_text="What the new list is called.")
    theater = forms.ModelChoiceField(
        Theater.objects.order_by("city", "name"), help_text="One with the same currency and ticket types."
    )

    def refuse(self, problem: Problem) -> None:
        """Says why at the field that it is about."""
        for error in problem.errors or ({"pointer": "/name", "detail": problem.detail},):
            field = error["pointer"].strip("/")
            self.add_error(field if field in self.fields else "theater", error["detail"])


def rule_fields(codes: list[str]) -> Iterator[tuple[str, forms.Field]]:
    yield "name", forms.CharField(required=False, max_length=tariffs.LONGEST_NAME, help_text="Empty: the rule goes.")
    yield "order", forms.IntegerField(required=False, min_value=1, max_value=1000)
    yield "amount", money_field("Amount, + or -", signed=True)
    yield "percent", forms.IntegerField(label="or percent, + or -", required=False)
    yield "weekdays", _several("Weekdays", tariffs.WEEKDAYS)
    yield "from_time", _clock("Starts from")
    yield "until_time", _clock("until before")
    holiday = [("", "any day"), ("yes", "holidays"), ("no", "no holidays")]
    yield "holiday", forms.ChoiceField(label="Days", required=False, choices=holiday)
    yield "formats", _several("Formats", tariffs.FORMATS)
    yield "ticket_types", _several("Ticket types", codes)
    yield "categories", _several("Seats", tariffs.CATEGORIES)


RULE_LINES = [
    ["name", "order", "amount", "percent"],
    ["weekdays", "from_time", "until_time", "holiday"],
    ["formats", "ticket_types", "categories"],
]


def fee_fields(_: list[str]) -> Iterator[tuple[str, forms.Field]]:
    yield "name", forms.CharField(required=False, max_length=tariffs.LONGEST_NAME, help_text="Empty: the fee goes.")
    yield "code", forms.CharField(required=False, max_length=tariffs.LONGEST_CODE)
    yield "per", forms.ChoiceField(required=False, choices=[(per, per) for per in tariffs.PER])
    yield "amount", money_field("Amount")
    yield "formats", _several("Formats", tariffs.FORMATS)


FEE_LINES = [["name", "code", "per", "amount", "formats"]]


def early_fields(_: list[str]) -> Iterator[tuple[str, forms.Field]]:
    yield "days_before", forms.IntegerField(required=False, min_value=0, max_value=tariffs.EARLIEST_DAYS)
    yield "percent", forms.IntegerField(required=False, min_value=0, max_value=100)


EARLY_LINES = [["days_before", "percent"]]
LINES = {"rule": RULE_LINES, "fee": FEE_LINES, "early": EARLY_LINES}
