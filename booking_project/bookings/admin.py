from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from bookings import selectors
from bookings.models import Booking, BookingSeat, BookingTransition, CheckIn, Customer, Screen, Showtime, ShowtimeMove
from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, money

TOTAL = money("total_amount", title="total")
PRICE = money("price_amount", currency="booking.currency", title="price")


class SeatInline(ReadOnlyInline):
    model = BookingSeat
    readonly_fields = ["row", "number", "category", PRICE]
    fields = [*readonly_fields]


class CheckInInline(ReadOnlyInline):
    model = CheckIn
    readonly_fields = ["at", "seat", "door", "actor"]
    fields = [*readonly_fields]

    @admin.display(description="seat")
    def seat(self, check_in: CheckIn) -> str:
        return str(BookingSeat.objects.filter(booking=check_in.booking_id, seat_id=check_in.seat_id).first() or "-")


class HistoryInline(ReadOnlyInline):
    model = BookingTransition
    fields = ["at", "from_status", "to_status", "trigger", "actor", "reason", "message", "cause"]


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = ["reference", "status", "payment_status", "customer", "showtime", TOTAL, "created_at"]
    list_filter = ["status", "payment_status", "showtime__theater_name", "created_at"]
    list_select_related = ["showtime"]
    # That there is something to search by; what is found is found by indexes (selectors.found_by).
    search_fields = ["reference"]
    search_help_text = "The reference, the customer's e-mail address, or the id of a booking or a customer."
    inlines = [SeatInline, CheckInInline, HistoryInline]
    exclude = ["ticket", "seat_tickets", "total_amount", "currency"]
    readonly_fields = [TOTAL, "customer"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        address = Customer.objects.filter(user_id=OuterRef("user_id")).values("email")
        addressed: QuerySet[Booking] = super().get_queryset(request).annotate(customer_email=Subquery(address))
        return addressed

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        term = search_term.strip()
        return (queryset.filter(selectors.found_by(term)) if term else queryset), False

    @admin.display(description="customer")
    def customer(self, booking: Any) -> str:
        return booking.customer_email or "-"


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
