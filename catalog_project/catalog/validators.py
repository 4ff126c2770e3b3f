"""What text may stand in a field; used by the API and by the admin alike."""

from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator

from catalog.countries import COUNTRIES
from catalog.film_rules import SLUG, Role
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


LONGEST_HINT = 120
MOST_HINTS = 30
MOST_PEOPLE = 50
MOST_RATINGS = 60
NAME_LENGTH = 120

slug = RegexValidator(rf"\A{SLUG.pattern}\Z", "Lower case letters, digits and single hyphens between them.")


def https_url(value: str) -> None:
    """A link that a page may show: https, a host by its name, no user, no control characters."""
    URLValidator(schemes=["https"], message="A link that begins with https://.")(value)
    if "@" in urlsplit(value).netloc:
        raise ValidationError("A link without a user name.", code="invalid")


def ratings(value: Any) -> None:
    if not isinstance(value, dict) or len(value) > MOST_RATINGS:
        raise ValidationError(f"An object of at most {MOST_RATINGS} countries, each with its rating.", code="invalid")
    for country, rating in value.items():
        if country not in COUNTRIES:
            raise ValidationError(f"{country[:20]!r} is no country of ISO 3166-1, such as VN.", code="country")
        if not isinstance(rating, str) or not 0 < len(rating.strip()) <= 10:
            raise ValidationError(f"The rating of {country} is a text of one to ten letters.", code="rating")


def hints(value: Any) -> None:
    """{"en": "up to 12 years", …}"""
    if not isinstance(value, dict) or len(value) > MOST_HINTS:
        raise ValidationError(f"An object of at most {MOST_HINTS} languages, each with its hint.", code="invalid")
    for language, hint in value.items():
        language_tag(language)
        if not isinstance(hint, str) or not 0 < len(hint.strip()) <= LONGEST_HINT:
            raise ValidationError(f"The hint in {language} is a text of one to {LONGEST_HINT} letters.", code="hint")


def people(value: Any) -> None:
    """[{"role": "cast", "name": "…", "character": "…"}, …]; a character of the cast alone, where it has a name."""
    if not isinstance(value, list) or len(value) > MOST_PEOPLE:
        raise ValidationError(f"A list of at most {MOST_PEOPLE} people.", code="invalid")
    for number, person in enumerate(value, start=1):
        if fault := _fault_of(person):
            raise ValidationError(f"Of person {number}: {fault}", code="person")


def _fault_of(person: Any) -> str:
    if not isinstance(person, dict) or not {"role", "name"} <= person.keys() <= {"role", "name", "character"}:
        return "role and name are wanted, and no more than a character beside them."
    if person["role"] not in set(Role):
        return f"the role is one of {', '.join(Role)}."
    if any(not isinstance(text, str) or not 0 < len(text.strip()) <= NAME_LENGTH for text in person.values()):
        return f"names are texts of one to {NAME_LENGTH} letters."
    return "" if person["role"] == Role.CAST or "character" not in person else "only the cast has characters."
