"""Forms of the admin. They save through services, so that what staff do is told to the other services too."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import models, transaction

from catalog import scheduling, services
from catalog.clocks import LocalTime, TimeIsTwice, local_time
from catalog.domain import ShowtimeStatus
from catalog.errors import InvalidFields
from catalog.layouts import LETTERS, BadPlan, Place, read_plan, write_plan
from catalog.lines import lines_of, read_pairs
from catalog.models import SHOWING, Screen, Seat, Showtime, Theater
from catalog.occupancy import touched_by
from catalog.price_fields import (
    PRICE_FIELDS,
    add_own_fields,
    add_price_fields,
    amounts_of,
    fields_of,
    own_amounts_of,
    own_field,
    own_shown,
    price_field,
)
from catalog.pricing import other_types, own_of
from chassis.money import to_major
from chassis.storage.audit_log import Actor
from chassis.web.problems import Problem


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A form whose carry_out() calls a service.

    full_clean() carries it out and takes it back, in a savepoint: whatever the service would refuse is told at its
    field while the page is still open, by the service's own rules.
    """

    # Who fills it in; the page says.
    actor: Actor | None = None

    def carry_out(self) -> models.Model:
        """Calls the service with the cleaned data; the row comes back. Raises Problem."""
        raise NotImplementedError

    @property
    def adding(self) -> bool:
        return bool(self.instance._state.adding)

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and not self.errors:
            try:
                with transaction.atomic():
                    self.carry_out()
                    transaction.set_rollback(True)
            except Problem as problem:
                self._tell(problem)

    def _tell(self, problem: Problem) -> None:
        if not problem.errors:
            self.add_error(None, problem.detail)
        for error in problem.errors or ():
            field = self._field_of(error["pointer"].strip("/").split("/"))
            self.add_error(field if field in self.fields else None, error["detail"])

    def _field_of(self, pointer: list[str]) -> str:
        """What is called that way where a service names what is wrong."""
        name = pointer[0].removeprefix("local_")
        return name if name in self.fields else name.removesuffix("_id")


