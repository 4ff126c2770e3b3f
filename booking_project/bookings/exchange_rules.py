"""When a booking is exchanged for another showtime of its film, and on what. Pure, as domain.py is."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from bookings.domain import State


@dataclass(frozen=True, slots=True)
class Exchange:
    """On what a booking is exchanged for another one: `worth` is what it may pay of that, `retained` what is kept.

    Both in minor units: what a cancellation gives back, and what it keeps. movie_id: as it was sold.
    """

    booking_id: UUID
    reference: str
    showtime_id: UUID
    movie_id: UUID
    currency: str
    worth: int
    retained: int

    def carried(self, total: int) -> int:
        """What it pays of the other one's total."""
        return min(self.worth, total)


class NoExchange(StrEnum):
    """Why a booking is not exchanged for a certain showtime."""

    SAME_SHOWTIME = "same_showtime"
    OTHER_FILM = "other_film"
    OTHER_CURRENCY = "other_currency"


def no_exchange(exchange: Exchange, *, showtime_id: UUID, movie_id: UUID, currency: str) -> NoExchange | None:
    """What stands against exchanging it for seats of this showtime."""
    if showtime_id == exchange.showtime_id:
        return NoExchange.SAME_SHOWTIME
    if movie_id != exchange.movie_id:
        return NoExchange.OTHER_FILM
    return NoExchange.OTHER_CURRENCY if currency != exchange.currency else None


def still_exchangeable(state: State, *, left: int, checked_in: bool, worth: int, retained: int) -> bool:
    """Whether a booking still is what was agreed on when the other one's seats were held.

    left: what has not gone back of it, nor is on its way.
    """
    return state is State.CONFIRMED and not checked_in and left == worth + retained
