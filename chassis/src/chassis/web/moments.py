"""Days and times that come in lie where every zone and the database can tell of them, and have names in forms."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.text import capfirst

FIRST_YEAR, LAST_YEAR = 1900, 2999
MOST_DAYS = 366


def within_reach(moment: date) -> None:
    """Near the ends of the calendar a time by one zone is no time at all by another. Raises ValidationError."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise forms.ValidationError(f"Between the years {FIRST_YEAR} and {LAST_YEAR}.", code="out_of_reach")


def bound(*kinds: Any) -> None:
    """From here on each field of these kinds, of a form or of the API, is held to it; those of libraries' pages too."""
    for kind in kinds:
        kind.default_validators = [within_reach]


class NamesMoments:
    """A page of the admin whose forms say of each box for a moment which moment it is, beside the day or the time."""

    def formfield_for_dbfield(self, db_field: Any, request: Any, **named: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **named)  # type: ignore[misc]  # of ModelAdmin
        if isinstance(field, forms.SplitDateTimeField):
            for box, part in zip(field.widget.widgets, ("date", "time"), strict=True):
                box.attrs["aria-label"] = f"{capfirst(field.label)}, {part}"
        return field


class DaysForm(forms.Form):
    """Which days something is asked of, both included: a year at most."""

    first = forms.DateField(label="From", widget=forms.DateInput({"type": "date"}), validators=[within_reach])
    last = forms.DateField(label="To", widget=forms.DateInput({"type": "date"}), validators=[within_reach])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and not timedelta() <= last - first < timedelta(days=MOST_DAYS):
            raise forms.ValidationError(f"The last day comes after the first, within {MOST_DAYS} days.")
        return cleaned
