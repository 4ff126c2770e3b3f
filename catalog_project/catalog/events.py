"""The events that the catalog tells; what it hears is in catalog.heard."""

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from catalog.models import Movie, Screen, Showing, Showtime, Theater
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

    @classmethod
    def of(cls, theater: Theater) -> Self:
        return cls(
            cancellation_cutoff_minutes=theater.cancellation_cutoff_minutes,
            cancellation_fee_percent=theater.cancellation_fee_percent,
            orphan_seat_rule=theater.orphan_seat_rule,
            accessible_places=theater.accessible_places,
        )


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
            rules=Rules.of(theater),
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


@dataclass(frozen=True, slots=True)
class TextInfo:
    """A film's title and synopsis in another language than the original's, and its name in addresses there."""

    language: str
    title: str
    synopsis: str
    slug: str


@dataclass(frozen=True, slots=True)
class _MovieState:
    """title, synopsis and slug are the original's, in text_language ("": not known). ratings: by country (ISO 3166-1).

    people: [{"role", "name", "character"?}]. poster_url: "" without one.
    """

    movie_id: UUID
    revision: int
    title: str
    original_title: str
    slug: str
    text_language: str
    synopsis: str
    duration_minutes: int
    rating: str
    ratings: dict[str, str]
    genres: list[str]
    languages: list[str]
    subtitles: list[str]
    people: list[dict[str, Any]]
    release_date: date
    trailer_url: str
    poster_url: str
    texts: list[TextInfo]

    @classmethod
    def of(cls, movie: Movie) -> Self:
        told = {field.name: getattr(movie, field.name) for field in fields(cls) if hasattr(movie, field.name)}
        told |= {
            "movie_id": movie.id,
            "poster_url": movie.picture.url if movie.picture else movie.poster_url,
            "texts": [TextInfo(text.language, text.title, text.synopsis, text.slug) for text in movie.texts.all()],
        }
        return cls(**told)


@dataclass(frozen=True, slots=True)
class MovieAdded(_MovieState):
    type: ClassVar[str] = "movie.added"


@dataclass(frozen=True, slots=True)
class MovieUpdated(_MovieState):
    """Anything that is said of it has changed; also told again, as it is, when somebody asks for it (republish)."""

    type: ClassVar[str] = "movie.updated"


@dataclass(frozen=True, slots=True)
class MovieRemoved:
    """It never had showtimes."""

    type: ClassVar[str] = "movie.removed"

    movie_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class _TheaterState:
    """latitude and longitude in degrees, null where nobody has said."""

    theater_id: UUID
    revision: int
    name: str
    city: str
    address: str
    description: str
    latitude: float | None
    longitude: float | None
    time_zone: str
    currency: str
    cleaning_minutes: int
    rules: Rules

    @classmethod
    def of(cls, theater: Theater) -> Self:
        told = {field.name: getattr(theater, field.name) for field in fields(cls) if hasattr(theater, field.name)}
        return cls(**told, theater_id=theater.id, rules=Rules.of(theater))


@dataclass(frozen=True, slots=True)
class TheaterAdded(_TheaterState):
    type: ClassVar[str] = "theater.added"


@dataclass(frozen=True, slots=True)
class TheaterUpdated(_TheaterState):
    """Anything that is said of it has changed; also told again, as it is, when somebody asks for it (republish)."""

    type: ClassVar[str] = "theater.updated"


@dataclass(frozen=True, slots=True)
class TheaterRemoved:
    """It never had showtimes; its screens are gone with it."""

    type: ClassVar[str] = "theater.removed"

    theater_id: UUID
    revision: int
