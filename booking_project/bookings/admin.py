from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import CharField, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Concat, Length
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from bookings import columns, desk, endings, promotions_admin, selectors, told, words
from bookings.columns import by_the_theater
from bookings.domain import OPEN, PaymentStatus, State
from bookings.models import (
    MONEY_ENDED,
    Booking,
    BookingSeat,
    BookingTransition,
    CheckIn,
    CounterSale,
    Customer,
    Screen,
    Showtime,
    ShowtimeMove,
)
from bookings.showtime_pages import ShowtimePages
from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of, money
from chassis.money import Money, format_money
from chassis.web.problems import Problem
from chassis.web.searching import AmongNewest

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


class OfRowInline(ReadOnlyInline):
    """Rows that say something by what they belong to, which Django would read again for each of them."""

    along: ClassVar[list[str]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.along)


class SeatInline(OfRowInline):
    model = BookingSeat
    along: ClassVar = ["booking__showtime"]
    verbose_name_plural = "seats"
    ordering = [Length("row"), "row", "number"]
    readonly_fields = [
        "category",
        columns.ticket,
        PRICE,
        by_the_theater("given_back_at", of="booking.showtime", title="given back"),
    ]
    fields = [*readonly_fields]


class CheckInInline(OfRowInline):
    model = CheckIn
    along: ClassVar = ["booking__showtime"]
    verbose_name_plural = "let in"
    readonly_fields = [by_the_theater("at", of="booking.showtime", title="when"), "seat", "door", columns.who]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seat = BookingSeat.objects.filter(booking=OuterRef("booking"), seat_id=OuterRef("seat_id"))
        called = Concat(F("row"), F("number"), output_field=CharField())
        rows = columns.with_names(super().get_queryset(request))
        named: QuerySet[Any] = rows.annotate(seat_name=Subquery(seat.values_list(called)[:1]))
        return named

    @admin.display(description="seat")
    def seat(self, check_in: Any) -> str:
        return check_in.seat_name or "-"


class HistoryInline(OfRowInline):
    model = BookingTransition
    along: ClassVar = ["booking__showtime"]
    verbose_name_plural = "history"
    readonly_fields = [
        by_the_theater("at", of="booking.showtime", title="when"),
        *("from_status", "to_status", columns.who, columns.why, "seats", "message"),
    ]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return columns.with_names(super().get_queryset(request))


