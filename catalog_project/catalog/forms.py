"""Forms of the admin. They save through services, so that what staff do is told to the other services too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import models, transaction

from catalog import scheduling, services
from catalog.domain import SeatCategory
from catalog.errors import InvalidFields
from catalog.layouts import LETTERS, BadPlan, Place, read_plan, write_plan
from catalog.models import SHOWING, Screen, Seat, Showtime, Theater
from catalog.occupancy import touched_by
from chassis.money import to_major, to_minor
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
            name = error["pointer"].strip("/").split("/")[0]
            self.add_error(name if name in self.fields else None, error["detail"])


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


def price_field(category: str) -> str:
    return f"price_{category}"


PRICE_FIELDS = [price_field(category) for category in SeatCategory]


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
    move_sold = forms.BooleanField(required=False, label="Move what is sold")

    class Meta:
        model = Showtime
        fields = ["movie", "screen", "starts_at", *SHOWING]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for category in SeatCategory:
            self.fields[price_field(category)] = forms.DecimalField(
                label=category.value.capitalize(), required=False, min_value=0, max_digits=16, decimal_places=3
            )
        if not self.adding:
            zone = ZoneInfo(self.instance.theater.time_zone)
            local = self.instance.starts_at.astimezone(zone)
            self.initial["starts_at"] = local.replace(tzinfo=None)
            if local.second:  # which a client of the API gave it: saved as it is, it stays as it is
                inputs: Any = self.fields["starts_at"].widget
                inputs.widgets[1].format = "%H:%M:%S"
            self.fields["starts_at"].help_text = f"{zone.key}, the theater's time."
            self.fields[
                "move_sold"
            ].help_text = (
                f"Another start reaches {touched_by(self.instance.pk)}: each is told, and may leave for nothing."
            )
            for price in self.instance.prices.all():
                self.initial[price_field(price.category)] = to_major(price.money)

    def clean(self) -> dict[str, Any]:
        """Moving what is sold takes a word that it is meant."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.adding and "starts_at" in self.changed_data and not cleaned.get("move_sold"):
            touched = touched_by(self.instance.pk)
            if touched.bookings:
                self.add_error("move_sold", f"This moves {touched}. Tick it if that is meant.")
        return cleaned

    def carry_out(self) -> Showtime:
        theater = self._theater()
        starts_at: datetime = self.cleaned_data["starts_at"]
        changes: Mapping[str, Any] = {
            # The form read the wall clock in Django's own zone.
            "starts_at": starts_at.replace(tzinfo=ZoneInfo(theater.time_zone)),
            **{name: self.cleaned_data[name] for name in SHOWING},
            "prices": self._amounts(theater.currency),
            "currency": theater.currency,
        }
        if self.adding:
            return scheduling.schedule_showtime(
                actor=self.actor,
                movie_id=self.cleaned_data["movie"].id,
                screen_id=self.cleaned_data["screen"].id,
                **changes,
            )
        return scheduling.change_showtime(actor=self.actor, showtime_id=self.instance.pk, **changes)

    def _theater(self) -> Theater:
        theater: Theater = (
            self.cleaned_data["screen"].theater if "screen" in self.cleaned_data else self.instance.theater
        )
        return theater

    def _amounts(self, currency: str) -> dict[str, int]:
        amounts: dict[str, int] = {}
        for category in SeatCategory:
            value = self.cleaned_data.get(price_field(category))
            if value:
                try:
                    amounts[category.value] = to_minor(value, currency)
                except ValueError as exc:
                    raise InvalidFields(**{price_field(category): str(exc)}) from exc
        return amounts
