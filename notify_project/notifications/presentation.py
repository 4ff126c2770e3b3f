"""From what an event said to what a person reads: money, times and seats in their language."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from typing import Any, get_type_hints
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import NumberPattern, parse_pattern

from chassis.money import DECIMALS, Money, to_major
from chassis.secrets import is_sealed, unseal
from notifications.domain import SECRET
from notifications.kinds.kind import Kind


def money(value: Mapping[str, Any], locale: Locale) -> str:
    """{"amount": minor units, "currency": ISO 4217 code} as the locale writes it.

    Raises KeyError for an unknown currency: a message that may be wrong by a factor of a hundred is better not sent.
    """
    paid = Money(amount=value["amount"], currency=value["currency"])
    # CLDR's digits are what is customary, not what an amount is counted in.
    pattern = _money_pattern(locale, DECIMALS[paid.currency])
    return str(pattern.apply(to_major(paid), locale, currency=paid.currency, currency_digits=False))


@lru_cache(maxsize=16)
def _money_pattern(locale: Locale, decimals: int) -> NumberPattern:
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (decimals, decimals)
    return pattern


def moment(value: str, zone: tzinfo, locale: Locale) -> str:
    """An RFC 3339 time as date and time of the zone, with the zone's name."""
    local = datetime.fromisoformat(value).astimezone(zone)
    date = format_date(local.date(), format="full", locale=locale)
    time = format_time(local, format="short", tzinfo=zone, locale=locale)
    return f"{date}, {time} ({_zone_name(local, zone, locale)})"


def present(
    context: Mapping[str, Any],
    *,
    kind: Kind,
    booking: Mapping[str, Any],
    name: str,
    language: str,
    public_url: str,
    secret_keys: Sequence[str] = (),
) -> dict[str, Any]:
    """All the values that the wording of this kind may name; what is not known is "".

    context: what the event said. booking: {"reference", "showtime", "seats"} of the booking, or empty.
    secret_keys: what opens the token of a link. Raises chassis.secrets.InvalidSeal when none of them does.
    """
    locale = _locale(language)
    showtime = context.get("showtime") or booking.get("showtime") or {}
    before = context.get("before") or {}
    zone = _zone(showtime.get("time_zone", "UTC"))
    shown = {key: value for key, value in context.items() if isinstance(value, str | bool) and key != SECRET}
    shown |= {key: money(context[key], locale) if context.get(key) else "" for key in _said(kind, Money)}
    shown |= {key: moment(context[key], zone, locale) if context.get(key) else "" for key in _said(kind, datetime)}
    return shown | {
        "name": name,
        "language": language,
        "public_url": public_url,
        "reference": context.get("reference") or booking.get("reference", ""),
        "movie": showtime.get("movie_title", ""),
        "theater": showtime.get("theater_name", ""),
        "screen": showtime.get("screen", ""),
        "starts_at": moment(showtime["starts_at"], zone, locale) if showtime else "",
        "starts_at_before": moment(before["starts_at"], zone, locale) if before else "",
        "screen_before": before.get("screen", ""),
        "seats": _seats(context.get("seats") or booking.get("seats") or []),
        "link": _link(kind, context, public_url, secret_keys),
    }


def _seats(seats: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{seat['row']}{seat['number']}" for seat in seats)


@cache
def _said(kind: Kind, wanted: type) -> tuple[str, ...]:
    """What the kind says of this type."""
    if kind.tells is None:
        return ()
    types = get_type_hints(kind.tells.reads)
    return tuple(name for name in kind.tells.says if types[name] in (wanted, wanted | None))


def _link(kind: Kind, context: Mapping[str, Any], public_url: str, keys: Sequence[str]) -> str:
    """The one place where a secret is open: it goes into the mail, and nowhere else."""
    if not kind.link or SECRET not in context:
        return ""
    secret: str = context[SECRET]
    # Events of before the seal say it as it is, and samples do.
    opened = unseal(secret, keys) if is_sealed(secret) else secret
    return f"{public_url}{kind.link}?token={quote(opened, safe='')}"


@lru_cache(maxsize=16)
def _locale(language: str) -> Locale:
    return Locale.parse(language)


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _zone_name(local: datetime, zone: tzinfo, locale: Locale) -> str:
    name = get_timezone_name(local, width="long", locale=locale)
    # Not every zone has a name in every language; an offset alone does not say where.
    return f"{zone}, {name}" if name.startswith("GMT") else name
