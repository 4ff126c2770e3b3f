"""Showtimes: scheduled, changed, cancelled, and told to the other services.

actor: who of staff does it, for the audit log; None where a program does.

Locks are taken in one order everywhere: movie, theater, screen, the change that is to be told (catalog.untold),
showtimes by id, and the catalog's generation last.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from catalog import domain
from catalog.cache import catalog_changed
from catalog.clocks import LocalTime, WrongClock
from catalog.domain import ON_A_SCREEN, Command, ShowtimeStatus, Slot
from catalog.errors import (
    Fault,
    FewerSeats,
    InvalidFields,
    ShowtimeIsCancelled,
    ShowtimeNotFound,
    ShowtimeOver,
    ShowtimesOverlap,
    ShowtimeStarted,
)
from catalog.events import ShowtimeCancelled, ShowtimeScheduled, ShowtimeUpdated
from catalog.models import NO_OVERLAP, Movie, Screen, Seat, Showing, Showtime, ShowtimePrice, Theater
from catalog.pricing import Own, choose, own_of, price, try_price, write_prices
from catalog.records import record_added, record_changed, record_removed, state
from catalog.rows import assign, refusing
from catalog.theaters import refuse_elsewhere
from chassis.messaging.outbox import emit, emit_all
from chassis.storage.audit_log import Actor

FURTHEST = timedelta(days=730)
LONGEST = timedelta(days=1)  # a film and the cleaning after it: 900 + 240 minutes at most


def refusing_overlaps() -> AbstractContextManager[None]:
    """A transaction in which ShowtimesOverlap is raised where two showtimes would share a screen."""
    return refusing(NO_OVERLAP, ShowtimesOverlap())


def schedule_showtime(
    *,
    movie_id: UUID,
    screen_id: UUID,
    starts_at: datetime | LocalTime,
    prices: Mapping[str, int] | None = None,
    type_prices: Mapping[str, Mapping[str, int]] | None = None,
    currency: str | None = None,
    price_list_id: UUID | None = None,
    draft: bool = False,
    actor: Actor | None = None,
    **showing: Any,
) -> Showtime:
    """A new showtime; its end follows from the film and the theater's cleaning time.

    starts_at: a moment, or what the theater's clocks show. draft: it is planned, and not told or sold before it is
    published. It follows a price list of its theater, or has prices of its own: minor units by seat category, in the
    theater's currency; every category of the hall needs one. type_prices: of ticket types that cost something else.
    showing: the fields of catalog.models.Showing, format and language and so on.
    Raises InvalidFields, ShowtimesOverlap.
    """
    with refusing_overlaps():
        movie, theater, screen = _locked_place(movie_id, screen_id)
        refuse_elsewhere(actor, theater.id)
        showtime = Showtime(
            movie=movie,
            theater=theater,
            screen=screen,
            starts_at=at_the_theater(starts_at, theater),
            currency=currency or theater.currency,
            status=ShowtimeStatus.DRAFT if draft else ShowtimeStatus.SCHEDULED,
            **asdict(Showing(**showing)),
        )
        own = choose(showtime, price_list_id, prices, type_prices)
        amounts = _check_and_place(showtime, own)
        showtime.save(force_insert=True)
        write_prices([showtime], {showtime.id: amounts})
        record_added(actor, showtime)
        if not draft:
            emit(ShowtimeScheduled.of(showtime), subject=showtime.id)
            catalog_changed()
    return showtime


def change_showtime(
    *,
    showtime_id: UUID,
    movie_id: UUID | None = None,
    screen_id: UUID | None = None,
    starts_at: datetime | LocalTime | None = None,
    prices: Mapping[str, int] | None = None,
    type_prices: Mapping[str, Mapping[str, int]] | None = None,
    currency: str | None = None,
    price_list_id: UUID | None = None,
    refund_without_seat: bool = False,
    reason: str = "",
    actor: Actor | None = None,
    **showing: Any,
) -> Showtime:
    """Moves a showtime to come, or gives it another format, language or price; what is left out or None stays.

    movie_id: of a draft alone; what is on sale is another showtime then. screen_id: what is on sale stays in its
    theater, and booking gives everybody seats there. Where the other screen has fewer of a category somebody may find
    none: with refund_without_seat they are cancelled and refunded, without it the move is refused. prices may name only
    the categories that change, in the currency; type_prices replaces what there was. Either of them ends that it
    follows a list: what is not named costs on what it costs now, fees and early discounts are gone. Bookings made keep
    what they paid.
    reason: for the audit log. showing: those fields of catalog.models.Showing that change.
    Raises ShowtimeNotFound, ShowtimeIsCancelled, ShowtimeStarted, InvalidFields, ShowtimesOverlap, FewerSeats.
    """
    with refusing_overlaps():
        showtime, was = _locked_showtime(showtime_id, movie_id, screen_id, actor)
        if not domain.SHOWTIME.allows(ShowtimeStatus(showtime.status), Command.CHANGE):
            raise ShowtimeIsCancelled(f"A showtime that is {showtime.status} cannot be changed.")
        draft = showtime.status == ShowtimeStatus.DRAFT
        if not draft and showtime.starts_at <= timezone.now():
            raise ShowtimeStarted("A showtime that has started is not changed any more.")
        if not draft and not refund_without_seat:
            _refuse_fewer_seats(was["screen"], showtime.screen)
        before, followed = showtime.amounts, showtime.price_list_id
        own_before = None if followed else own_of(showtime)
        own = choose(showtime, price_list_id, prices, type_prices)
        wanted = {
            "starts_at": at_the_theater(starts_at, showtime.theater) if starts_at else showtime.starts_at,
            "currency": currency or showtime.currency,
            **asdict(replace(showtime.showing, **showing)),
        }
        moved = (showtime.movie_id, showtime.screen_id) != (was["movie"], was["screen"])
        priced = (showtime.price_list_id, own) != (followed, own_before)
        if not assign(showtime, wanted) and not moved and not priced:
            return showtime
        amounts = _check_and_place(showtime, own)
        showtime.revision += 1
        showtime.save()
        if amounts != before:
            write_prices([showtime], {showtime.id: amounts})
        record_changed(actor, showtime, was, reason=reason)
        if not draft:
            emit(ShowtimeUpdated.of(showtime), subject=showtime.id)
            catalog_changed()
    return showtime


def cancel_showtime(*, showtime_id: UUID, reason: str = "", actor: Actor | None = None) -> Showtime:
    """Takes a showtime off; booking cancels and refunds its bookings. Nothing happens to one that is off already.

    A draft is gone afterwards, for nobody has heard of it. reason: what customers are told. Raises ShowtimeNotFound,
    ShowtimeOver.
    """
    with transaction.atomic():
        showtime = Showtime.objects.select_for_update(no_key=True).filter(id=showtime_id).first()
        if showtime is None:
            raise ShowtimeNotFound
        refuse_elsewhere(actor, showtime.theater_id)
        if showtime.status == ShowtimeStatus.CANCELLED:
            return showtime
        if showtime.status == ShowtimeStatus.DRAFT:
            record_removed(actor, showtime)
            showtime.delete()
            return showtime
        if showtime.ends_at <= timezone.now():
            raise ShowtimeOver("A showtime that is over cannot be cancelled.")
        before = state(showtime)
        showtime.status = domain.SHOWTIME.next(ShowtimeStatus(showtime.status), Command.CANCEL)
        showtime.cancellation_reason = reason
        showtime.revision += 1
        showtime.save(update_fields=["status", "cancellation_reason", "revision", "updated_at"])
        record_changed(actor, showtime, before, deed="cancelled", reason=reason)
        emit(ShowtimeCancelled(showtime.id, showtime.revision, reason), subject=showtime.id)
        catalog_changed()
    return showtime


def add_showtimes(programme: Iterable[tuple[Showtime, Mapping[str, int]]]) -> list[Showtime]:
    """Schedules a whole programme of unsaved showtimes with their prices in a few statements; the new ones come back.

    A showtime whose id is known or whose screen is taken is left out. Its fields and prices are taken as they are, and
    the prices of one that follows a list from there: for programmes made by a program. Call it within a transaction,
    with the theaters locked.
    """
    rows = [(showtime, price(showtime, None if showtime.price_list else Own(own, {}))) for showtime, own in programme]
    for showtime, _ in rows:
        place(showtime)
    ids = [showtime.id for showtime, _ in rows]
    known = set(Showtime.objects.filter(id__in=ids).values_list("id", flat=True))
    Showtime.objects.bulk_create([row for row, _ in rows], batch_size=500, ignore_conflicts=True)
    there = set(Showtime.objects.filter(id__in=ids).values_list("id", flat=True))
    new = {showtime.id: prices for showtime, prices in rows if showtime.id in there - known}
    ShowtimePrice.objects.bulk_create(
        (
            ShowtimePrice(showtime=showtime, category=category, amount=amount, currency=showtime.currency)
            for showtime, prices in rows
            if showtime.id in new
            for category, amount in sorted(prices.items())
        ),
        batch_size=1000,
    )
    added = list(
        Showtime.objects.filter(id__in=new)
        .select_related("movie", "theater", "screen")
        .prefetch_related("prices")
        .order_by("starts_at", "id")
    )
    emit_all([(ShowtimeScheduled.of(showtime), showtime.id) for showtime in added])
    return added


def move_ends(movie: Movie) -> None:
    """Brings the ends of the movie's showtimes to come in line with its length; the cleaning after them stays.

    The caller has locked the movie. Raises ShowtimesOverlap when the longer film no longer fits: call it within
    refusing_overlaps(), and below too. Drafts that no longer fit are refused when they are published.
    """
    length = timedelta(minutes=movie.duration_minutes)
    cleaning = F("screen_free_at") - F("ends_at")
    _move(
        _planned_to_come(movie_id=movie.id),
        ends_at=F("starts_at") + length,
        screen_free_at=F("starts_at") + length + cleaning,
    )


def move_cleaning(theater: Theater) -> None:
    """Brings the time from which on screens are free again in line with the theater's cleaning time."""
    cleaning = timedelta(minutes=theater.cleaning_minutes)
    _move(_planned_to_come(theater_id=theater.id), screen_free_at=F("ends_at") + cleaning)


