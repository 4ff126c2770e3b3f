"""What the API takes and gives."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from catalog import domain, validators
from catalog.as_it_is import AsItIsMixin
from catalog.clocks import LocalTime
from catalog.domain import SeatCategory, ShowtimeStatus
from catalog.layouts import MAX_EXTENT, MAX_SEATS, ROW_LABEL, Place
from catalog.models import SHOWING, Movie, Screen, Seat, Showtime, Theater
from catalog.selectors import RULES, Point
from catalog.tariff_serializers import SellerInput, SellerSerializer, TariffSerializer, TaxInput, TaxSerializer
from catalog.tariffs import CATEGORIES, FORMATS
from chassis.money import LARGEST_PRICE
from chassis.web.parsing import MomentField, StrictJSONParser, StrictSerializer
from chassis.web.queries import PageQuery, Query

RADIUS_KM = 25.0


@extend_schema_field({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$", "maxLength": 19})
class WallClockField(serializers.DateTimeField):
    """What the clocks of a theater show, without an offset."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        return value


class StartFields(StrictSerializer):
    """When a showtime starts: a moment, or what the clocks of its theater show."""

    starts_at = MomentField(required=False, help_text="Or local_starts_at.")
    local_starts_at = WallClockField(
        required=False, help_text="As the clocks of the theater show it, without an offset: 2026-10-25T02:30."
    )
    fold = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=1,
        help_text="Which is meant of a local time that the clocks show twice: 0 the first, 1 the second.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Whichever was given becomes starts_at."""
        attrs = super().validate(attrs)
        wall, fold = attrs.pop("local_starts_at", None), attrs.pop("fold", None)
        if wall is None and fold is not None:
            raise serializers.ValidationError({"fold": ["It says which local_starts_at is meant, and there is none."]})
        if wall is not None and "starts_at" in attrs:
            raise serializers.ValidationError({"local_starts_at": ["There is starts_at already: one of the two."]})
        if wall is not None:
            attrs["starts_at"] = LocalTime(wall, fold)
        return attrs


class MoneySerializer(StrictSerializer):
    amount = serializers.IntegerField(min_value=0, max_value=LARGEST_PRICE, help_text="In minor units.")
    currency = serializers.CharField(max_length=3, validators=[validators.currency], help_text="ISO 4217.")


class PricesField(serializers.DictField):
    """Money by seat category."""

    child = MoneySerializer()

    def to_internal_value(self, data: Any) -> Any:
        prices = super().to_internal_value(data)
        unknown = {name: ["There is no such seat category."] for name in prices if name not in CATEGORIES}
        if unknown:
            raise serializers.ValidationError(unknown)
        return prices


class RulesSerializer(AsItIsMixin, StrictSerializer, serializers.ModelSerializer[Theater]):
    """How a theater's bookings may be cancelled and chosen."""

    class Meta:
        model = Theater
        fields = RULES


class ScreenSummarySerializer(serializers.ModelSerializer[Screen]):
    class Meta:
        model = Screen
        fields = ["id", "name", "rows", "columns", "seat_count", "categories", "revision"]


class TheaterSerializer(serializers.ModelSerializer[Theater]):
    rules = RulesSerializer(source="*")

    class Meta:
        model = Theater
        fields = [
            *("id", "name", "city", "address", "description", "latitude", "longitude"),
            *("time_zone", "currency", "cleaning_minutes", "rules"),
        ]


class TheaterNearbySerializer(TheaterSerializer):
    distance_km = serializers.SerializerMethodField(help_text="From the point that was asked for; null: from none.")

    class Meta(TheaterSerializer.Meta):
        fields = [*TheaterSerializer.Meta.fields, "distance_km"]

    def get_distance_km(self, theater: Any) -> float | None:
        distance = getattr(theater, "distance", None)
        return None if distance is None else round(float(distance), 3)


class TheaterDetailSerializer(TheaterSerializer):
    seller = SellerSerializer(allow_null=True)
    tax = TaxSerializer()
    screens = ScreenSummarySerializer(many=True)

    class Meta(TheaterSerializer.Meta):
        fields = [*TheaterSerializer.Meta.fields, "seller", "tax", "holidays", "screens"]


class TheaterInput(StrictSerializer, TheaterSerializer):
    rules = RulesSerializer(source="*", required=False)
    seller = SellerInput(source="*", required=False, allow_null=True)
    tax = TaxInput(source="*", required=False)

    class Meta(TheaterSerializer.Meta):
        fields = [*TheaterSerializer.Meta.fields[1:], "seller", "tax", "holidays"]
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "name": {"validators": []}
        }  # a name that is taken is the service's conflict


class SeatSerializer(serializers.ModelSerializer[Seat]):
    class Meta:
        model = Seat
        fields = ["id", "row", "number", "x", "y", "category", "accessible"]


