"""Where managers keep the programme. Everything is saved through services (catalog.forms)."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join

from catalog import domain, scheduling, services
from catalog import film_admin as film_admin  # which registers its pages
from catalog.domain import OccupancyState, ShowtimeStatus
from catalog.forms import SELLING, ScreenForm, ShowtimeForm, TheaterForm, place_of
from catalog.models import (
    SHOWING,
    BlockedSeats,
    CatalogGeneration,
    Screen,
    Seat,
    Showtime,
    ShowtimeOccupancy,
    ShowtimePrice,
    Theater,
)
from catalog.occupancy import touched_by
from catalog.plan_admin import PlanningAdmin, TheaterDayFilter
from catalog.price_fields import PRICE_FIELDS, fields_of
from catalog.pricing import other_types
from catalog.seat_map import draw
from catalog.service_admin import ServiceAdmin
from catalog.tariff_models import PriceList, TicketType
from catalog.tariffs_admin import price_lists_of, ticket_types_of, what_it_costs
from chassis.admin import ReadOnlyAdmin, actor_of
from chassis.money import Money, format_money
from chassis.storage.audit_log import Actor
from chassis.web.problems import Problem
from chassis.web.theaters import may_at


@admin.register(Theater)
class TheaterAdmin(ServiceAdmin):
    theater_path = "id"
    few_rows = True
    form = TheaterForm
    list_display = ["name", "city", "time_zone", "currency", "screen_count"]
    list_filter = ["city", "currency"]
    search_fields = ["name", "city", "address"]
    readonly_fields = ["screen_links", "types", "lists"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("name", "city", "address", "description", "latitude", "longitude"),
                    *("time_zone", "currency", "screen_links"),
                ]
            },
        ),
        ("Tickets", {"fields": ["types", "lists", *SELLING]}),
        ("Programme", {"fields": ["cleaning_minutes"]}),
        (
            "Rules",
            {
                "fields": [
                    "cancellation_cutoff_minutes",
                    "cancellation_fee_percent",
                    "orphan_seat_rule",
                    "accessible_places",
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        counted: QuerySet[Any] = super().get_queryset(request).annotate(screen_count=Count("screens"))
        return counted

    @admin.display(description="Screens", ordering="screen_count")
    def screen_count(self, theater: Any) -> int:
        return int(theater.screen_count)

    @admin.display(description="Screens")
    def screen_links(self, theater: Theater) -> str:
        if theater._state.adding:
            return "Screens are added once the theater is saved."
        links = [
            (reverse("admin:catalog_screen_change", args=[screen.id]), screen.name, screen.seat_count)
            for screen in theater.screens.all()
        ]
        return format_html_join(", ", '<a href="{}">{}</a> ({} seats)', links) or "None yet"

    @admin.display(description="Ticket types")
    def types(self, theater: Theater) -> str:
        return "They are added once the theater is saved." if theater._state.adding else ticket_types_of(theater)

    @admin.display(description="Price lists")
    def lists(self, theater: Theater) -> str:
        return "They are added once there are ticket types." if theater._state.adding else price_lists_of(theater)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and may_at(request, None)

    def kept_because(self, row: Theater) -> str:
        return "A theater with showtimes stays; cancel the ones to come instead." if row.showtimes.exists() else ""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Its screens, ticket types and price lists go with it."""
        deleted, counts, needed, kept = super().get_deleted_objects(objs, request)
        for model in (Screen, TicketType, PriceList):
            rows = model.objects.filter(theater__in=objs).select_related("theater").order_by("id")
            deleted, counts = [*deleted, *map(str, rows)], {**counts, str(model._meta.verbose_name_plural): len(rows)}
        return deleted, counts, needed, kept

    def remove(self, row: Theater, actor: Actor) -> None:
        services.remove_theater(theater_id=row.id, actor=actor)