def _move(showtimes: QuerySet[Showtime], **times: Any) -> None:
    """From the columns of each row alone, which are of now once it is locked; of a joined row they need not be."""
    list(showtimes.select_for_update(no_key=True).order_by("id").values_list("id"))
    showtimes.update(**times, updated_at=timezone.now())


def showtimes_to_come(**which: UUID) -> QuerySet[Showtime]:
    """Those of a movie_id, theater_id or screen_id that are on and have not started."""
    return Showtime.objects.filter(status=ShowtimeStatus.SCHEDULED.value, starts_at__gt=timezone.now(), **which)


def _planned_to_come(**which: UUID) -> QuerySet[Showtime]:
    return Showtime.objects.filter(status__in=ON_A_SCREEN, starts_at__gt=timezone.now(), **which)


def _locked_place(movie_id: UUID, screen_id: UUID) -> tuple[Movie, Theater, Screen]:
    movie = Movie.objects.select_for_update(no_key=True).filter(id=movie_id).first()
    if movie is None:
        raise InvalidFields(movie_id="There is no such movie.")
    screens = Screen.objects.filter(id=screen_id)
    theater = Theater.objects.select_for_update(no_key=True).filter(id__in=screens.values("theater_id")).first()
    screen = screens.select_for_update(no_key=True).first()
    if theater is None or screen is None:
        raise InvalidFields(screen_id="There is no such screen.")
    return movie, theater, screen


