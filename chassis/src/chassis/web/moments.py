"""Days and times that come in lie where every zone and the database can tell of them."""

from datetime import date
from typing import Any

from django import forms

FIRST_YEAR, LAST_YEAR = 1900, 2999


def within_reach(moment: date) -> None:
    """Near the ends of the calendar a time by one zone is no time at all by another. Raises ValidationError."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise forms.ValidationError(f"Between the years {FIRST_YEAR} and {LAST_YEAR}.", code="out_of_reach")


def bound(*kinds: Any) -> None:
    """From here on each field of these kinds, of a form or of the API, is held to it; those of libraries' pages too."""
    for kind in kinds:
        kind.default_validators = [within_reach]