@admin.register(Screen)
class ScreenAdmin(ServiceAdmin):
    theater_path = "theater_id"
    few_rows = True
    form = ScreenForm
    list_display = ["name", "theater", "seat_count", "rows", "columns", "revision"]
    list_filter = ["theater"]
    list_select_related = ["theater"]
    search_fields = ["name", "theater__name", "theater__city"]
    autocomplete_fields = ["theater"]
    readonly_fields = ["seat_map", "seat_count", "revision"]
    fields = ["theater", "name", "seat_map", "plan", "seat_count", "revision"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the theater, which every hall is called after: where one is picked for a showtime too."""
        halls: QuerySet[Any] = super().get_queryset(request).select_related("theater")
        return halls

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.readonly_fields if obj is None else ["theater", *self.readonly_fields]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["theater", "name", "plan"] if obj is None else self.fields

    def kept_because(self, row: Screen) -> str:
        return "A screen with showtimes stays; cancel the ones to come instead." if row.showtimes.exists() else ""

    @admin.display(description="Seats")
    def seat_map(self, screen: Screen) -> str:
        return draw([place_of(seat) for seat in screen.seats.all()])

    def remove(self, row: Screen, actor: Actor) -> None:
        services.remove_screen(screen_id=row.id, actor=actor)


class CancellationForm(forms.Form):
    reason = forms.CharField(
        max_length=200, help_text="Customers read it in the message that tells them about their refund."
    )


@admin.register(Showtime)
class ShowtimeAdmin(PlanningAdmin, ServiceAdmin):
    """Showtimes are cancelled, never deleted: bookings refer to them. Drafts are removed."""

    theater_path = "theater_id"
    form = ShowtimeForm
    list_display = [
        "movie",
        "screen",
        "local_start",
        *SHOWING,
        "from_price",
        "seats_left",
        "status",
    ]
    list_filter = [
        TheaterDayFilter,
        *("status", "theater", "format", "language"),
    ]
    list_select_related = ["movie", "theater", "screen__theater"]
    search_fields = ["id", "movie__title", "theater__name", "theater__city", "screen__name"]
    autocomplete_fields = ["movie", "screen", "price_list"]
    actions = ["publish", "remove_drafts", "cancel"]

    def kept_because(self, row: Showtime) -> str:
        return "A showtime is cancelled and never deleted, for bookings name it."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        taken = (
            ShowtimeOccupancy.objects.filter(showtime_id=OuterRef("id"))
            .filter(Q(state=OccupancyState.SOLD) | Q(state=OccupancyState.HELD, held_until__gt=Now()))
            .order_by()
            .values("showtime_id")
            .values_list(Sum("seats"))
        )
        blocked = BlockedSeats.objects.filter(showtime_id=OuterRef("id")).values_list("seats")
        occupied = Coalesce(Subquery(taken, output_field=IntegerField()), 0) + Coalesce(Subquery(blocked), 0)
        showtimes = super().get_queryset(request).prefetch_related("prices").defer("tariff", "type_prices")
        counted: QuerySet[Any] = showtimes.annotate(occupied=occupied)
        return counted

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        editable = obj is None or self.has_change_permission(request, obj)
        start = ["starts_at", "fold"] if editable else ["local_start"]
        if editable and obj is not None:
            start.append("move_sold")
            if obj.status == ShowtimeStatus.SCHEDULED:
                start.append("refund_without_seat")
        known = ["draft"] if obj is None else ["status", "cancellation_reason", "local_end", "booked", "revision"]
        what = ["movie", "screen", *start, *SHOWING, *known]
        prices: list[Any] = ["price_list", *PRICE_FIELDS] if editable else ["price_list"]
        if obj is not None:
            prices += [*(fields_of(code) for code in other_types(obj.theater) if editable), "costs"]
        return [(None, {"fields": what}), ("Prices", {"fields": prices})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        known = ["status", "cancellation_reason", "local_start", "local_end", "booked", "revision"]
        return [*([] if obj.status == ShowtimeStatus.DRAFT else ["movie"]), *known, "costs"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The price fields are the form's own, made for each instance: modelform_factory knows none of them.
        known = set(self.get_readonly_fields(request, obj))
        kwargs["fields"] = [name for name in ShowtimeForm.Meta.fields if name not in known]
        return super().get_form(request, obj, change=change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A showtime that started or was cancelled is read, not edited; a draft may be moved to where it can start."""
        over = obj is not None and (
            obj.status == ShowtimeStatus.CANCELLED
            or (obj.status == ShowtimeStatus.SCHEDULED and obj.starts_at <= timezone.now())
        )
        return not over and super().has_change_permission(request, obj)

    @admin.display(description="Starts at", ordering="starts_at")
    def local_start(self, showtime: Showtime) -> str:
        return showtime.at_the_theater(showtime.starts_at)

    @admin.display(description="Ends at")
    def local_end(self, showtime: Showtime) -> str:
        return showtime.at_the_theater(showtime.ends_at)

    @admin.display(description="Booked")
    def booked(self, showtime: Showtime) -> str:
        return str(touched_by(showtime.pk))

    @admin.display(description="Price from")
    def from_price(self, showtime: Showtime) -> str:
        amount = domain.price_from(showtime.amounts, showtime.screen.categories)
        return format_money(Money(amount, showtime.currency))

    @admin.display(description="What it costs")
    def costs(self, showtime: Showtime) -> str:
        return what_it_costs(showtime)

    @admin.display(description="Seats left")
    def seats_left(self, showtime: Any) -> str:
        left = domain.available_seats(
            total_seats=showtime.screen.seat_count,
            occupied=showtime.occupied,
            status=ShowtimeStatus(showtime.status),
            ends_at=showtime.ends_at,
            now=timezone.now(),
        )
        return f"{left} of {showtime.screen.seat_count}"

    @admin.action(description="Cancel the selected showtimes…", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Showtime]) -> HttpResponse | None:
        """Asks for the reason first; then cancels each through its service."""
        form = CancellationForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            return self.ask(
                request,
                "admin/catalog/cancel_showtimes.html",
                title="Cancel showtimes",
                action="cancel",
                about=queryset,
                button="Cancel these showtimes",
                leave="Leave them",
                showtimes=[(showtime, touched_by(showtime.pk)) for showtime in queryset],
                form=form,
            )
        cancelled = 0
        for showtime in queryset.order_by("id"):
            try:
                scheduling.cancel_showtime(
                    showtime_id=showtime.id, reason=form.cleaned_data["reason"], actor=actor_of(request)
                )
            except Problem as problem:
                self.message_user(request, f"{showtime}: {problem.detail}", messages.ERROR)
            else:
                self.log_change(request, showtime, f"Cancelled: {form.cleaned_data['reason']}")
                cancelled += 1
        self.message_user(request, f"{cancelled} cancelled; their bookings are refunded.", messages.SUCCESS)
        return None