class ScreenSerializer(serializers.ModelSerializer[Screen]):
    """A screen with its layout: the data of screen.updated, `screen_id` beside `id` included."""

    screen_id = serializers.UUIDField(source="id")
    seats = SeatSerializer(many=True)

    class Meta:
        model = Screen
        fields = ["id", "screen_id", "theater_id", "name", "rows", "columns", "seat_count", "revision", "seats"]


class PlaceInput(StrictSerializer):
    """x counts from the left, y from the screen backwards, both from 1; aisles are what is left out."""

    row = serializers.RegexField(rf"\A{ROW_LABEL.pattern}\Z", help_text="One or two capital letters.")
    number = serializers.IntegerField(min_value=1, max_value=MAX_SEATS)
    x = serializers.IntegerField(min_value=1, max_value=MAX_EXTENT)
    y = serializers.IntegerField(min_value=1, max_value=MAX_EXTENT)
    category = serializers.ChoiceField(choices=CATEGORIES, default=SeatCategory.STANDARD.value)
    accessible = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> Any:
        attrs.setdefault("accessible", attrs["category"] == SeatCategory.ACCESSIBLE)
        return Place(**attrs)


class LayoutParser(StrictJSONParser):
    """For the largest hall there may be, each seat with every member it has."""

    max_bytes = 1024 * 1024
    max_values = MAX_SEATS * 10


class ScreenInput(StrictSerializer):
    name = serializers.CharField(max_length=60)
    # The stubs do not know that many=True makes a list of them.
    seats = PlaceInput(many=True, allow_empty=False, max_length=MAX_SEATS)  # type: ignore[call-arg]


class MovieReference(AsItIsMixin, serializers.ModelSerializer[Movie]):
    class Meta:
        model = Movie
        fields = ["id", "title"]


class TheaterReference(AsItIsMixin, serializers.ModelSerializer[Theater]):
    class Meta:
        model = Theater
        fields = ["id", "name", "time_zone"]


class ScreenReference(AsItIsMixin, serializers.ModelSerializer[Screen]):
    class Meta:
        model = Screen
        fields = ["id", "name"]


@extend_schema_field(OpenApiTypes.DATETIME)
class LocalTimeField(serializers.Field[Any, Any, str, Showtime]):
    """A time of a showtime with the offset that the theater's clocks have then."""

    def __init__(self, field: str) -> None:
        super().__init__(source="*", read_only=True)
        self.of = field

    def to_representation(self, showtime: Showtime) -> str:
        moment: datetime = getattr(showtime, self.of)
        return moment.astimezone(ZoneInfo(showtime.theater.time_zone)).isoformat()


class ShowtimeSerializer(serializers.ModelSerializer[Showtime]):
    movie = MovieReference()
    theater = TheaterReference()
    screen = ScreenReference()
    starts_at = LocalTimeField("starts_at")
    ends_at = LocalTimeField("ends_at")
    price_from = serializers.SerializerMethodField()
    prices = serializers.SerializerMethodField()
    total_seats = serializers.IntegerField(source="screen.seat_count")
    available_seats = serializers.SerializerMethodField()
    rules = RulesSerializer(source="theater")

    class Meta:
        model = Showtime
        fields = [
            "id",
            "movie",
            "theater",
            "screen",
            "starts_at",
            "ends_at",
            *SHOWING,
            "status",
            "price_from",
            "prices",
            "available_seats",
            "total_seats",
            "rules",
            "revision",
        ]

    @extend_schema_field(MoneySerializer)
    def get_price_from(self, showtime: Showtime) -> Mapping[str, Any]:
        amount = domain.price_from(showtime.amounts, showtime.screen.categories)
        return {"amount": amount, "currency": showtime.currency}

    @extend_schema_field(PricesField)
    def get_prices(self, showtime: Showtime) -> Mapping[str, Any]:
        return {
            price.category: {"amount": price.amount, "currency": price.currency} for price in showtime.rows_of_prices
        }

    def get_available_seats(self, _: Showtime) -> int:
        return 0  # selectors.fill_in_seats_left sets it: the rest is kept longer than this may be


class ShowtimeDetailSerializer(ShowtimeSerializer):
    """prices: of the default ticket type, by seat category. tariff: of all types; null where it would add nothing."""

    tariff = TariffSerializer(source="offer", allow_null=True)

    class Meta(ShowtimeSerializer.Meta):
        fields = [*ShowtimeSerializer.Meta.fields, "price_list_id", "tariff"]


