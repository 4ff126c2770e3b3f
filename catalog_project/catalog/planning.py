"""Many showtimes at once, all or nothing, in a number of statements that does not grow with them.

Whatever is in the way is named of every row, and not only what is found first. Locks are taken in the order of
catalog.scheduling. actor: who of staff does it, for the audit log.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import prefetch_related_objects

from catalog import domain
from catalog.cache import catalog_changed
from catalog.clocks import LocalTime
from catalog.domain import ON_A_SCREEN, ShowtimeStatus
from catalog.errors import Fault, InvalidFields, PlanRefused
from catalog.events import ShowtimeScheduled
from catalog.models import Movie, Screen, Showing, Showtime, ShowtimePrice, Theater
from catalog.pricing import choose, lists_of, try_price
from catalog.records import Deed, record_deeds, state
from catalog.scheduling import at_the_theater, faults_of, in_the_way, place, refusing_overlaps, slot_of
from catalog.tariff_models import PriceList
from catalog.theaters import refuse_elsewhere
from chassis.messaging.outbox import emit_all
from chassis.storage.audit_log import Actor
from chassis.storage.database import as_jsonb

# So many of those that are in the way of a row are named.
MOST_NAMED = 3
IN_THE_WAY = """
SELECT other.id, other.movie_id, other.starts_at, other.screen_free_at, other.status, wanted.number
FROM jsonb_to_recordset(%(wanted)s) AS wanted(
    number int, theater_id uuid, screen_id uuid, starts_at timestamptz, screen_free_at timestamptz)
CROSS JOIN LATERAL (
    SELECT * FROM showtimes
    WHERE theater_id = wanted.theater_id AND screen_id = wanted.screen_id AND status = ANY(%(statuses)s)
        AND starts_at > wanted.starts_at - interval '1 day' AND starts_at < wanted.screen_free_at
        AND screen_free_at > wanted.starts_at
    ORDER BY starts_at LIMIT %(most)s) AS other
ORDER BY wanted.number, other.starts_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A showtime that is to be. starts_at: a moment, or what the theater's clocks show. What it costs: as of
    scheduling.schedule_showtime."""

    movie_id: UUID
    screen_id: UUID
    starts_at: datetime | LocalTime
    showing: Showing
    prices: Mapping[str, int] | None = None
    type_prices: Mapping[str, Mapping[str, int]] | None = None
    currency: str | None = None
    price_list_id: UUID | None = None


@dataclass(slots=True)
class Row:
    """One of many: the showtime, None where its film, its screen or its time is none, and what is in its way.

    prices: of the default ticket type, by category. called: for people.
    """

    showtime: Showtime | None
    prices: Mapping[str, int] = field(default_factory=dict)
    called: str = ""
    faults: list[Fault] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned, row by row as it was asked for. done: it is written; else it only would be."""

    rows: list[Row]
    done: bool

    @property
    def showtimes(self) -> list[Showtime]:
        """Those that fit."""
        return [row.showtime for row in self.rows if row.showtime is not None and row.fits]

    def errors(self, pointer: str) -> list[dict[str, str]]:
        """As a problem has them. pointer: to the list of the rows, which have the fields of a showtime."""
        return [fault.at(f"{pointer}/{number}") for number, row in enumerate(self.rows) for fault in row.faults]


def plan_showtimes(
    *,
    wanted: Sequence[Wanted],
    publish: bool = False,
    dry_run: bool = False,
    leave_out: bool = False,
    actor: Actor | None = None,
) -> Plan:
    """Plans showtimes as drafts, or publishes them at once.

    dry_run: nothing is written, and whatever is in the way comes back with the rows. leave_out: what does not fit is
    left out, and comes back with what is in its way. Raises PlanRefused, whose pointers are into /items.
    """
    with refusing_overlaps():
        places = Places.of({each.movie_id for each in wanted}, {each.screen_id for each in wanted}, lock=not dry_run)
        refuse_elsewhere(actor, *(screen.theater_id for screen in places.screens.values()))
        lists = lists_of({each.price_list_id for each in wanted if each.price_list_id is not None})
        rows = [_drawn(each, places, lists, publish=publish) for each in wanted]
        name_clashes(rows, statuses=ON_A_SCREEN)
        plan = Plan(rows, done=not dry_run)
        if dry_run:
            return plan
        if not leave_out and (errors := plan.errors("/items")):
            raise PlanRefused(errors)
        _write([row for row in rows if row.fits], publish=publish, actor=actor)
    return plan


