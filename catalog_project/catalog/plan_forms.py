"""Forms of the pages on which a programme is planned. They say what is wanted; catalog.planning says what fits."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.validators import MaxValueValidator, MinValueValidator

from catalog.clocks import LocalTime
from catalog.domain import ShowtimeFormat
from catalog.errors import InvalidFields
from catalog.forms import WHICH
from catalog.models import SHOWING, Movie, Screen, Showing, Showtime, Theater
from catalog.planning import Wanted
from catalog.price_fields import PRICE_FIELDS, add_price_fields, amounts_of
from catalog.tariff_models import PriceList
from catalog.validators import language_tag
from chassis.web.problems import Problem

MOST = 500
MOST_IN_A_ROW = 30
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")


def which_field() -> forms.TypedChoiceField:
    """Which is meant of a time that the clocks show twice: 0, 1, or None where nobody said."""
    return forms.TypedChoiceField(
        choices=WHICH,
        coerce=int,
        empty_value=None,
        required=False,
        label="Times shown twice",
        help_text="In a night in which the clocks are put back.",
    )


def day_field(label: str, help_text: str = "") -> forms.DateField:
    """Of the times in which cinemas are planned: a day further on is a slip of the keys."""
    between = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2199, 12, 31))]
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, widget=widget, validators=between)


def in_words(problem: Problem) -> str:
    """What a page says of a refusal."""
    told = [str(error["detail"]) for error in problem.errors or ()]
    return " ".join(told) if isinstance(problem, InvalidFields) else str(problem.detail)


class NamedField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs alone
    """One of the theater that the form is about, without the theater's name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class ScreensField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # generic in the stubs alone
    """Screens of the theater that the form is about, without its name."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Screen.objects.none(), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class _InTheater(forms.Form):
    """A form about one theater, which was chosen before."""

    def __init__(self, theater: Theater, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.theater = theater
        screens = self.fields.get("screens")
        if isinstance(screens, ScreensField):
            screens.queryset = Screen.objects.filter(theater=theater).order_by("name")

    @property
    def opens_on(self) -> date:
        """The first day of what is planned, copied or published."""
        first: date = self.cleaned_data["first"]
        return first


class CopyForm(_InTheater):
    first = day_field("Copy from", "The day, or the first day of the week.")
    days = forms.TypedChoiceField(choices=[(7, "A week"), (1, "A day")], coerce=int, label="What")
    begins = day_field("Copy to", "The day on which the copy begins.")
    times = forms.IntegerField(
        min_value=1,
        max_value=MOST_IN_A_ROW,
        initial=1,
        label="How many in a row",
        help_text="Copies: so many days, or weeks, one after the other.",
    )
    screens = ScreensField(required=False, help_text="None chosen: all.")
    fold = which_field()
    leave_out = forms.BooleanField(required=False, label="Leave out what does not fit")

    @property
    def opens_on(self) -> date:
        first: date = self.cleaned_data["begins"]
        return first

    def wanted(self) -> dict[str, Any]:
        """Arguments of copy_plan()."""
        cleaned = self.cleaned_data
        days, begins = cleaned["days"], cleaned["begins"]
        return {
            "theater_id": self.theater.id,
            "first": cleaned["first"],
            "days": days,
            "to": [begins + timedelta(days=days * number) for number in range(cleaned["times"])],
            "screen_ids": [screen.id for screen in cleaned["screens"]] or None,
            "fold": cleaned["fold"],
            "leave_out": cleaned["leave_out"],
        }


class TimesField(forms.CharField):
    """Times of a day, such as 13:00 16:15; a list of them."""

    def clean(self, value: Any) -> list[time]:
        words = re.split(r"[\s,;]+", super().clean(value).strip())
        found = [_TIME.fullmatch(word) for word in words]
        if wrong := [word for word, match in zip(words, found, strict=True) if match is None]:
            raise forms.ValidationError(f"Not a time such as 19:30: {', '.join(wrong[:3])}.")
        return sorted({time(int(match[1]), int(match[2])) for match in found if match})


class FilmSelect(AutocompleteSelect):
    """What is no id shows no film; the form says so, and the page still comes."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if _is_id(each)], attr)


def _is_id(said: str) -> bool:
    try:
        UUID(said)
    except ValueError:
        return False
    return True


class FilmForm(_InTheater):
    """One film: every day of a span, at each of these times, on each of these screens."""

    movie = forms.ModelChoiceField(
        Movie.objects.all(), widget=FilmSelect(Showtime._meta.get_field("movie"), admin.site)
    )
    screens = ScreensField()
    first = day_field("First day")
    last = day_field("Last day")
    times = TimesField(max_length=300, help_text="As the clocks of the theater show them: 13:00 16:15 19:30.")
    fold = which_field()
    format = forms.ChoiceField(choices=[(each.value, each.value) for each in ShowtimeFormat])
    language = forms.CharField(max_length=15, validators=[language_tag])
    price_list = NamedField(PriceList.objects.none(), required=False, help_text="Empty: it costs what is said below.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        add_price_fields(self.fields)
        lists: Any = self.fields["price_list"]
        lists.queryset = self.theater.price_lists.order_by("name")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if {"first", "last", "times", "screens"} <= cleaned.keys():
            days = (cleaned["last"] - cleaned["first"]).days + 1
            count = days * len(cleaned["times"]) * len(cleaned["screens"])
            if days < 1:
                self.add_error("last", "The last day is not before the first.")
            elif count > MOST:
                self.add_error("last", f"These are {count} showtimes; at most {MOST} are planned at once.")
        if cleaned.get("price_list") and any(cleaned.get(name) is not None for name in PRICE_FIELDS):
            self.add_error("price_list", "It follows the list: leave the prices empty, or choose no list.")
        try:
            cleaned["prices"] = amounts_of(cleaned, self.theater.currency)
        except InvalidFields as refused:
            for name in PRICE_FIELDS:
                for error in refused.errors or ():
                    if error["pointer"] == f"/{name}":
                        self.add_error(name, error["detail"])
        return cleaned

    def wanted(self) -> list[Wanted]:
        cleaned = self.cleaned_data
        showing = Showing(**{name: cleaned[name] for name in SHOWING if name in cleaned})
        listed = cleaned["price_list"]
        return [
            Wanted(
                movie_id=cleaned["movie"].id,
                screen_id=screen.id,
                starts_at=LocalTime(datetime.combine(day, at), cleaned["fold"]),
                prices=None if listed else cleaned["prices"],
                price_list_id=listed.id if listed else None,
                currency=self.theater.currency,
                showing=showing,
            )
            for day in _days(cleaned["first"], cleaned["last"])
            for at in cleaned["times"]
            for screen in cleaned["screens"]
        ]


class SpanForm(_InTheater):
    first = day_field("First day")
    last = day_field("Last day")
    screens = ScreensField(required=False, help_text="None chosen: all.")


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)