class ShowtimeChange(StartFields, serializers.ModelSerializer[Showtime]):
    movie_id = serializers.UUIDField(help_text="Of a draft; what is on sale is another showtime then.")
    screen_id = serializers.UUIDField(
        help_text="Of what is on sale another one of its theater: everybody gets a seat there, is told, and may leave."
    )
    prices = PricesField(allow_empty=False, required=False, help_text="Of its own, of the default ticket type.")
    type_prices = serializers.DictField(
        child=PricesField(),
        required=False,
        help_text="Of its own, of ticket types that do not cost what the default does, by their codes; "
        "a category that is left out is not sold to the type.",
    )
    price_list_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="The list of the theater that it follows, in place of own prices."
    )

    class Meta:
        model = Showtime
        fields = [
            *("movie_id", "screen_id", "starts_at", "local_starts_at", "fold"),
            *(*SHOWING, "prices", "type_prices", "price_list_id"),
        ]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Prices become amounts, and their one currency stands beside them; no list: prices as they are, of its own."""
        attrs = super().validate(attrs)
        given = {"": attrs.get("prices", {}), **attrs.get("type_prices", {})}
        currencies = {price["currency"] for row in given.values() for price in row.values()}
        if len(currencies) > 1:
            raise serializers.ValidationError({"prices": ["All prices of a showtime are in one currency."]})
        if currencies:
            attrs["currency"] = currencies.pop()
        amounts = {code: {name: price["amount"] for name, price in row.items()} for code, row in given.items()}
        if "prices" in attrs:
            attrs["prices"] = amounts[""]
        if "type_prices" in attrs:
            attrs["type_prices"] = {code: amounts[code] for code in attrs["type_prices"]}
        if attrs.get("price_list_id", empty) is None:
            attrs.setdefault("prices", {})
        return attrs


class ChangedShowtime(ShowtimeChange):
    refund_without_seat = serializers.BooleanField(
        required=False,
        help_text="With screen_id of what is on sale: whoever finds no seat there is cancelled, told and refunded. "
        "Without it a screen that has fewer seats of a category is refused.",
    )

    class Meta(ShowtimeChange.Meta):
        fields = [*ShowtimeChange.Meta.fields, "refund_without_seat"]


class ShowtimeInput(ShowtimeChange):
    movie_id = serializers.UUIDField()
    screen_id = serializers.UUIDField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if "starts_at" not in attrs:
            raise serializers.ValidationError({"starts_at": ["This field is required, or local_starts_at."]})
        if "prices" not in attrs and attrs.get("price_list_id") is None:
            raise serializers.ValidationError({"prices": ["This field is required, or price_list_id."]})
        return attrs


class NewShowtime(ShowtimeInput):
    draft = serializers.BooleanField(required=False, help_text="Planned only: not told, shown or sold yet.")

    class Meta(ShowtimeChange.Meta):
        fields = [*ShowtimeChange.Meta.fields, "draft"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("prices") is None and attrs.get("price_list_id") is None:
            raise serializers.ValidationError({"prices": ["A showtime has prices, or a price list."]})
        return super().validate(attrs)


class NearQuery(Query):
    """What asks for places around a point; `near` is the Point, where one is given."""

    lat = serializers.FloatField(required=False, min_value=-90, max_value=90, help_text="Degrees; with lon.")
    lon = serializers.FloatField(required=False, min_value=-180, max_value=180, help_text="Degrees; with lat.")
    radius = serializers.FloatField(
        required=False, min_value=0.1, max_value=200, help_text=f"Kilometres around lat and lon; default {RADIUS_KM}."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        place = {name: attrs.pop(name) for name in ("lat", "lon", "radius") if name in attrs}
        if place and not {"lat", "lon"} <= place.keys():
            missing = "lon" if "lat" in place else "lat"
            raise serializers.ValidationError({missing: ["A point has a latitude and a longitude."]})
        if place:
            attrs["near"] = Point(place["lat"], place["lon"], place.get("radius", RADIUS_KM))
        return attrs


class TheaterFilters(NearQuery, PageQuery):
    city = serializers.CharField(required=False, max_length=80)


class ShowtimeFilters(PageQuery):
    movie_id = serializers.UUIDField(required=False)
    theater_id = serializers.UUIDField(required=False)
    date = serializers.DateField(required=False, help_text="A day in the theater's own time zone.")
    format = serializers.ChoiceField(required=False, choices=FORMATS)
    language = serializers.CharField(required=False, max_length=15, validators=[validators.language_tag])
    starts_after = MomentField(required=False, help_text="With it, showtimes that have started are listed too.")
    starts_before = MomentField(required=False)
    status = serializers.ChoiceField(
        required=False,
        choices=[status.value for status in ShowtimeStatus],
        help_text="Default: scheduled. Drafts: for who plans.",
    )

    def validate_date(self, value: Any) -> Any:
        if not 1900 <= value.year <= 2200:
            raise serializers.ValidationError("A day from 1900 to 2200.")
        return value


class CancellationFilters(Query):
    reason = serializers.CharField(required=False, default="", max_length=200, help_text="Told to customers.")
