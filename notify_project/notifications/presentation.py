"""From what an event said to what a person reads: money, times and seats in their language."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_time, get_timezone_location, get_timezone_name
from babel.numbers import NumberPattern, format_percent, parse_pattern

from chassis.money import DECIMALS, Money, to_major
from chassis.secrets import is_sealed, unseal
from notifications.domain import CODE_LIMIT, CODES_LIMIT, SECRET
from notifications.heard_payments import ReceiptLine, ReceiptTax
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
    """An RFC 3339 time as date and time of the zone, with a name of the zone that people know."""
    local = datetime.fromisoformat(value).astimezone(zone)
    date = format_date(local.date(), format="full", locale=locale)
    time = format_time(local, format="short", tzinfo=zone, locale=locale)
    return f"{date}, {time}, {_zone_name(local, zone, locale)}"


def present(
    context: Mapping[str, Any],
    *,
    kind: Kind,
    booking: Mapping[str, Any],
    name: str,
    language: str,
    public_url: str,
    support_email: str = "",
    time_zone: str = "",
    secret_keys: Sequence[str] = (),
) -> dict[str, Any]:
    """All the values that the wording of this kind may name; what is not known is "".

    context: what the event said. booking: {"reference", "showtime", "seats"} of the booking, or empty. support_email:
    where people answer who read the house's mail, or "". time_zone: of the reader, for times that are no theater's.
    secret_keys: what opens the token of a link. Raises chassis.secrets.InvalidSeal when none of them does.
    """
    locale = _locale(language)
    showtime = context.get("showtime") or booking.get("showtime") or {}
    before = context.get("before") or {}
    zone = _zone(showtime.get("time_zone") or time_zone or "UTC")
    shown: dict[str, Any] = {
        key: value for key, value in context.items() if isinstance(value, str | bool) and key != SECRET
    }
    shown |= {key: money(context[key], locale) if context.get(key) else "" for key in _said(kind, Money)}
    shown |= {key: moment(context[key], zone, locale) if context.get(key) else "" for key in _said(kind, datetime)}
    shown |= {key: context.get(key) or [] for key in _said(kind, list[str])}
    shown |= {key: _lines(context.get(key) or [], locale) for key in _said(kind, list[ReceiptLine])}
    shown |= {key: _taxes(context.get(key) or [], locale) for key in _said(kind, list[ReceiptTax])}
    seats = named(context.get("seats") or booking.get("seats") or [])
    return shown | {
        "name": name,
        "language": language,
        "public_url": public_url,
        "support_email": support_email,
        "reference": context.get("reference") or booking.get("reference", ""),
        "theater": showtime.get("theater_name", ""),
        **_showing(showtime, zone, locale),
        **{f"{key}_before": value for key, value in _showing(before, zone, locale).items()},
        "seats": seats,
        "tickets": _tickets(context, seats),
        "link": _link(kind, context, public_url, secret_keys),
    }


def codes(context: Mapping[str, Any]) -> dict[str, str]:
    """The codes of tickets by the names of their pictures: `ticket` of all seats, `ticket-1` of the first seat."""
    each = {f"ticket-{number}": one["code"] for number, one in enumerate(context.get("tickets") or [], 1)}
    return {"ticket": context["ticket"], **each} if context.get("ticket") else each


def _showing(showtime: Mapping[str, Any], zone: tzinfo, locale: Locale) -> dict[str, str]:
    """What is shown where and when. version: its format and its language, as far as they are known."""
    language = showtime.get("language", "")
    spoken = locale.languages.get(language) or locale.languages.get(language.partition("-")[0]) or language
    return {
        "movie": showtime.get("movie_title", ""),
        "screen": showtime.get("screen", ""),
        "starts_at": moment(showtime["starts_at"], zone, locale) if showtime else "",
        "version": ", ".join(part for part in (showtime.get("format", ""), spoken) if part),
    }


def _lines(lines: Sequence[Mapping[str, Any]], locale: Locale) -> list[dict[str, Any]]:
    """Of a receipt: the name and count of what was sold, and what it came to."""
    return [{**line, "amount": money(line["amount"], locale)} for line in lines]


def _taxes(taxes: Sequence[Mapping[str, Any]], locale: Locale) -> list[dict[str, str]]:
    """The rate as the locale writes it, 7.5%, and the tax."""
    return [
        {
            "rate": format_percent(Decimal(each["rate"]) / 10_000, format="#,##0.##%", locale=locale),
            "tax": money(each["tax"], locale),
        }
        for each in taxes
    ]


def _tickets(context: Mapping[str, Any], seats: str) -> list[dict[str, Any]]:
    """What lets people in, one for each seat; of messages of before there were, one for all of them.

    picture: the name of its code's picture (cid:), or "" where the mail has no room for it.
    """
    each = list(context.get("tickets") or [])
    types = {f"{seat['row']}{seat['number']}": seat.get("ticket_type") for seat in context.get("seats") or []}
    if not each and context.get("ticket"):
        return [{"seat": seats, "code": context["ticket"], "picture": "ticket"}]
    shown = [
        {
            "seat": _with_type(one["seat"], types.get(one["seat"])),
            "code": one["code"],
            "picture": f"ticket-{number}" if number <= CODES_LIMIT and len(one["code"]) <= CODE_LIMIT else "",
        }
        for number, one in enumerate(each, 1)
    ]
    return sorted(shown, key=lambda one: _place(one["seat"]))


def _with_type(seat: str, ticket_type: Mapping[str, str] | None) -> str:
    """B1 (Child); where there is one type of ticket alone, which has this code, B1."""
    return seat if ticket_type is None or ticket_type["code"] == "standard" else f"{seat} ({ticket_type['name']})"


def named(seats: Sequence[Mapping[str, Any]]) -> str:
    """By row and number, as they stand in the hall: A9, A10, B1."""
    return ", ".join(sorted((f"{seat['row']}{seat['number']}" for seat in seats), key=_place))


def _place(seat: str) -> tuple[int, str, int, str]:
    """Sorts a seat as it is written: rows of one letter before those of two, and numbers as numbers."""
    row, number, rest = re.fullmatch(r"(\D*)(\d*)(.*)", seat, re.DOTALL).groups()  # type: ignore[union-attr]  # of any text
    return len(row), row, int(number or 0), rest


@cache
def _said(kind: Kind, wanted: Any) -> tuple[str, ...]:
    """What the kind says of this type."""
    if kind.tells is None:
        return ()
    return tuple(name for name, known in kind.tells.types().items() if known in (wanted, wanted | None))


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


# CLDR's word for no country.
NOWHERE = "ZZ"


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _zone_name(local: datetime, zone: tzinfo, locale: Locale) -> str:
    """ "Vietnam Time (GMT+7)": of the country where it has one time, else as the zone is called, else by a city."""
    key = str(zone)
    ahead = local.utcoffset() or timedelta()
    if get_global("zone_territories").get(key, NOWHERE) == NOWHERE:
        called = get_timezone_name(local, width="long", locale=locale) if not ahead else ""
        return called or _from_greenwich(ahead)
    place = get_timezone_location(zone, locale=locale)
    called = get_timezone_name(local, width="long", locale=locale)
    # Not every zone has a name in every language, and then its offset stands for it.
    name = place if "(" not in place or called.startswith("GMT") else called
    return f"{name} ({_from_greenwich(ahead)})"


def _from_greenwich(ahead: timedelta) -> str:
    minutes = round(abs(ahead).total_seconds() / 60)
    sign = "-" if ahead < timedelta() else "+"
    return f"GMT{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")
