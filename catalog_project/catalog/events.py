"""The events that the catalog tells; what it hears is in catalog.heard."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from catalog.models import Screen, Showing, Showtime
from catalog.tariffs import Tariff


@dataclass(frozen=True, slots=True)
class SeatInfo:
    id: UUID
    row: str
    number: int
    x: int
    y: int
    category: str
    accessible: bool


@dataclass(frozen=True, slots=True)
class ScreenUpdated:
    """A screen was added, or its name or layout changed. rows and columns span the layout with its aisles."""

    type: ClassVar[str] = "screen.updated"

    screen_id: UUID
    theater_id: UUID
    name: str
    rows: int
    columns: int
    revision: int
    seats: list[SeatInfo]

    @classmethod
    def of(cls, screen: Screen) -> Self:
        return cls(
            screen_id=screen.id,
            theater_id=screen.theater_id,
            name=screen.name,
            rows=screen.rows,
            columns=screen.columns,
            revision=screen.revision,
            seats=[
                SeatInfo(seat.id, seat.row, seat.number, seat.x, seat.y, seat.category, seat.accessible)
                for seat in screen.seats.all()
            ],
        )


@dataclass(frozen=True, slots=True)
class MovieInfo:
    id: UUID
    title: str


@dataclass(frozen=True, slots=True)
class TheaterInfo:
    id: UUID
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class ScreenInfo:
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The theater's rules. cancellation_fee_percent null: cancelling after the cutoff is refused."""

    cancellation_cutoff_minutes: int
    cancellation_fee_percent: int | None
    orphan_seat_rule: bool
    accessible_places: str


@dataclass(frozen=True, slots=True)
class _ShowtimeState(Showing):
    """With the fields of Showing. prices: amount in minor units of the currency, by seat category, of the default type
    of ticket; tariff: of all types, with what else is paid. Without one there are no types, fees and taxes.
    """

    showtime_id: UUID
    revision: int
    movie: MovieInfo
    theater: TheaterInfo
    screen: ScreenInfo
    starts_at: datetime
    ends_at: datetime
    currency: str
    prices: dict[str, int]
    tariff: Tariff | None
    rules: Rules

    @classmethod
    def of(cls, showtime: Showtime) -> Self:
        theater = showtime.theater
        return cls(
            showtime_id=showtime.id,
            revision=showtime.revision,
            movie=MovieInfo(showtime.movie_id, showtime.movie.title),
            theater=TheaterInfo(theater.id, theater.name, theater.time_zone),
            screen=ScreenInfo(showtime.screen_id, showtime.screen.name),
            starts_at=showtime.starts_at,
            ends_at=showtime.ends_at,
            currency=showtime.currency,
            prices=showtime.amounts,
            tariff=showtime.offer,
            rules=Rules(
                cancellation_cutoff_minutes=theater.cancellation_cutoff_minutes,
                cancellation_fee_percent=theater.cancellation_fee_percent,
                orphan_seat_rule=theater.orphan_seat_rule,
                accessible_places=theater.accessible_places,
            ),
            **asdict(showtime.showing),
        )


@dataclass(frozen=True, slots=True)
class ShowtimeScheduled(_ShowtimeState):
    type: ClassVar[str] = "showtime.scheduled"


@dataclass(frozen=True, slots=True)
class ShowtimeUpdated(_ShowtimeState):
    type: ClassVar[str] = "showtime.updated"


@dataclass(frozen=True, slots=True)
class ShowtimeCancelled:
    type: ClassVar[str] = "showtime.cancelled"

    showtime_id: UUID
    revision: int
    reason: str
