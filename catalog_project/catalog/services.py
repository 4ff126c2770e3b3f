"""Movies, theaters and screens: added, changed and removed. Showtimes are in catalog.scheduling.

actor: who of staff does it, for the audit log; None where a program does. Whoever is limited to theaters does what
belongs to one at theirs alone: else OtherTheater is raised, here and in all services of the catalog.

Locks are taken in one order everywhere: movie, theater, screen, the change that is to be told (catalog.untold),
showtimes by id, and the catalog's generation last.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from catalog import domain, tariffs
from catalog.cache import catalog_changed
from catalog.domain import Kind
from catalog.errors import (
    InvalidFields,
    MovieInUse,
    MovieNotFound,
    NameTaken,
    ScreenInUse,
    ScreenNotFound,
    TheaterInUse,
    TheaterNotFound,
)
from catalog.events import MovieAdded, MovieRemoved, ScreenUpdated, TheaterAdded, TheaterRemoved, TheaterUpdated
from catalog.films import locked_movie, write_change
from catalog.layouts import Place, categories, extent, faults
from catalog.models import Movie, Screen, Seat, Showtime, ShowtimePrice, Theater
from catalog.naming import take_slug, write_words
from catalog.occupancy import any_seat_taken
from catalog.posters import let_go
from catalog.pricing import default_of, types_of
from catalog.records import record_added, record_changed, record_removed, state
from catalog.rows import assign, refusing
from catalog.scheduling import move_cleaning, move_ends, refusing_overlaps, showtimes_to_come
from catalog.tariff_models import PriceList
from catalog.theaters import refuse_elsewhere
from catalog.untold import tell_later
from chassis.messaging.outbox import emit
from chassis.storage.audit_log import Actor


class MovieFields(TypedDict, total=False):
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
    people: list[dict[str, str]]
    release_date: date
    trailer_url: str
    poster_url: str


class TheaterFields(TypedDict, total=False):
    name: str
    city: str
    address: str
    description: str
    latitude: float | None
    longitude: float | None
    time_zone: str
    currency: str
    cleaning_minutes: int
    cancellation_cutoff_minutes: int
    cancellation_fee_percent: int | None
    orphan_seat_rule: bool
    accessible_places: str
    seller_name: str
    seller_address: str
    tax_number: str
    tax_included: bool
    ticket_tax: int
    fee_tax: int
    holidays: list[date]


# What the showtimes to come say or follow of their movie and theater.
_OF_SHOWTIMES = {"title", "duration_minutes"}
_NOT_OF_SHOWTIMES = {"city", "address", "description", "latitude", "longitude"}


def add_movie(*, actor: Actor | None = None, **fields: Unpack[MovieFields]) -> Movie:
    """slug: its name in addresses, made of the title where it is left out. Raises InvalidFields when it is taken."""
    with transaction.atomic():
        movie = one_of_many_movies(actor=actor, **fields)
        catalog_changed()
    return movie


def one_of_many_movies(*, actor: Actor | None = None, **fields: Unpack[MovieFields]) -> Movie:
    """add_movie(), in the transaction of a caller who ends it with catalog_changed() once."""
    movie = Movie(**fields)
    movie.slug = take_slug(movie.id, title=movie.title, wanted=movie.slug)
    movie.save(force_insert=True)
    write_words(movie)
    record_added(actor, movie)
    emit(MovieAdded.of(movie), subject=movie.id)
    return movie


def change_movie(*, movie_id: UUID, actor: Actor | None = None, **fields: Unpack[MovieFields]) -> Movie:
    """Changes a movie. Its showtimes to come end by a new length at once; with it, or a new title, they are told later.

    slug: another name in addresses, "" for one that is made of the title; else it stays, whatever the title becomes.
    Raises MovieNotFound; InvalidFields when another film has the slug, or when a translation is in the text_language;
    ShowtimesOverlap when the longer film no longer fits.
    """
    with refusing_overlaps():
        movie = locked_movie(movie_id)
        before = state(movie)
        changed = assign(movie, fields)
        if "slug" in changed:
            movie.slug = take_slug(movie.id, title=movie.title, wanted=movie.slug)
        if "text_language" in changed and movie.texts.filter(language=movie.text_language).exists():
            raise InvalidFields(text_language="There is a translation into this language; remove it first.")
        if changed:
            write_change(movie, before, actor=actor, deed="changed", fields=changed)
            if changed & _OF_SHOWTIMES:
                tell_later(Kind.MOVIE, movie.id)
            if "duration_minutes" in changed:
                move_ends(movie)
            catalog_changed()
    return movie


def remove_movie(*, movie_id: UUID, actor: Actor | None = None) -> None:
    """Raises MovieNotFound; MovieInUse when it has, or had, showtimes."""
    with transaction.atomic():
        movie = Movie.objects.select_for_update().filter(id=movie_id).first()
        if movie is None:
            raise MovieNotFound
        if Showtime.objects.filter(movie_id=movie_id).exists():
            raise MovieInUse("A movie with showtimes stays; cancel the ones to come instead.")
        let_go(movie_id)
        record_removed(actor, movie)
        emit(MovieRemoved(movie.id, movie.revision), subject=movie.id)
        movie.delete()
        catalog_changed()


def add_theater(*, actor: Actor | None = None, **fields: Unpack[TheaterFields]) -> Theater:
    """Raises OtherTheater, NameTaken; InvalidFields of a latitude without its longitude, here and below."""
    refuse_elsewhere(actor, None)
    with refusing("theaters_have_names_of_their_own", NameTaken("Another theater has this name.")):
        _check_place(fields.get("latitude"), fields.get("longitude"))
        theater = Theater.objects.create(**fields)
        record_added(actor, theater)
        emit(TheaterAdded.of(theater), subject=theater.id)
        catalog_changed()
    return theater


def change_theater(*, theater_id: UUID, actor: Actor | None = None, **fields: Unpack[TheaterFields]) -> Theater:
    """Changes a theater. With its new name, zone, rules, cleaning time, taxes or holidays, or another seller, its
    showtimes to come are told later.

    Raises TheaterNotFound, NameTaken; TheaterInUse for another currency while showtimes are to come or price lists are
    in the old one, and for another zone once seats of them are taken; ShowtimesOverlap when a longer cleaning time no
    longer fits.
    """
    taken = NameTaken("Another theater has this name.")
    with refusing("theaters_have_names_of_their_own", taken), refusing_overlaps():
        theater = Theater.objects.select_for_update(no_key=True).filter(id=theater_id).first()
        if theater is None:
            raise TheaterNotFound
        refuse_elsewhere(actor, theater.id)
        before = state(theater)
        changed = assign(theater, fields)
        _check_place(theater.latitude, theater.longitude)
        if "currency" in changed and showtimes_to_come(theater_id=theater_id).exists():
            raise TheaterInUse("Showtimes to come are priced in the other currency.")
        if "currency" in changed and theater.price_lists.exists():
            raise TheaterInUse("Its price lists are in the other currency.")
        # The clock time on every ticket would be another. Of a sale that this service has not heard of yet, booking
        # tells the customer.
        if "time_zone" in changed and any_seat_taken(showtimes_to_come(theater_id=theater_id)):
            raise TheaterInUse("Seats of showtimes to come are sold by the clocks of the other time zone.")
        if changed:
            theater.revision += 1
            theater.save(update_fields=[*changed, "revision", "updated_at"])
            record_changed(actor, theater, before)
            emit(TheaterUpdated.of(theater), subject=theater.id)
            if changed - _NOT_OF_SHOWTIMES:
                tell_later(Kind.THEATER, theater.id)
            if "cleaning_minutes" in changed:
                move_cleaning(theater)
            catalog_changed()
    return theater


def remove_theater(*, theater_id: UUID, actor: Actor | None = None) -> None:
    """Removes a theater with its screens, ticket types and price lists.

    Raises TheaterNotFound; TheaterInUse when it has, or had, showtimes.
    """
    with transaction.atomic():
        theater = Theater.objects.select_for_update().filter(id=theater_id).first()
        if theater is None:
            raise TheaterNotFound
        refuse_elsewhere(actor, theater.id)
        if Showtime.objects.filter(theater_id=theater_id).exists():
            raise TheaterInUse("A theater with showtimes stays; cancel the ones to come instead.")
        screens = Screen.objects.filter(theater_id=theater_id)
        for screen in screens.prefetch_related("seats").order_by("id"):
            record_removed(actor, screen)
        screens.delete()
        for rows in (theater.price_lists, theater.ticket_types):
            for row in rows.all():
                record_removed(actor, row)
            rows.all().delete()
        record_removed(actor, theater)
        emit(TheaterRemoved(theater.id, theater.revision), subject=theater.id)
        theater.delete()
        catalog_changed()


def _check_place(latitude: float | None, longitude: float | None) -> None:
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise InvalidFields(**{missing: "A place has a latitude and a longitude."})


_SCREEN_NAME = "screens_of_a_theater_have_names_of_their_own"


def add_screen(*, theater_id: UUID, name: str, places: Sequence[Place], actor: Actor | None = None) -> Screen:
    """A new screen with its seats. Raises TheaterNotFound, NameTaken, InvalidFields."""
    _check_layout(places)
    with refusing(_SCREEN_NAME, NameTaken("Another screen of the theater has this name.")):
        if not Theater.objects.select_for_update(no_key=True).filter(id=theater_id).exists():
            raise TheaterNotFound
        refuse_elsewhere(actor, theater_id)
        screen = Screen.objects.create(theater_id=theater_id, name=name, **summary_of(places))
        Seat.objects.bulk_create(Seat(screen=screen, **columns_of(place)) for place in places)
        record_added(actor, screen)
        emit(ScreenUpdated.of(screen), subject=screen.id)
        catalog_changed()
    return screen


def change_screen(
    *, screen_id: UUID, name: str | None = None, places: Sequence[Place] | None = None, actor: Actor | None = None
) -> Screen:
    """Another name, another layout, or both; None leaves it. A seat of the same row and number stays the same seat.

    Raises ScreenNotFound, NameTaken, InvalidFields; ScreenInUse when showtimes to come would lose a seat, have seats
    without a price, or, once seats of them are taken, seats of another kind.
    """
    if places is not None:
        _check_layout(places)
    with refusing(_SCREEN_NAME, NameTaken("Another screen of the theater has this name.")):
        screen = Screen.objects.select_for_update(no_key=True).filter(id=screen_id).first()
        if screen is None:
            raise ScreenNotFound
        refuse_elsewhere(actor, screen.theater_id)
        before = state(screen)
        renamed = name is not None and name != screen.name
        redrawn = places is not None and _redraw(screen, places)
        if renamed or redrawn:
            screen.name = name if name is not None else screen.name
            screen.revision += 1
            screen.save()
            record_changed(actor, screen, before)
            emit(ScreenUpdated.of(screen), subject=screen.id)
            if renamed:
                tell_later(Kind.SCREEN, screen.id)
            catalog_changed()
    return screen


def remove_screen(*, screen_id: UUID, actor: Actor | None = None) -> None:
    """Raises ScreenNotFound; ScreenInUse when it has, or had, showtimes."""
    with transaction.atomic():
        screen = Screen.objects.select_for_update().filter(id=screen_id).first()
        if screen is None:
            raise ScreenNotFound
        refuse_elsewhere(actor, screen.theater_id)
        if Showtime.objects.filter(theater_id=screen.theater_id, screen_id=screen_id).exists():
            raise ScreenInUse("A screen with showtimes stays; cancel the ones to come instead.")
        record_removed(actor, screen)
        screen.delete()
        catalog_changed()


def _redraw(screen: Screen, places: Sequence[Place]) -> bool:
    """Writes the layout's seats; whether anything changed. The screen's row is left to the caller."""
    before = {(seat.row, seat.number): seat for seat in screen.seats.all()}
    after = {(place.row, place.number): place for place in places}
    gone = [seat for key, seat in before.items() if key not in after]
    new = [Seat(screen=screen, **columns_of(place)) for key, place in after.items() if key not in before]
    # Assigns, and keeps the seat's id.
    changes = {key: assign(seat, columns_of(after[key])) for key, seat in before.items() if key in after}
    moved = [before[key] for key, changed in changes.items() if changed]
    if not (gone or new or moved):
        return False
    _refuse_loss(screen, gone, categories(places))
    _refuse_another_kind(
        screen, [before[key] for key, changed in changes.items() if changed & {"category", "accessible"}]
    )
    Seat.objects.filter(id__in=[seat.id for seat in gone]).delete()
    Seat.objects.bulk_update(moved, ["x", "y", "category", "accessible"], batch_size=500)
    Seat.objects.bulk_create(new)
    assign(screen, summary_of(places))
    return True


def _refuse_loss(screen: Screen, gone: Sequence[Seat], wanted: Sequence[str]) -> None:
    to_come = showtimes_to_come(theater_id=screen.theater_id, screen_id=screen.id)
    if gone and (count := to_come.count()):
        names = ", ".join(str(seat) for seat in gone[:10])
        raise ScreenInUse(f"Seats of {count} showtimes to come would be gone: {names}.")
    priced = ShowtimePrice.objects.filter(showtime__in=to_come).values_list("showtime_id", "category")
    prices: dict[UUID, dict[str, int]] = {id_: {} for id_ in to_come.values_list("id", flat=True)}
    for showtime_id, category in priced:
        prices[showtime_id][category] = 1
    missing = {name for known in prices.values() for name in domain.missing_prices(wanted, known)}
    if missing:
        raise ScreenInUse(f"Showtimes to come have no price for: {', '.join(sorted(missing))}.")
    # A list may have changed since they were told.
    for price_list in PriceList.objects.filter(id__in=to_come.values("price_list")).select_related("theater"):
        if lacking := tariffs.uncovered(price_list.prices, default_of(types_of(price_list.theater)), wanted):
            raise ScreenInUse(f"The price list {price_list.name} has no price for: {', '.join(lacking)}.")


def _refuse_another_kind(screen: Screen, seats: Sequence[Seat]) -> None:
    """What somebody bought as one kind of seat does not become another."""
    if seats and any_seat_taken(showtimes_to_come(theater_id=screen.theater_id, screen_id=screen.id)):
        names = ", ".join(str(seat) for seat in seats[:10])
        raise ScreenInUse(f"Seats of showtimes to come are sold, and would be of another kind: {names}.")


def _check_layout(places: Sequence[Place]) -> None:
    if not places:
        raise InvalidFields(seats="A screen has at least one seat.")
    found = faults(places)
    if found:
        raise InvalidFields(**{f"seats/{index}": sentence for index, sentence in found})


def summary_of(places: Sequence[Place]) -> dict[str, Any]:
    """The columns of a screen that describe its layout."""
    rows, columns = extent(places)
    return {
        "rows": rows,
        "columns": columns,
        "seat_count": len(places),
        "categories": categories(places),
    }


def columns_of(place: Place) -> dict[str, Any]:
    """The columns of a seat that stands at the place."""
    return {
        "row": place.row,
        "number": place.number,
        "x": place.x,
        "y": place.y,
        "category": place.category,
        "accessible": place.accessible,
    }
