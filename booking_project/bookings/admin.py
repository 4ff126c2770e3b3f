from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from bookings import desk, holds, selectors
from bookings.models import Booking, BookingSeat, BookingTransition, CheckIn, Customer, Screen, Showtime, ShowtimeMove
from bookings.sales import Seat
from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of, money
from chassis.web.problems import Problem

TOTAL = money("total_amount", title="total")
REFUNDED = money("refunded_amount", title="refunded")
PRICE = money("price_amount", currency="booking.currency", title="price")


class CancellationForm(forms.Form):
    reason = forms.CharField(max_length=300, help_text="A note among staff: the customer does not see it.")
    message = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Said to the customer in the mail that tells of it, and in the history of the booking.",
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class SeatInline(ReadOnlyInline):
    model = BookingSeat
    readonly_fields = ["row", "number", "category", PRICE, "given_back_at"]
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
    search_help_text = "The reference, the customer's e-mail address, the last four digits of the card, or an id."
    inlines = [SeatInline, CheckInInline, HistoryInline]
    exclude = ["ticket", "seat_tickets", "total_amount", "refunded_amount", "currency"]
    readonly_fields = [TOTAL, REFUNDED, "customer"]
    show_full_result_count = False
    actions = ["cancel"]

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.cancel_booking")

    @admin.action(description="Cancel the selected bookings…", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        """Asks for a reason; each booking is cancelled by itself, and all that was paid goes back."""
        form = CancellationForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": "Cancel bookings",
                "opts": self.opts,
                "form": form,
                "bookings": [(booking, TOTAL(booking)) for booking in queryset],
                "selected_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/bookings/cancel.html", context)
        cancelled = 0
        for booking in queryset:
            try:
                desk.cancel_for_customer(booking_id=booking.id, actor=actor_of(request), **form.cleaned_data)
                cancelled += 1
            except Problem as problem:
                self.message_user(request, f"{booking}: {problem.detail}", messages.ERROR)
        if cancelled:
            self.message_user(request, f"Cancelled: {cancelled}.", messages.SUCCESS)
        return None

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
    readonly_fields = ["seats"]

    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.change_seatstatus")

    @admin.display(description="seats")
    def seats(self, showtime: Showtime) -> str:
        return format_html(
            '<a href="{}">Seats on sale, and off it</a>', reverse("admin:bookings_seats", args=[showtime.pk])
        )

    def get_urls(self) -> list[URLPattern]:
        seats = path("<uuid:showtime_id>/seats/", self.admin_site.admin_view(self.seats_view), name="bookings_seats")
        return [seats, *super().get_urls()]

    def seats_view(self, request: HttpRequest, showtime_id: UUID) -> HttpResponse:
        """Every seat with its status; who may takes free ones off sale, and puts those back."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            if request.method == "POST":
                return self._change_seats(request, showtime_id)
            sale, statuses = selectors.seat_map(showtime_id)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            here = request.method == "POST" and "admin:bookings_seats"
            return redirect(here, showtime_id) if here else redirect("admin:bookings_showtime_changelist")
        rows: dict[int, list[tuple[Seat, str]]] = {}
        for seat in sorted(sale.seats.values(), key=lambda seat: (seat.y, seat.x)):
            rows.setdefault(seat.y, []).append((seat, statuses.get(seat.id, "available")))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Seats of {sale.showtime}",
            "opts": self.opts,
            "showtime": sale.showtime,
            "rows": list(rows.values()),
            "may_change": self.has_block_permission(request),
        }
        return TemplateResponse(request, "admin/bookings/seats.html", context)

    def _change_seats(self, request: HttpRequest, showtime_id: UUID) -> HttpResponse:
        """Raises Problem."""
        if not self.has_block_permission(request):
            raise PermissionDenied
        what = request.POST.get("what")
        # Whatever is an id: which of them are seats of this showtime, the service says.
        chosen = [UUID(text) for text in request.POST.getlist("seat")[:500] if _is_id(text)]
        if not chosen or what not in ("block", "free"):
            self.message_user(request, "Choose the seats first.", messages.ERROR)
        elif what == "block":
            holds.block_seats(showtime_id=showtime_id, seat_ids=chosen, actor=actor_of(request))
            self.message_user(request, "The seats are off sale.", messages.SUCCESS)
        else:
            holds.unblock_seats(showtime_id=showtime_id, seat_ids=chosen, actor=actor_of(request))
            self.message_user(request, "The seats are on sale again.", messages.SUCCESS)
        return redirect("admin:bookings_seats", showtime_id)


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