class MoneyFilter(AmongNewest):
    everywhere = frozenset({PaymentStatus.CAPTURED, *MONEY_ENDED})


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    belongs_to = "showtime"
    list_display = [
        *("reference", "customer", "what", "status", "payment_status", TOTAL),
        by_the_theater("created_at", title="booked"),
    ]
    list_filter = [
        *("status", ("payment_status", MoneyFilter), columns.ShowtimeDayFilter),
        ("showtime__theater_name", columns.ShowtimeTheaterFilter),
    ]
    list_select_related = ["showtime"]
    # That there is something to search by; what is found is found by indexes (selectors.found_by).
    search_fields = ["reference"]
    search_help_text = "The reference, the customer's e-mail address, the last four digits of the card, or an id."
    inlines = [SeatInline, promotions_admin.UseInline, CheckInInline, HistoryInline]
    readonly_fields = [
        *("customer", columns.lines, TOTAL, REFUNDED, "card", columns.sold_as, columns.cancellation),
        by_the_theater("created_at", title="booked"),
        by_the_theater("hold_expires_at", title="held until"),
    ]
    fieldsets = [
        (None, {"fields": ["reference", "status", "payment_status", "customer", "showtime", *readonly_fields[-2:]]}),
        ("Money", {"fields": [columns.lines, TOTAL, REFUNDED, "card"]}),
        ("Terms", {"fields": [columns.sold_as, columns.cancellation]}),
        ("To look it up elsewhere", {"fields": ["id", "user_id", "payment_id"]}),
    ]
    ordering = ["-id"]
    show_full_result_count = False
    actions = ["cancel"]

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.cancel_booking")

    @admin.action(description="Cancel the selected bookings…", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        """Asks for a reason; each booking is cancelled by itself, and all that was paid goes back."""
        form = CancellationForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            bookings = list(queryset.select_related("showtime").prefetch_related("seats", "check_ins"))
            if not any(_ends(booking) for booking in bookings):
                said = "Each of these bookings has ended, or somebody was let in with it: nothing is left to cancel."
                self.message_user(request, said, messages.WARNING)
                return None
            return self.ask(
                request,
                "admin/bookings/cancel.html",
                title="Cancel bookings",
                action="cancel",
                about=bookings,
                button="Cancel them",
                leave="Leave them",
                form=form,
                bookings=[
                    (booking, words.names_of(selectors.seats_left(booking)), TOTAL(booking), _ends(booking))
                    for booking in bookings
                ],
                touched=_touched(bookings),
                panel=next((told.of_cancellation(booking) for booking in bookings if _ends(booking)), None),
            )
        cancelled = 0
        bookings = list(queryset)
        for booking in bookings:
            try:
                done = desk.cancel_for_customer(booking_id=booking.id, actor=actor_of(request), **form.cleaned_data)
                cancelled += 1
                self._say_by_hand(request, booking, done.refund)
            except Problem as problem:
                self.message_user(request, f"{booking}: {problem.detail}", messages.ERROR)
        if cancelled:
            self.message_user(request, f"Cancelled: {words.count(cancelled, 'booking')}.", messages.SUCCESS)
        # What became of the one that was meant.
        return redirect("booking_whole", bookings[0].pk) if len(bookings) == 1 else None

    def _say_by_hand(self, request: HttpRequest, booking: Booking, refund: int) -> None:
        """What is to be given back at the counter: refund, or all that was handed over for what is not sold yet."""
        sale = CounterSale.objects.filter(booking=booking).first()
        amount = refund if booking.status == State.CONFIRMED else booking.total_amount
        if sale is not None and amount:
            said = words.give_back(sale.method, format_money(Money(amount, booking.currency)))
            self.message_user(request, f"{booking}: {said}", messages.WARNING)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        address = Customer.objects.filter(user_id=OuterRef("user_id")).values("email")
        addressed: QuerySet[Booking] = super().get_queryset(request).annotate(customer_email=Subquery(address))
        return addressed.select_related("showtime")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        term = search_term.strip()
        return (queryset.filter(selectors.found_by(term)) if term else queryset), False

    def leads_to(self, row: Booking) -> str:
        return reverse("booking_whole", args=[row.pk])

    @admin.display(description="showtime")
    def what(self, booking: Booking) -> str:
        """In as many lines as it takes; a column that is a relation is one line, however wide."""
        return str(booking.showtime)

    @admin.display(description="customer")
    def customer(self, booking: Any) -> str:
        return booking.customer_email or "-"

    @admin.display(description="card")
    def card(self, booking: Booking) -> str:
        return f"ending in {booking.card_last4}" if booking.card_last4 else "-"


def _ends(booking: Booking) -> bool:
    """Whether there is something to cancel; what was used is not taken back (endings.LET_IN)."""
    return booking.status in OPEN and not booking.check_ins.all()


def _touched(bookings: Sequence[Booking]) -> str:
    """What cancelling those that end does, as a sentence: to how many bookings and people, and what goes back."""
    ending = [booking for booking in bookings if _ends(booking)]
    people = sum(len(selectors.seats_left(booking)) for booking in ending)
    back = [Money(endings.whole_of(booking).refund, booking.currency) for booking in ending]
    said = f"{words.touched(len(ending), people)}"
    return f"{said}: their seats are free again, and {columns.sums(back) or 'no money'} goes back."


class MoveInline(OfRowInline):
    model = ShowtimeMove
    along: ClassVar = ["showtime"]
    verbose_name_plural = "changes that its customers were told of"
    readonly_fields = [
        by_the_theater("moved_at", title="changed"),
        by_the_theater("starts_at", title="start before"),
        "screen_name",
        by_the_theater("settled_at", title="everybody told"),
    ]
    fields = [*readonly_fields]


@admin.register(Showtime)
class ShowtimeAdmin(ShowtimePages):
    theater_path = "theater_id"
    list_display = ["movie_title", "theater_name", "screen_name", by_the_theater("starts_at", of=""), "status"]
    list_filter = [columns.TheaterDayFilter, "status", "theater_name"]
    search_fields = ["movie_title", "id"]
    inlines = [MoveInline]
    readonly_fields = [
        by_the_theater("starts_at", of=""),
        by_the_theater("ends_at", of=""),
        *("booked", "seats", "other_screen", columns.price_list, columns.house_rules),
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("movie_title", "theater_name", "screen_name", *readonly_fields[:2], "format", "language"),
                    *("status", "cancellation_message", "booked", "seats", "other_screen"),
                ]
            },
        ),
        ("Terms", {"fields": [columns.price_list, columns.house_rules]}),
        ("To look it up elsewhere", {"fields": ["id", "movie_id", "theater_id", "screen_id", "revision"]}),
    ]

    def get_ordering(self, request: HttpRequest) -> Any:
        """A day from its morning on; without one the newest first, which are still to come."""
        return ["starts_at"] if columns.TheaterDayFilter.parameter_name in request.GET else ["-starts_at"]

    @admin.display(description="a cancellation touches")
    def booked(self, showtime: Showtime) -> str:
        return str(selectors.touched_by(showtime.pk))


@admin.register(Screen)
class ScreenAdmin(ReadOnlyAdmin):
    theater_path = "theater_id"
    few_rows = True
    list_display = ["theater", "name", "size"]
    list_display_links = ["name"]
    search_fields = ["name"]
    readonly_fields = ["theater", "name", "size", "revision"]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Screen]:
        newest = Showtime.objects.filter(theater_id=OuterRef("theater_id")).order_by("-starts_at")
        named = super().get_queryset(request).annotate(theater_name=Subquery(newest.values("theater_name")[:1]))
        screens: QuerySet[Screen] = named.defer("seats")
        return screens

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """By the name that get_queryset() adds, which `ordering` may not say."""
        return [F("theater_name"), "name"]

    @admin.display(description="theater")
    def theater(self, screen: Any) -> str:
        return screen.theater_name or "one without a showtime so far"

    @admin.display(description="size")
    def size(self, screen: Screen) -> str:
        return f"{words.count(screen.rows, 'row')} of up to {words.count(screen.columns, 'seat')}"


@admin.register(BookingTransition)
class BookingTransitionAdmin(ReadOnlyAdmin):
    belongs_to = "booking"
    list_display = [
        by_the_theater("at", of="booking.showtime", title="when"),
        *("booking", "trigger", "to_status", columns.who, columns.why),
    ]
    list_filter = [("trigger", AmongNewest)]
    list_select_related = ["booking__showtime"]
    search_fields = ["=booking__reference", "booking__id"]
    ordering = ["-id"]
    readonly_fields = [
        *("booking", by_the_theater("at", of="booking.showtime", title="when"), "trigger", "from_status", "to_status"),
        *(columns.who, columns.why, "seats", "message", "cause"),
    ]
    fields = [*readonly_fields]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return columns.with_names(super().get_queryset(request)).select_related("booking__showtime")
