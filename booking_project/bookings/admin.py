from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Concat, Length
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from bookings import columns, desk, holds, promotions_admin, selectors, words
from bookings.columns import by_the_theater
from bookings.domain import OPEN, PaymentStatus, State, Trigger, whole
from bookings.models import (
    MONEY_ENDED,
    Booking,
    BookingSeat,
    BookingTransition,
    CheckIn,
    Customer,
    Screen,
    Showtime,
    ShowtimeMove,
)
from bookings.sales import Seat, sale_of
from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of, money
from chassis.money import Money
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


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


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
        *("from_status", "to_status", columns.who, columns.why, "message"),
    ]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return columns.with_names(super().get_queryset(request))


class MoneyFilter(AmongNewest):
    everywhere = frozenset({PaymentStatus.CAPTURED, *MONEY_ENDED})


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = [
        *("reference", "customer", "what", "status", "payment_status", TOTAL),
        by_the_theater("created_at", title="booked"),
    ]
    list_filter = ["status", ("payment_status", MoneyFilter), columns.ShowtimeDayFilter, "showtime__theater_name"]
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
            context = {
                **self.admin_site.each_context(request),
                "title": "Cancel bookings",
                "opts": self.opts,
                "form": form,
                "action": "cancel",
                "button": "Cancel them",
                "leave": "Leave them",
                "selected": [booking.pk for booking in bookings],
                "bookings": [
                    (booking, columns.names_of(selectors.seats_left(booking)), TOTAL(booking), _ends(booking))
                    for booking in bookings
                ],
                "touched": _touched(bookings),
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
            self.message_user(request, f"Cancelled: {words.count(cancelled, 'booking')}.", messages.SUCCESS)
        return None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        address = Customer.objects.filter(user_id=OuterRef("user_id")).values("email")
        addressed: QuerySet[Booking] = super().get_queryset(request).annotate(customer_email=Subquery(address))
        return addressed.select_related("showtime")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        term = search_term.strip()
        return (queryset.filter(selectors.found_by(term)) if term else queryset), False

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
    back = [Money(_back(booking), booking.currency) for booking in ending]
    said = f"{words.touched(len(ending), people)}"
    return f"{said}: their seats are free again, and {columns.sums(back) or 'no money'} goes back."


def _back(booking: Booking) -> int:
    refunded = booking.refunded_amount + selectors.on_its_way(booking.seats.all())
    trigger = Trigger.CANCELLED_BY_STAFF
    return whole(state=State(booking.status), total=booking.total_amount, refunded=refunded, trigger=trigger).refund


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
class ShowtimeAdmin(ReadOnlyAdmin):
    list_display = ["movie_title", "theater_name", "screen_name", by_the_theater("starts_at", of=""), "status"]
    list_filter = [columns.TheaterDayFilter, "status", "theater_name"]
    search_fields = ["movie_title", "id"]
    inlines = [MoveInline]
    readonly_fields = [
        by_the_theater("starts_at", of=""),
        by_the_theater("ends_at", of=""),
        *("booked", "seats", columns.price_list, columns.house_rules),
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("movie_title", "theater_name", "screen_name", *readonly_fields[:2], "format", "language"),
                    *("status", "cancellation_message", "booked", "seats"),
                ]
            },
        ),
        ("Terms", {"fields": [columns.price_list, columns.house_rules]}),
        ("To look it up elsewhere", {"fields": ["id", "movie_id", "theater_id", "screen_id", "revision"]}),
    ]

    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.change_seatstatus")

    def get_ordering(self, request: HttpRequest) -> Any:
        """A day from its morning on; without one the newest first, which are still to come."""
        return ["starts_at"] if columns.TheaterDayFilter.parameter_name in request.GET else ["-starts_at"]

    @admin.display(description="a cancellation touches")
    def booked(self, showtime: Showtime) -> str:
        return str(selectors.touched_by(showtime.pk))

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
            self.message_user(request, _with_seats(problem, showtime_id), messages.ERROR)
            here = request.method == "POST" and "admin:bookings_seats"
            return redirect(here, showtime_id) if here else redirect("admin:bookings_showtime_changelist")
        rows: dict[int, list[tuple[Seat, str, str]]] = {}
        for seat in sorted(sale.seats.values(), key=lambda seat: (seat.y, seat.x)):
            status = statuses.get(seat.id, "available")
            rows.setdefault(seat.y, []).append((seat, status, SEAT_WORDS[status]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Seats of {sale.showtime}",
            "opts": self.opts,
            "showtime": sale.showtime,
            "rows": list(rows.values()),
            "counted": _counted(sale.seats.keys(), statuses),
            "touched": selectors.touched_by(showtime_id),
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
            self.message_user(request, f"Off sale: {words.count(len(chosen), 'seat')}.", messages.SUCCESS)
        else:
            freed = holds.unblock_seats(showtime_id=showtime_id, seat_ids=chosen, actor=actor_of(request))
            self.message_user(request, f"On sale again: {words.count(freed, 'seat')}.", messages.SUCCESS)
        return redirect("admin:bookings_seats", showtime_id)


SEAT_WORDS = {"available": "on sale", "held": "held", "sold": "sold", "blocked": "off sale"}


def _counted(seats: Iterable[UUID], statuses: Mapping[UUID, str]) -> str:
    """36 on sale, 2 held, 2 off sale."""
    counts = Counter(statuses.get(seat_id, "available") for seat_id in seats)
    return ", ".join(f"{counts[status]} {said}" for status, said in SEAT_WORDS.items() if counts[status])


def _with_seats(problem: Problem, showtime_id: UUID) -> str:
    """Its sentence, and the seats that it names by what people call them."""
    named = {str(seat_id) for seat_id in problem.extra.get("seats", ())}
    known = sale_of(showtime_id).seats.values() if named else ()
    seats = columns.names_of([seat for seat in known if str(seat.id) in named])
    return f"{problem.detail.rstrip('.')}: {seats}." if seats else problem.detail


@admin.register(Screen)
class ScreenAdmin(ReadOnlyAdmin):
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
        *(columns.who, columns.why, "message", "cause"),
    ]
    fields = [*readonly_fields]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return columns.with_names(super().get_queryset(request)).select_related("booking__showtime")
