"""Money, times and names as people of a language write them (CLDR, by Babel)."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import babel
from babel import dates, numbers
from django import template
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

from chassis.money import Money, to_major
from shop import purchases, words
from shop.assets import address_of
from shop.devices import device

register = template.Library()


def _locale() -> babel.Locale:
    return _parsed(translation.get_language() or "en")


@cache
def _parsed(language: str) -> babel.Locale:
    return babel.Locale.parse(language, sep="-")


@register.filter
def money(value: Mapping[str, Any]) -> str:
    """{"amount": 1450, "currency": "EUR"}: €14.50, 14,50 €."""
    return _money(value["amount"], value["currency"], _locale())


@lru_cache(4096)
def _money(amount: int, currency: str, locale: babel.Locale) -> str:
    return str(numbers.format_currency(to_major(Money(amount, currency)), currency, locale=locale))


@register.filter
def in_currency(amount: int, currency: str) -> str:
    """Minor units of a currency."""
    return money({"amount": amount, "currency": currency})


register.filter("due", purchases.due)
register.filter("in_order", purchases.in_order)
register.filter("counted", purchases.counted)
register.filter("called", words.called)
register.filter("hint", words.hint)
register.filter("device", device)


def parsed(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


@register.filter
def clock(value: str, zone: str) -> str:
    """The time of day in that zone, as short as the language has it: for a page that says which zone that is."""
    return _clock(parsed(value), zone, _locale())


@lru_cache(4096)
def _clock(at: datetime, zone: str, locale: babel.Locale) -> str:
    return str(dates.format_time(at, "short", tzinfo=ZoneInfo(zone), locale=locale))


@register.filter
def zoned_clock(value: str, zone: str) -> str:
    """The same where nothing else says it: 2:09 AM (Vietnam Time)."""
    return f"{clock(value, zone)} ({zone_name(zone)})"


@register.filter
def moment(value: str, zone: str) -> SafeString:
    """A day and its time in that zone; without one in UTC, which shop.js makes the time of the reader's clock."""
    said = f"{day_of(value, zone or 'UTC')}, {zoned_clock(value, zone or 'UTC')}"
    return format_html('<time datetime="{}"{}>{}</time>', value, "" if zone else mark_safe(" data-local"), said)


@register.filter
def seconds_left(until: str) -> int:
    """Whole seconds from now, by the server's clock; 0 where it is over."""
    return max(0, int((parsed(until) - datetime.now(UTC)).total_seconds()))


@register.filter
def day_of(value: str, zone: str) -> str:
    """The day in that zone, with its weekday."""
    local = parsed(value).astimezone(ZoneInfo(zone)).date()
    return day(local)


@register.filter
def day(value: date) -> str:
    return _date(value, "full", _locale())


@lru_cache(4096)
def _date(value: date, form: str, locale: babel.Locale) -> str:
    return str(dates.format_date(value, form, locale=locale))


@register.filter
def release(value: str) -> str:
    """A day of the API's, without its year."""
    return day_and_month(date.fromisoformat(value))


@register.filter
def weekday(value: date) -> str:
    return _date(value, "EEE", _locale())


@register.filter
def day_and_month(value: date) -> str:
    return _skeleton(value, _locale())


@lru_cache(4096)
def _skeleton(value: date, locale: babel.Locale) -> str:
    return str(dates.format_skeleton("MMMd", value, locale=locale))


@register.filter
def zone_name(zone: str) -> str:
    """What people call it: Berlin time, giờ Đông Dương."""
    return _zone(zone, _locale())


@lru_cache(1024)
def _zone(zone: str, locale: babel.Locale) -> str:
    # No place has it, so Babel calls it an unknown one's.
    return "UTC" if zone in ("UTC", "Etc/UTC") else str(dates.get_timezone_name(ZoneInfo(zone), locale=locale))


@register.filter
def in_words(tag: str) -> str:
    """A language by its tag: German, Tiếng Đức. (Django's language_name knows English names alone.)

    The names are the reader's language's: an image has the locales of readers alone.
    """
    known = _locale().languages
    return str(known.get(tag.replace("-", "_")) or known.get(tag.partition("-")[0], tag))


@register.filter
def minutes(value: int) -> str:
    return ngettext("%(count)d minute", "%(count)d minutes", value) % {"count": value}


for said in (words.category, words.genre, words.seat_status, words.booking_status, words.why):
    register.filter(said.__name__, said)


@register.filter
def ending(step: Mapping[str, Any] | None) -> str:
    return words.ending(step["trigger"]) if step else ""


@register.filter
def item(mapping: Mapping[str, Any], key: str) -> Any:
    return mapping.get(key)


# What would end the script, or begin a comment in it.
_UNSAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@register.simple_tag
def json_ld(told: Mapping[str, Any]) -> SafeString:
    """What search engines read of a page. It is data: no policy of scripts holds it back, and nothing runs it."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308  (escaped above)


register.simple_tag(address_of, name="asset")
