from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Upper

from catalog import validators
from catalog.domain import AccessiblePlaces, Kind, OccupancyState, SeatCategory, ShowtimeFormat, ShowtimeStatus
from catalog.film_models import Movie, MovieSlug, MovieText, MovieWords, Poster, PosterPicture
from catalog.tariff_models import PriceList, Selling
from catalog.tariffs import Tariff
from chassis.ids import uuid7
from chassis.money import Money, format_money

__all__ = ["Movie", "MovieSlug", "MovieText", "MovieWords", "Poster", "PosterPicture"]

NO_OVERLAP = "showtimes_of_a_screen_do_not_overlap"


class Theater(Selling):
    """A house with screens, and the rules its bookings follow. revision counts its changes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    city = models.CharField(max_length=80)
    address = models.CharField(max_length=200)
    description = models.TextField(max_length=5000, blank=True, default="", db_default="")
    latitude = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
        help_text="In degrees, north of the equator; with the longitude, or neither.",
    )
    longitude = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
        help_text="In degrees, east of Greenwich.",
    )
    time_zone = models.CharField(max_length=64, validators=[validators.time_zone], help_text="IANA name.")
    currency = models.CharField(max_length=3, validators=[validators.currency], help_text="ISO 4217 code.")
    cleaning_minutes = models.PositiveSmallIntegerField(
        default=15, validators=[MaxValueValidator(240)], help_text="Between the end of a film and the next."
    )
    cancellation_cutoff_minutes = models.PositiveIntegerField(
        default=60,
        validators=[MaxValueValidator(30 * 24 * 60)],
        help_text="Customers cancel for free until this many minutes before the start.",
    )
    cancellation_fee_percent = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text="Kept when a customer cancels later than that; empty: cancelling is refused then.",
    )
    orphan_seat_rule = models.BooleanField(
        default=True, help_text="Refuse a choice that leaves a single free seat between taken ones."
    )
    accessible_places = models.CharField(
        max_length=10,
        choices=[(rule.value, rule.value.replace("_", " ")) for rule in AccessiblePlaces],
        default=AccessiblePlaces.ON_REQUEST.value,
        db_default=AccessiblePlaces.ON_REQUEST.value,
        help_text="Wheelchair places: for those who ask for them, companions with them; or for anybody, like any seat.",
    )
    revision = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "theaters"
        ordering = ["city", "name"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="theaters_have_names_of_their_own"),
            models.CheckConstraint(
                condition=models.Q(cancellation_fee_percent__lte=100), name="cancellation_fee_is_a_percentage"
            ),
        ]
        indexes = [
            models.Index(Upper("city"), name="idx_theaters_city"),
            models.Index(fields=["city", "name", "id"], name="idx_theaters_in_order"),
            models.Index(fields=["latitude", "longitude"], name="idx_theaters_place"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"


class Screen(models.Model):
    """rows, columns, seat_count and categories describe the layout and are written with it.

    revision counts the changes of the screen.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    theater = models.ForeignKey(Theater, on_delete=models.PROTECT, related_name="screens")
    name = models.CharField(max_length=60)
    rows = models.PositiveSmallIntegerField(editable=False)
    columns = models.PositiveSmallIntegerField(editable=False)
    seat_count = models.PositiveIntegerField(editable=False)
    categories = ArrayField(models.CharField(max_length=12), editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "screens"
        ordering = ["theater_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["theater", "name"], name="screens_of_a_theater_have_names_of_their_own"),
        ]

    def __str__(self) -> str:
        return f"{self.theater.name}, {self.name}"


class Seat(models.Model):
    """x counts from the left, y from the screen backwards, both from 1. Aisles are the gaps between seats."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    screen = models.ForeignKey(Screen, on_delete=models.CASCADE, related_name="seats", db_index=False)
    row = models.CharField(max_length=2)
    number = models.PositiveSmallIntegerField()
    x = models.PositiveSmallIntegerField()
    y = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=12, choices=[(c.value, c.value) for c in SeatCategory])
    accessible = models.BooleanField(default=False)

    class Meta:
        db_table = "seats"
        ordering = ["screen_id", "y", "x"]
        # Deferred, so that seats of one layout may swap names or places.
        constraints = [
            models.UniqueConstraint(
                fields=["screen", "row", "number"],
                name="seats_of_a_screen_have_names_of_their_own",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["screen", "y", "x"],
                name="seats_of_a_screen_stand_apart",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row}{self.number}"


class TimeRange(models.Func):
    function = "tstzrange"
    output_field = DateTimeRangeField()


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """How a film is shown: what staff say of a showtime beside its film, screen, start and prices.

    The one list of these fields. Each is a column of Showtime by the same name, and that is where its rules are;
    services, events, the API, the form and the admin go by this class. It may have defaults.
    """

    format: str
    language: str


SHOWING = [field.name for field in fields(Showing)]


class Showtime(models.Model):
    """A film on a screen. theater and currency are the screen's theater's, here for the index and the price.

    It costs what its price_list says, or has prices of its own, and type_prices for ticket types that cost something
    else. tariff is what it was last told to be sold at, a catalog.tariffs.Tariff.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    movie = models.ForeignKey(Movie, on_delete=models.PROTECT, related_name="showtimes", db_index=False)
    theater = models.ForeignKey(Theater, on_delete=models.PROTECT, related_name="showtimes", db_index=False)
    screen = models.ForeignKey(Screen, on_delete=models.PROTECT, related_name="showtimes", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(editable=False)
    screen_free_at = models.DateTimeField(editable=False)
    format = models.CharField(max_length=10, choices=[(f.value, f.value) for f in ShowtimeFormat])
    language = models.CharField(max_length=15, validators=[validators.language_tag])
    currency = models.CharField(max_length=3, editable=False)
    price_list = models.ForeignKey(
        PriceList,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="showtimes",
        db_index=False,
        help_text="Of its theater; empty: it has prices of its own.",
    )
    type_prices = models.JSONField(null=True, editable=False)
    tariff = models.JSONField(null=True, editable=False)
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ShowtimeStatus],
        default=ShowtimeStatus.SCHEDULED.value,
        editable=False,
    )
    cancellation_reason = models.CharField(max_length=200, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "showtimes"
        ordering = ["starts_at", "id"]
        indexes = [
            models.Index(fields=["theater", "screen", "starts_at"], name="idx_showtimes_theater_screen"),
            models.Index(fields=["movie", "theater", "starts_at"], name="idx_showtimes_movie_theater"),
            models.Index(fields=["starts_at", "id"], name="idx_showtimes_starts_at"),
            # Each filter of the list has one, in the list's order: where it finds little it reads little.
            # Whether a film is shown in a format it tells by itself, too (catalog.finding).
            models.Index(
                fields=["movie", "status", "starts_at", "id"], include=["format"], name="idx_showtimes_of_a_movie"
            ),
            models.Index(fields=["theater", "starts_at", "id"], name="idx_showtimes_theater"),
            models.Index(fields=["language", "starts_at", "id"], name="idx_showtimes_language"),
            models.Index(fields=["format", "starts_at", "id"], name="idx_showtimes_format"),
            models.Index(fields=["status", "starts_at", "id"], name="idx_showtimes_status"),
            # Which films are shown somewhere, or in a format, the index alone tells (catalog.finding).
            models.Index(fields=["theater", "status", "starts_at", "movie", "format"], name="idx_showtimes_shown"),
            models.Index(fields=["format", "status", "starts_at", "movie"], name="idx_showtimes_shown_in_format"),
            models.Index(
                fields=["price_list", "starts_at", "id"],
                condition=models.Q(price_list__isnull=False),
                name="idx_showtimes_price_list",
            ),
            # Of the showtimes of all years, the few that are still planned.
            models.Index(
                fields=["theater", "starts_at", "id"],
                name="idx_showtimes_drafts",
                condition=models.Q(status=ShowtimeStatus.DRAFT.value),
            ),
        ]
        constraints = [
            ExclusionConstraint(
                name=NO_OVERLAP,
                expressions=[
                    ("screen", RangeOperators.EQUAL),
                    (TimeRange("starts_at", "screen_free_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=models.Q(status=ShowtimeStatus.SCHEDULED.value),
            ),
            models.CheckConstraint(
                condition=models.Q(starts_at__lt=models.F("ends_at"))
                & models.Q(ends_at__lte=models.F("screen_free_at")),
                name="showtimes_end_after_they_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.movie} · {self.theater.name}, {self.screen.name} · {self.at_the_theater(self.starts_at)}"

    def at_the_theater(self, moment: datetime) -> str:
        """As the clocks there show it, and which these are: Sat 28 Nov 2026 20:15 Europe/Berlin."""
        zone = self.theater.time_zone
        return f"{moment.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M} {zone}"

    @property
    def showing(self) -> Showing:
        return Showing(**{name: getattr(self, name) for name in SHOWING})

    @property
    def amounts(self) -> dict[str, int]:
        """Minor units by seat category, of the default ticket type."""
        return {price.category: price.amount for price in self.rows_of_prices}

    @property
    def rows_of_prices(self) -> "Iterable[ShowtimePrice]":
        """As they were fetched for a page, or else those that are related."""
        fetched: list[ShowtimePrice] | None = self.__dict__.get("fetched_prices")
        return self.prices.all() if fetched is None else fetched

    @property
    def offer(self) -> Tariff | None:
        return None if self.tariff is None else msgspec.convert(self.tariff, Tariff)


class ShowtimePrice(models.Model):
    """What a seat of a category costs; amount in minor units of the showtime's currency."""

    showtime = models.ForeignKey(Showtime, on_delete=models.CASCADE, related_name="prices", db_index=False)
    category = models.CharField(max_length=12, choices=[(c.value, c.value) for c in SeatCategory])
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        db_table = "showtime_prices"
        ordering = ["showtime_id", "category"]
        constraints = [
            models.UniqueConstraint(fields=["showtime", "category"], name="one_price_per_category_of_a_showtime"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="prices_are_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.category}: {format_money(self.money)}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class UntoldChange(models.Model):
    """A movie, theater, screen or price list that changed, while not all its showtimes to come have been told of it.

    told_up_to: the last showtime that was told, for they are told in the order of their ids. changed_at: those that had
    started by then are not told. correlation_id and traceparent are of who changed it, and go with what is told.
    """

    subject_id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in Kind])
    told_up_to = models.UUIDField(default=UUID(int=0))
    changed_at = models.DateTimeField()
    correlation_id = models.CharField(max_length=128)
    traceparent = models.CharField(max_length=55)

    class Meta:
        db_table = "untold_changes"
        ordering = ["changed_at", "subject_id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


class ShowtimeOccupancy(models.Model):
    """How many seats a booking takes of a showtime, as booking's events tell; it only moves forwards.

    Counts are summed over these rows, never incremented, so that no lost or repeated message can make them
    drift. The showtime is no foreign key: an event is recorded whatever this service knows.
    """

    booking_id = models.UUIDField(primary_key=True)
    showtime_id = models.UUIDField()
    seats = models.PositiveSmallIntegerField()
    state = models.PositiveSmallIntegerField(choices=[(s.value, s.name.lower()) for s in OccupancyState])
    held_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "showtime_occupancy"
        verbose_name_plural = "showtime occupancy"
        ordering = ["-booking_id"]
        indexes = [models.Index(fields=["showtime_id", "state"], name="idx_showtime_occupancy")]

    def __str__(self) -> str:
        return f"{self.seats} {OccupancyState(self.state).name.lower()}"


class BlockedSeats(models.Model):
    """How many seats of a showtime are off sale for the house, as booking tells; a higher revision is later news."""

    showtime_id = models.UUIDField(primary_key=True)
    seats = models.PositiveSmallIntegerField()
    revision = models.BigIntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "showtime_blocked_seats"
        verbose_name_plural = "blocked seats"

    def __str__(self) -> str:
        return f"{self.seats} blocked"


class CatalogGeneration(models.Model):
    """One row: how often the catalog was changed. Cached answers carry it in their key (catalog.cache)."""

    value = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "catalog_generation"

    def __str__(self) -> str:
        return str(self.value)