class LinesField(forms.CharField):
    """JSON, written by people as a line for each of its items."""

    def __init__(self, *, read: Callable[[list[str]], Any], write: Callable[[Any], list[str]], **options: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 8, "cols": 60}), **options)
        self._read, self._write = read, write

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(self._write(value))

    def to_python(self, value: Any) -> Any:
        return self._read(lines_of(str(value or "")))

    def validate(self, value: Any) -> None:
        """The model's validators do, of what it has become."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial or "") != str(data or "").replace("\r\n", "\n"))


def pairs_of(lines: list[str]) -> dict[str, str]:
    try:
        return read_pairs(lines)
    except ValueError as exc:
        raise forms.ValidationError(str(exc)) from exc


SELLING = ["seller_name", "seller_address", "tax_number", "tax_included", "ticket_tax", "fee_tax", "holidays"]


class TheaterForm(ServiceForm):
    class Meta:
        model = Theater
        fields = [
            "name",
            "city",
            "address",
            "description",
            "latitude",
            "longitude",
            "time_zone",
            "currency",
            "cleaning_minutes",
            "cancellation_cutoff_minutes",
            "cancellation_fee_percent",
            "orphan_seat_rule",
            "accessible_places",
            *SELLING,
        ]

    def carry_out(self) -> Theater:
        if self.adding:
            return services.add_theater(actor=self.actor, **self.cleaned_data)
        return services.change_theater(actor=self.actor, theater_id=self.instance.pk, **self.cleaned_data)


class ScreenForm(ServiceForm):
    plan = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 20, "cols": 60, "style": "font-family: monospace"}),
        required=False,
        help_text=(
            "One line per row from the screen backwards: its label, a space, then one letter per place: "
            + ", ".join(f"{letter} {category.value}" for letter, category in LETTERS.items())
            + ". A dot is an aisle, an empty line a walkway. Seats are numbered from the left. "
            "Empty: the layout stays as it is."
        ),
        strip=False,
    )

    class Meta:
        model = Screen
        fields = ["theater", "name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.adding and "plan" in self.fields:
            self.fields["plan"].initial = write_plan(self.instance_places())

    def instance_places(self) -> list[Place]:
        return [place_of(seat) for seat in self.instance.seats.all()]

    def clean_plan(self) -> list[Place] | None:
        """The drawn places; None where the plan is as it was."""
        text = self.cleaned_data["plan"].replace("\r\n", "\n")
        if not self.adding and (not text.strip() or text == self.fields["plan"].initial):
            return None
        try:
            return read_plan(text)
        except BadPlan as exc:
            raise forms.ValidationError(str(exc)) from exc

    def carry_out(self) -> Screen:
        name, places = self.cleaned_data["name"], self.cleaned_data["plan"]
        if self.adding:
            theater_id = self.cleaned_data["theater"].id
            return services.add_screen(actor=self.actor, theater_id=theater_id, name=name, places=places)
        return services.change_screen(actor=self.actor, screen_id=self.instance.pk, name=name, places=places)


def place_of(seat: Seat) -> Place:
    return Place(seat.row, seat.number, seat.x, seat.y, seat.category, seat.accessible)


WHICH = [("", "-"), ("0", "The first"), ("1", "The second")]


class ShowtimeForm(ServiceForm):
    """Times are the theater's, prices are as people write them in its currency."""

    # The browser's own inputs: Django's would offer its own today and now, which are the server's.
    starts_at = forms.SplitDateTimeField(
        widget=forms.SplitDateTimeWidget(
            date_attrs={"type": "date", "aria-label": "Day it starts"},
            time_attrs={"type": "time", "aria-label": "Time it starts"},
            date_format="%Y-%m-%d",
            time_format="%H:%M",
        ),
        label="Starts at",
        help_text="As the clocks of the theater show it.",
    )
    # Asked for where the clocks of the theater show that time twice, and hidden where they do not.
    fold = forms.TypedChoiceField(
        choices=WHICH,
        coerce=int,
        empty_value=None,
        required=False,
        label="Shown twice that night",
        help_text="The clocks are put back: which of the two is meant.",
        widget=forms.HiddenInput,
    )
    draft = forms.BooleanField(required=False, help_text="Planned only: not shown or sold before it is published.")
    move_sold = forms.BooleanField(required=False, label="Move what is sold")
    refund_without_seat = forms.BooleanField(
        required=False,
        label="Refund who finds no seat",
        help_text="In a screen with fewer seats of a category. The booking site says beforehand who would sit where, "
        "on the page of the showtime.",
    )

    class Meta:
        model = Showtime
        fields = ["movie", "screen", "starts_at", *SHOWING, "price_list"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        add_price_fields(self.fields)
        if not self.adding:
            zone = ZoneInfo(self.instance.theater.time_zone)
            local = local_time(self.instance.starts_at, zone)
            self.initial["starts_at"] = local.wall
            if local.fold is not None:
                self.initial["fold"] = local.fold
                self._ask_which()
            if local.wall.second:  # which a client of the API gave it: saved as it is, it stays as it is
                inputs: Any = self.fields["starts_at"].widget
                inputs.widgets[1].format = "%H:%M:%S"
            self.fields["starts_at"].help_text = f"{zone.key}, the theater's time."
            self.fields["move_sold"].help_text = (
                f"Another start or screen reaches {touched_by(self.instance.pk)}:"
                " each is told, and may leave for nothing."
            )
            if "screen" in self.fields:
                self.fields["screen"].required = self.instance.status == ShowtimeStatus.DRAFT
            for price in self.instance.prices.all():
                self.initial[price_field(price.category)] = to_major(price.money)
            add_own_fields(self.fields, self._others)
            self.initial.update(own_shown(own_of(self.instance).by_type, self.instance.currency))

    @property
    def _others(self) -> list[str]:
        """The ticket types that may have prices of their own; of a showtime without a theater yet none is known."""
        return [] if self.adding else other_types(self.instance.theater)

    def clean_screen(self) -> Screen:
        """What is on sale stays where it is unless another one is chosen."""
        screen: Screen = self.cleaned_data["screen"] or self.instance.screen
        return screen

    def _ask_which(self) -> None:
        self.fields["fold"].widget = forms.Select(choices=WHICH)

    def _field_of(self, pointer: list[str]) -> str:
        return own_field(pointer[-1]) if pointer[0] == "type_prices" else super()._field_of(pointer)

    def _tell(self, problem: Problem) -> None:
        """Of a time that the clocks show twice the page asks which is meant."""
        if isinstance(problem, InvalidFields) and any(fault.code == TimeIsTwice.code for fault in problem.faults):
            self._ask_which()
            self.add_error("fold", problem.faults[0].detail)
        else:
            super()._tell(problem)

    def clean(self) -> dict[str, Any]:
        """Moving what is sold takes a word that it is meant; what a list says is changed in the list."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        priced = {*PRICE_FIELDS, *(name for code in self._others for name in fields_of(code))}
        typed = priced & set(self.changed_data)
        if cleaned.get("price_list") and typed:
            self.add_error("price_list", "It follows the list: leave the prices as they are, or choose no list.")
        elsewhere = not self.adding and cleaned.get("screen", self.instance.screen) != self.instance.screen
        moved = elsewhere or {"starts_at", "fold"} & set(self.changed_data)
        if not self.adding and moved and not cleaned.get("move_sold"):
            touched = touched_by(self.instance.pk)
            if touched.bookings:
                self.add_error("move_sold", f"This moves {touched}. Tick it if that is meant.")
        return cleaned

    def carry_out(self) -> Showtime:
        theater = self._theater()
        starts_at: datetime = self.cleaned_data["starts_at"]
        price_list = self.cleaned_data.get("price_list")
        changes: Mapping[str, Any] = {
            # The form read the wall clock in Django's own zone.
            "starts_at": LocalTime(starts_at.replace(tzinfo=None), self.cleaned_data["fold"]),
            **{name: self.cleaned_data[name] for name in SHOWING},
            **({"price_list_id": price_list.id} if price_list else self._own_prices(theater.currency)),
            "currency": theater.currency,
        }
        if self.adding:
            draft = self.cleaned_data["draft"]
            return scheduling.schedule_showtime(actor=self.actor, draft=draft, **self._place(), **changes)
        return scheduling.change_showtime(
            actor=self.actor,
            showtime_id=self.instance.pk,
            refund_without_seat=self.cleaned_data["refund_without_seat"],
            **self._place(),
            **changes,
        )

    def _own_prices(self, currency: str) -> Mapping[str, Any]:
        by_type = own_amounts_of(self.cleaned_data, currency, self._others)
        return {"prices": amounts_of(self.cleaned_data, currency)} | ({} if self.adding else {"type_prices": by_type})

    def _place(self) -> Mapping[str, Any]:
        """The film and the hall, of what may have others: a new showtime and a draft, and what is sold another hall."""
        return {f"{name}_id": self.cleaned_data[name].id for name in ("movie", "screen") if name in self.cleaned_data}

    def _theater(self) -> Theater:
        theater: Theater = (
            self.cleaned_data["screen"].theater if "screen" in self.cleaned_data else self.instance.theater
        )
        return theater
