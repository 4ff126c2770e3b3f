"""The terms of a booking: what its customer bought, as it was when they bought it, whatever became of it since."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from bookings.domain import CancellationRules
from bookings.models import Booking, Showtime, ShowtimeMove


@dataclass(frozen=True, slots=True)
class Terms:
    """A showtime with the theater's rules, at the revision at which it was sold. Kept with each booking as JSON.

    Seats are rows of their own (booking_seats), and what they cost is in the booking's lines. A new field has a
    default: bookings of before have none.
    """

    movie_id: UUID
    movie_title: str
    theater_name: str
    screen_id: UUID
    screen: str
    starts_at: datetime
    time_zone: str
    format: str
    language: str
    rules: CancellationRules


def terms_of_sale(showtime: Showtime) -> Terms:
    """What somebody gets who buys now."""
    return Terms(
        movie_id=showtime.movie_id,
        movie_title=showtime.movie_title,
        theater_name=showtime.theater_name,
        screen_id=showtime.screen_id,
        screen=showtime.screen_name,
        starts_at=showtime.starts_at,
        time_zone=showtime.time_zone,
        format=showtime.format,
        language=showtime.language,
        rules=rules_of(showtime.rules),
    )


def terms_of(booking: Booking, showtime: Showtime) -> Terms:
    """What this booking was sold as.

    showtime: as it is now; it stands in for the terms of bookings that were made before there were any.
    """
    return msgspec.convert(booking.terms, Terms) if booking.terms else terms_of_sale(showtime)


def terms_before(move: ShowtimeMove, showtime: Showtime) -> Terms:
    """What the showtime was sold as until this move.

    showtime: as it is now; it stands in for what a move of before there were terms does not say.
    """
    if move.terms:
        return msgspec.convert(move.terms, Terms)
    return replace(terms_of_sale(showtime), starts_at=move.starts_at, screen=move.screen_name)


def differences(before: Terms, after: Terms) -> list[str]:
    """What somebody who bought the one did not buy with the other; empty when it is the same to them.

    A hall that is only called otherwise is the same hall. A start at another time of the theater's clocks is another
    start, whichever of the two was changed. Rules are not in it: everybody keeps those that they bought under.
    """
    different = {
        "starts_at": before.starts_at != after.starts_at or _wall_clock(before) != _wall_clock(after),
        "screen": before.screen_id != after.screen_id,
        "movie_title": (before.movie_id, before.movie_title) != (after.movie_id, after.movie_title),
        "format": before.format != after.format,
        "language": before.language != after.language,
    }
    return [name for name, differs in different.items() if differs]


def _wall_clock(terms: Terms) -> datetime:
    return terms.starts_at.astimezone(ZoneInfo(terms.time_zone)).replace(tzinfo=None)


def rules_of(rules: Mapping[str, Any]) -> CancellationRules:
    """A theater's rules for cancellations, out of all its rules."""
    return CancellationRules(
        cutoff_minutes=rules.get("cancellation_cutoff_minutes") or 0,
        fee_percent=rules.get("cancellation_fee_percent"),
    )
