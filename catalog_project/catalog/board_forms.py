"""Forms of the plan board: what is shown, where a showtime is moved, and what a day costs."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog.board import Span, moment_on
from catalog.clocks import LocalTime, local_time
from catalog.domain import ShowtimeStatus
from catalog.errors import FewerSeats
from catalog.models import Screen, Showtime, Theater
from catalog.occupancy import Touched, touched_by
from catalog.plan_forms import NamedField, day_field, in_words, which_field
from catalog.scheduling import change_showtime
from catalog.tariff_models import PriceList
from chassis.storage.audit_log import Actor
from chassis.web.problems import Problem

A_WEEK, A_DAY = 7, 1
SHOWN = [(A_WEEK, "A week"), (A_DAY, "A day")]
# Of a day: the longest there is, and a night more.
MOST_MINUTES = 36 * 60
LONGEST_REASON = 200


class ShownForm(forms.Form):
    """Which days of which theater. Without a theater the first; without a day today, by its clocks."""

    theater = forms.ModelChoiceField(Theater.objects.none())
    day = day_field("From")
    days = forms.TypedChoiceField(choices=SHOWN, coerce=int, required=False, label="Shown")

    def __init__(self, theaters: QuerySet[Theater], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        theater: Any = self.fields["theater"]
        theater.queryset = theaters
        self.fields["day"].required = False

    @property
    def span(self) -> Span:
        today = timezone.now().astimezone(ZoneInfo(self.cleaned_data["theater"].time_zone)).date()
        return Span(self.cleaned_data["day"] or today, self.cleaned_data["days"] or A_WEEK)


class MoveForm(forms.Form):
    """Another screen or time of a showtime, as its page has it: what the service refuses is told here, and what is sold
    is moved only by who was told whom it reaches, and says why.

    A time is what the clocks of the theater show, or, from the board itself, minutes since the day began.
    """

    screen = NamedField(Screen.objects.none())
    day = day_field("Day")
    time = forms.TimeField(
        required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M"), help_text="By the theater's clocks."
    )
    fold = which_field()
    minute = forms.IntegerField(min_value=0, max_value=MOST_MINUTES, required=False, widget=forms.HiddenInput)
    # Of the showtime, when it was drawn.
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    meant = forms.BooleanField(required=False, widget=forms.HiddenInput)
    refund_without_seat = forms.BooleanField(required=False, label="Refund who finds no seat")
    reason = forms.CharField(
        max_length=LONGEST_REASON, required=False, help_text="For the log; customers do not see it."
    )

    def __init__(self, showtime: Showtime, said: Any = None, *, actor: Actor | None = None) -> None:
        self.showtime, self.actor = showtime, actor
        self.zone = ZoneInfo(showtime.theater.time_zone)
        self.shown = local_time(showtime.starts_at, self.zone)
        initial = {
            "screen": showtime.screen_id,
            "day": self.shown.wall.date(),
            "time": self.shown.wall.time(),
            "fold": self.shown.fold,
            "revision": showtime.revision,
        }
        super().__init__(said, initial=initial, auto_id="move_%s")
        screens: Any = self.fields["screen"]
        screens.queryset = Screen.objects.filter(theater=showtime.theater_id).order_by("name")
        # As it would be, and what has to be asked before.
        self.moved: Showtime | None = None
        self.reaches: Touched | None = None
        self.fewer: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["minute"] is None and cleaned["time"] is None:
            self.add_error("time", "Say a time.")
        elif cleaned["revision"] != self.showtime.revision:
            self.add_error(None, "Somebody else has changed this showtime meanwhile: look where it is now.")
        else:
            self._look(cleaned)
        return cleaned

    @property
    def starts_at(self) -> datetime | LocalTime:
        cleaned = self.cleaned_data
        if cleaned["minute"] is not None:
            return moment_on(cleaned["day"], cleaned["minute"], self.zone)
        wanted = LocalTime(datetime.combine(cleaned["day"], cleaned["time"]), cleaned["fold"])
        # With the seconds that a client of the API gave it.
        shown = LocalTime(self.shown.wall.replace(second=0, microsecond=0), self.shown.fold)
        return self.showtime.starts_at if wanted == shown else wanted

    @property
    def begun(self) -> bool:
        return self.showtime.status == ShowtimeStatus.SCHEDULED and self.showtime.starts_at <= timezone.now()

    @property
    def asks(self) -> bool:
        """Whether somebody is touched who has to be thought of first."""
        return self.moved is not None and bool(self.fewer or (self.reaches and self.reaches.bookings))

    @property
    def places(self) -> list[forms.BoundField]:
        return [self[name] for name in ("screen", "day", "time", "fold")]

    @property
    def hidden_again(self) -> list[forms.BoundField]:
        """What was said, for the page that asks."""
        return [*self.places, self["minute"]]

    def move(self) -> Showtime:
        """Raises Problem."""
        return self._change(refund=self.cleaned_data["refund_without_seat"])

    def _look(self, cleaned: dict[str, Any]) -> None:
        """What would be refused, and who would be touched; nothing is written."""
        try:
            try:
                moved = self._try(refund=cleaned["refund_without_seat"])
            except FewerSeats as fewer:
                self.fewer = fewer.extra["categories"]
                moved = self._try(refund=True)
        except Problem as problem:
            self.add_error(None, in_words(problem))
            return
        self.moved = moved
        stays = (moved.screen_id, moved.starts_at) == (self.showtime.screen_id, self.showtime.starts_at)
        if self.showtime.status == ShowtimeStatus.SCHEDULED and not stays:
            self.reaches = touched_by(self.showtime.pk)
        if cleaned["meant"] and self.reaches and self.reaches.bookings and not cleaned["reason"]:
            self.add_error("reason", "Say why.")
        if cleaned["meant"] and self.fewer and not cleaned["refund_without_seat"]:
            self.add_error("refund_without_seat", "Tick it if that is meant.")

    def _try(self, *, refund: bool) -> Showtime:
        with transaction.atomic():
            moved = self._change(refund=refund)
            transaction.set_rollback(True)
        return moved

    def _change(self, *, refund: bool) -> Showtime:
        return change_showtime(
            showtime_id=self.showtime.pk,
            screen_id=self.cleaned_data["screen"].pk,
            starts_at=self.starts_at,
            refund_without_seat=refund,
            reason=self.cleaned_data["reason"],
            actor=self.actor,
        )


class DayPricesForm(forms.Form):
    """A price list for the drafts of a day."""

    day = day_field("Day")
    price_list = NamedField(PriceList.objects.none())

    def __init__(self, theater: Theater, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists: Any = self.fields["price_list"]
        lists.queryset = PriceList.objects.filter(theater=theater)


class PlaceForm(forms.Form):
    """A place on the board: a screen, a day, and the minutes since it began. days: so many the board shows."""

    theater = forms.UUIDField()
    day = day_field("Day")
    days = forms.ChoiceField(choices=SHOWN, required=False)
    screen = forms.UUIDField(required=False)
    minute = forms.IntegerField(min_value=0, max_value=MOST_MINUTES, required=False)
