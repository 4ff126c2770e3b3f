from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from bookings.models import Booking, BookingSeat, BookingTransition, Screen, Showtime, ShowtimeMove
from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, money

TOTAL = money("total_amount", title="total")
PRICE = money("price_amount", currency="booking.currency", title="price")


class SeatInline(ReadOnlyInline):
    model = BookingSeat
    readonly_fields = ["row", "number", "category", PRICE]
    fields = [*readonly_fields]


class HistoryInline(ReadOnlyInline):
    model = BookingTransition
    fields = ["at", "from_status", "to_status", "trigger", "actor", "reason", "cause"]


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = ["reference", "status", "payment_status", "showtime", TOTAL, "created_at"]
    list_filter = ["status", "payment_status", "showtime__theater_name", "created_at"]
    list_select_related = ["showtime"]
    search_fields = ["reference__iexact", "id__iexact", "user_id__iexact"]
    inlines = [SeatInline, HistoryInline]
    exclude = ["ticket", "total_amount", "currency"]
    readonly_fields = [TOTAL]
    show_full_result_count = False


class MoveInline(ReadOnlyInline):
    model = ShowtimeMove
    fields = ["moved_at", "starts_at", "screen_name", "settled_at"]


@admin.register(Showtime)
class ShowtimeAdmin(ReadOnlyAdmin):
    list_display = ["movie_title", "theater_name", "screen_name", "starts_at", "status"]
    list_filter = ["status", "theater_name", "starts_at"]
    search_fields = ["movie_title", "id__iexact"]
    inlines = [MoveInline]
    date_hierarchy = "starts_at"


@admin.register(Screen)
class ScreenAdmin(ReadOnlyAdmin):
    list_display = ["name", "theater_id", "rows", "columns", "revision"]
    exclude = ["seats"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Screen]:
        return super().get_queryset(request).defer("seats")


@admin.register(BookingTransition)
class BookingTransitionAdmin(ReadOnlyAdmin):
    list_display = ["at", "booking", "from_status", "to_status", "trigger", "actor"]
    list_filter = ["trigger", "at"]
    list_select_related = ["booking"]
    search_fields = ["booking__reference__iexact", "cause"]
    show_full_result_count = False