def _locked_showtime(
    showtime_id: UUID, movie_id: UUID | None, screen_id: UUID | None, actor: Actor | None
) -> tuple[Showtime, dict[str, Any]]:
    """With this film and screen, if they are given; and its state() as it was. Raises InvalidFields."""
    place = Showtime.objects.filter(id=showtime_id).values_list("movie_id", "screen_id").first()
    if place is None:
        raise ShowtimeNotFound
    movie, theater, screen = _locked_place(movie_id or place[0], screen_id or place[1])
    showtime = Showtime.objects.select_for_update(no_key=True).filter(id=showtime_id).first()
    if showtime is None:
        raise ShowtimeNotFound
    refuse_elsewhere(actor, showtime.theater_id, theater.id)
    if showtime.status != ShowtimeStatus.DRAFT:
        if movie.id != showtime.movie_id:
            raise InvalidFields(Fault("movie_id", "not_a_draft", "Another movie is another showtime."))
        if theater.id != showtime.theater_id:
            raise InvalidFields(Fault("screen_id", "other_theater", "Another theater is another showtime."))
    was = state(showtime)
    showtime.movie, showtime.theater, showtime.screen = movie, theater, screen
    return showtime, was


def _refuse_fewer_seats(before: UUID, screen: Screen) -> None:
    """Raises FewerSeats where not everybody who could have a seat in the one is sure to get one in the other."""
    if before == screen.id:
        return
    lacking = domain.fewer_seats(Seat.objects.filter(screen=before), Seat.objects.filter(screen=screen))
    if lacking:
        raise FewerSeats(
            f"{screen.name} has fewer seats: {', '.join(lacking)}. Say that who finds none is refunded.",
            categories=lacking,
        )