@admin.register(Seat)
class SeatAdmin(ReadOnlyAdmin):
    belongs_to = "screen"
    list_display = ["__str__", "screen", "category", "accessible", "x", "y"]
    list_filter = ["category", "accessible", "screen__theater"]
    list_select_related = ["screen__theater"]
    search_fields = ["screen__name", "screen__theater__name"]


@admin.register(ShowtimePrice)
class ShowtimePriceAdmin(ReadOnlyAdmin):
    belongs_to = "showtime"
    list_display = ["showtime", "category", "money"]
    list_filter = ["currency"]
    ordering = ["-id"]
    list_select_related = ["showtime__movie", "showtime__theater", "showtime__screen"]
    readonly_fields = ["showtime", "category", "money"]
    fields = [*readonly_fields]
    search_fields = ["showtime__movie__title", "showtime__id"]

    @admin.display(description="Price", ordering="amount")
    def money(self, price: ShowtimePrice) -> str:
        return format_money(price.money)


class OfShowtimes(ReadOnlyAdmin):
    """Rows that booking tells of, by the id of a showtime that this service need not know."""

    belongs_to, owner = "showtime_id", Showtime

    def at_theaters(self, theaters: Collection[UUID], path: str = "") -> Q:
        there = Showtime.objects.filter(theater_id__in=theaters)
        return Q(**{f"{path}showtime_id__in": there.values("id")})

    def look_up(self, rows: Sequence[Any]) -> None:
        known = Showtime.objects.select_related("movie", "theater", "screen").in_bulk({row.showtime_id for row in rows})
        for row in rows:
            row.known = known.get(row.showtime_id)

    @admin.display(description="showtime")
    def showtime(self, row: Any) -> str:
        return str(row.known or "one that is not known here")


@admin.register(ShowtimeOccupancy)
class ShowtimeOccupancyAdmin(OfShowtimes):
    list_display = ["showtime", "seats", "state", "held_until", "updated_at", "booking_id"]
    list_filter = ["state"]
    search_fields = ["booking_id", "showtime_id"]
    fields = ["showtime", "seats", "state", "held_until", "updated_at", "booking_id", "showtime_id"]
    readonly_fields = ["showtime"]


@admin.register(BlockedSeats)
class BlockedSeatsAdmin(OfShowtimes):
    list_display = ["showtime", "seats", "updated_at"]
    search_fields = ["showtime_id"]
    fields = ["showtime", "seats", "updated_at", "showtime_id"]
    readonly_fields = ["showtime"]


@admin.register(CatalogGeneration)
class CatalogGenerationAdmin(ReadOnlyAdmin):
    few_rows = True
    list_display = ["value"]