@dataclass(frozen=True, slots=True)
class Places:
    """Films and screens by id, each screen with its theater."""

    movies: dict[UUID, Movie]
    screens: dict[UUID, Screen]

    @classmethod
    def of(cls, movie_ids: Collection[UUID], screen_ids: Collection[UUID], *, lock: bool) -> "Places":
        """Of those that there are. lock: they stay as they are until the transaction ends."""
        movies = Movie.objects.filter(id__in=movie_ids).order_by("id")
        screens = Screen.objects.filter(id__in=screen_ids).order_by("id")
        theaters = Theater.objects.filter(id__in=screens.order_by().values("theater_id")).order_by("id")
        if lock:
            movies, theaters = movies.select_for_update(no_key=True), theaters.select_for_update(no_key=True)
            screens = screens.select_for_update(no_key=True)
        found = {movie.id: movie for movie in movies}
        houses = {theater.id: theater for theater in theaters.prefetch_related("ticket_types")}
        halls = {screen.id: screen for screen in screens}
        for screen in halls.values():
            screen.theater = houses[screen.theater_id]
        return cls(found, halls)


def name_clashes(rows: Sequence[Row], *, statuses: Collection[ShowtimeStatus]) -> None:
    """Adds to the faults of each row what has its screen then: others of the rows, and what has one of the statuses."""
    placed = {number: row.showtime for number, row in enumerate(rows) if row.showtime is not None}
    numbers = list(placed)
    slots = [(showtime.screen_id, slot_of(showtime)) for showtime in placed.values()]
    for one, other in domain.clashes(slots):
        showtime, in_its_way = placed[numbers[one]], placed[numbers[other]]
        sentence = f"With row {numbers[other] + 1}: {in_the_way(showtime, in_its_way)}"
        rows[numbers[one]].faults.append(Fault("starts_at", "showtimes_overlap", sentence))
    for number, known in _known_in_the_way(placed, statuses):
        sentence = in_the_way(placed[number], known)
        rows[number].faults.append(Fault("starts_at", "showtimes_overlap", sentence))


def _known_in_the_way(
    placed: dict[int, Showtime], statuses: Collection[ShowtimeStatus]
) -> Iterator[tuple[int, Showtime]]:
    wanted = [
        {
            "number": number,
            "theater_id": showtime.theater_id,
            "screen_id": showtime.screen_id,
            "starts_at": showtime.starts_at,
            "screen_free_at": showtime.screen_free_at,
        }
        for number, showtime in placed.items()
    ]
    if not wanted:
        return
    asked = {
        "wanted": as_jsonb(wanted),
        "statuses": [str(status) for status in statuses],
        "most": MOST_NAMED,
    }
    found = list(Showtime.objects.raw(IN_THE_WAY, asked))
    prefetch_related_objects(found, "movie")
    for known in found:
        yield known.number, known  # type: ignore[attr-defined]  # a column of the statement


def _drawn(wanted: Wanted, places: Places, lists: Mapping[UUID, PriceList], *, publish: bool) -> Row:
    """The row as it would be, with what does not fit of itself."""
    row = Row(None)
    movie, screen = places.movies.get(wanted.movie_id), places.screens.get(wanted.screen_id)
    if movie is None:
        row.faults.append(Fault("movie_id", "movie_not_found", "There is no such movie."))
    if screen is None:
        row.faults.append(Fault("screen_id", "screen_not_found", "There is no such screen."))
    if movie is None or screen is None:
        return row
    try:
        starts_at = at_the_theater(wanted.starts_at, screen.theater)
    except InvalidFields as refused:
        row.called = f"{movie} · {screen}"
        row.faults += refused.faults
        return row
    row.showtime = Showtime(
        movie=movie,
        theater=screen.theater,
        screen=screen,
        starts_at=starts_at,
        currency=wanted.currency or screen.theater.currency,
        status=ShowtimeStatus.SCHEDULED if publish else ShowtimeStatus.DRAFT,
        **asdict(wanted.showing),
    )
    row.called = str(row.showtime)
    place(row.showtime)
    row.faults += faults_of(row.showtime)
    try:
        own = choose(row.showtime, wanted.price_list_id, wanted.prices, wanted.type_prices, lists)
    except InvalidFields as refused:
        row.faults += refused.faults
        return row
    row.prices, faults = try_price(row.showtime, own)
    row.faults += faults
    return row


def _write(rows: Sequence[Row], *, publish: bool, actor: Actor | None) -> None:
    made = [row.showtime for row in rows if row.showtime is not None]
    Showtime.objects.bulk_create(made)
    ShowtimePrice.objects.bulk_create(
        ShowtimePrice(showtime=row.showtime, category=category, amount=amount, currency=row.showtime.currency)
        for row in rows
        if row.showtime is not None
        for category, amount in sorted(row.prices.items())
    )
    prefetch_related_objects(made, "prices")
    record_deeds(actor, [Deed("added", showtime, after=state(showtime)) for showtime in made])
    if publish and made:
        emit_all([(ShowtimeScheduled.of(showtime), showtime.id) for showtime in made])
        catalog_changed()