def at_the_theater(starts_at: datetime | LocalTime, theater: Theater) -> datetime:
    """The moment. Raises InvalidFields of what the theater's clocks do not show, or show twice."""
    if isinstance(starts_at, datetime):
        return starts_at
    try:
        # A time that is shown twice equals no moment of another zone (PEP 495), the one that is kept neither.
        return starts_at.at(ZoneInfo(theater.time_zone)).astimezone(UTC)
    except WrongClock as exc:
        raise InvalidFields(Fault("local_starts_at", exc.code, str(exc))) from exc


def _check_and_place(showtime: Showtime, own: Own | None) -> dict[str, int]:
    """Sets the end and the tariff of the showtime; its prices come back, as of pricing.price().

    Raises InvalidFields, ShowtimesOverlap.
    """
    amounts, faults = try_price(showtime, own)
    if found := [*faults_of(showtime), *faults]:
        raise InvalidFields(*found)
    place(showtime)
    _refuse_overlap(showtime)
    return amounts


def faults_of(showtime: Showtime) -> Iterator[Fault]:
    """What of a showtime does not fit its film; its prices (pricing) and whether its screen is free are asked apart."""
    now = timezone.now()
    if not now < showtime.starts_at < now + FURTHEST:
        yield Fault("starts_at", "start_out_of_range", "A showtime starts in the future, within two years.")
    if showtime.language not in showtime.movie.languages:
        known = ", ".join(showtime.movie.languages)
        yield Fault("language", "language_unavailable", f"The movie is there in: {known}.")


def place(showtime: Showtime) -> None:
    """Sets when it ends and when its screen is free again."""
    slot = domain.slot(
        starts_at=showtime.starts_at,
        duration_minutes=showtime.movie.duration_minutes,
        cleaning_minutes=showtime.theater.cleaning_minutes,
    )
    showtime.ends_at, showtime.screen_free_at = slot.ends_at, slot.screen_free_at


def slot_of(showtime: Showtime) -> Slot:
    return Slot(showtime.starts_at, showtime.ends_at, showtime.screen_free_at)


def _refuse_overlap(showtime: Showtime) -> None:
    """Names the showtime in the way. The screen's row is locked; the constraint stands behind it all the same."""
    neighbours: Iterable[Showtime] = (
        Showtime.objects.filter(
            theater_id=showtime.theater_id,
            screen_id=showtime.screen_id,
            starts_at__range=(showtime.starts_at - LONGEST, showtime.screen_free_at),
            status__in=ON_A_SCREEN,
        )
        .exclude(id=showtime.id)
        .select_related("movie")
        .order_by("starts_at")
    )
    wanted = slot_of(showtime)
    for other in neighbours:
        if wanted.overlaps(slot_of(other)):
            raise ShowtimesOverlap(in_the_way(showtime, other), showtime_id=str(other.id))


def in_the_way(showtime: Showtime, other: Showtime) -> str:
    """A sentence about the other, which has the screen when this one would. With theater, screen and movies."""
    zone = ZoneInfo(showtime.theater.time_zone)
    shows = "is to show" if other.status == ShowtimeStatus.DRAFT else "shows"
    return (
        f"{showtime.screen.name} {shows} {other.movie.title} from {other.starts_at.astimezone(zone):%H:%M}"
        f" and is free again at {other.screen_free_at.astimezone(zone):%H:%M}."
    )
