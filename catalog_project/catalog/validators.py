"""What text may stand in a field; used by the API and by the admin alike."""

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from chassis.money import DECIMALS

# BCP 47: a language with at most a script and a region, as players and dubbing lists name them.
language_tag = RegexValidator(
    r"\A[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z", "Not a language tag such as vi, en or zh-Hant."
)
genre = RegexValidator(r"\A[a-z]+(-[a-z]+)*\Z", "A genre is lower case letters and hyphens.")


@cache
def _zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def time_zone(value: str) -> None:
    if value not in _zones():
        raise ValidationError("Not an IANA time zone such as Asia/Ho_Chi_Minh.", code="time_zone")


def currency(value: str) -> None:
    if value not in DECIMALS:
        raise ValidationError("Not an ISO 4217 currency code such as VND.", code="currency")
