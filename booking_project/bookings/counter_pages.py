"""Selling at the counter: what the seats chosen on the map come to, how it is paid, and how the sale ended."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from bookings import chosen_seats, counter, counter_rules, quotes, selectors, words
from bookings.counter import Taken, Wanted
from bookings.counter_errors import TooManyAtOnce
from bookings.counter_models import CounterSale
from bookings.counter_rules import LONGEST_SLIP, MOST_SEATS, Method, NotEnoughHanded
from bookings.domain import OPEN
from bookings.models import Booking
from bookings.prices import Line
from bookings.quotes import Quote
from bookings.sales import sale_of
from bookings.theaters import bookings_at, refuse_showtime
from chassis.admin import actor_of
from chassis.codes import MAX_TYPED
from chassis.ids import uuid7
from chassis.money import DECIMALS, Money, format_money, to_minor
from chassis.web import idempotency
from chassis.web.desk import context, panel
from chassis.web.problems import Problem
from chassis.web.theaters import theaters_of

# So often the page looks how the sale ended, half a second apart; mostly once is enough.
LOOKS = 30
# What the door says to a programme, to people.
_SAID = {
    idempotency.KeyReused.code: "This page has sold something already: choose the seats anew.",
    idempotency.KeyInFlight.code: "It is being sold already: look at the map.",
}


class SaleForm(forms.Form):
    """How it is paid, and where tickets are mailed. total: what is on the page, in minor units. key: of the sale."""

    method = forms.ChoiceField(label="Paid", choices=words.counter_methods, widget=forms.RadioSelect)
    handed = forms.DecimalField(
        required=False, min_value=0, max_digits=16, decimal_places=3, help_text="In cash, for the change; may be empty."
    )
    slip = forms.RegexField(
        r"\A[0-9A-Za-z/-]+\Z",
        max_length=LONGEST_SLIP,
        required=False,
        label="Slip number",
        help_text="Of the card machine, if it prints one.",
    )
    email = forms.EmailField(
        required=False,
        max_length=254,
        label="E-mail address",
        help_text="Only if the customer wants the tickets mailed as well.",
    )
    total = forms.IntegerField(min_value=0, max_value=2**53, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, currency: str, is_free: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._currency = currency
        self.fields["handed"].label = f"Handed over in {currency}"
        self.fields["handed"].widget.attrs = {"step": f"{10 ** -DECIMALS[currency]:.{DECIMALS[currency]}f}"}
        if is_free:
            del self.fields["handed"], self.fields["slip"]
            self.fields["method"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("handed") is not None and cleaned.get("total") is not None:
            try:
                cleaned["handed"] = to_minor(cleaned["handed"], self._currency)
                counter_rules.change(cleaned["total"], cleaned["handed"])
            except NotEnoughHanded:
                self.add_error("handed", "That is less than the total.")
            except ValueError as exc:
                self.add_error("handed", str(exc))
        return cleaned

    def taken(self) -> Taken:
        """Of a form that is valid: what belongs to the other way to pay is left out."""
        told, in_cash = self.cleaned_data, self.cleaned_data["method"] == Method.CASH
        handed, slip = told.get("handed"), told.get("slip", "")
        return Taken(Method(told["method"]), told["total"], handed if in_cash else None, "" if in_cash else slip)


@require_http_methods(["GET", "HEAD", "POST"])
def sale_page(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    """Of the chosen seats their tickets and the total and, with the button, the sale."""
    try:
        refuse_showtime(theaters_of(request), showtime_id)
    except Problem as problem:
        messages.error(request, chosen_seats.refused(problem, showtime_id))
        return redirect("tonight")
    said = request.POST if request.method == "POST" else request.GET
    chosen = chosen_seats.wanted(said, showtime_id)
    promo_code = said.get("promo_code", "").strip()[:MAX_TYPED]
    form = None
    try:
        if not chosen["seat_ids"]:
            messages.error(request, "Choose the seats first.")
            return redirect("showtime_map", showtime_id)
        if request.method == "POST":
            form = _form(said, showtime_id)
            if form.is_valid():
                return _sell(request, Wanted(**chosen, promo_code=promo_code or None), form)
    except Problem as problem:
        messages.error(request, _SAID.get(problem.code) or chosen_seats.refused(problem, showtime_id))
        if "seats" in problem.extra or problem.code in _SAID:
            return redirect("showtime_map", showtime_id)
    try:
        quote, promo_code = _quoted(request, chosen, promo_code)
    except Problem as problem:
        messages.error(request, chosen_seats.refused(problem, showtime_id))
        return redirect("showtime_map", showtime_id)
    return _show(request, quote, promo_code, form)


def _form(said: QueryDict, showtime_id: UUID) -> SaleForm:
    """As it was sent. Raises ShowtimeNotFound, ShowtimeUnknown."""
    return SaleForm(said, currency=sale_of(showtime_id).showtime.currency, is_free=said.get("total") == "0")


def _sell(request: HttpRequest, wanted: Wanted, form: SaleForm) -> HttpResponse:
    """Raises Problem, PermissionDenied of who has no account at auth, whom payment would not believe."""
    actor = actor_of(request)
    if actor.account_id is None:
        raise PermissionDenied
    told = form.cleaned_data
    booking_id = counter.sell(
        actor=actor,
        account_id=actor.account_id,
        wanted=wanted,
        taken=form.taken(),
        key=told["key"],
        email=told["email"],
    )
    return redirect("counter_sold", booking_id)


def _quoted(request: HttpRequest, chosen: dict[str, Any], promo_code: str) -> tuple[Quote, str]:
    """With the code that counts. What stands against the types or the code is said, and then it goes without them.

    Raises Problem.
    """
    if len(chosen["seat_ids"]) > MOST_SEATS:
        raise TooManyAtOnce
    try:
        return quotes.quote_seats(**chosen, promo_code=promo_code or None, by_staff=True), promo_code
    except Problem as problem:
        quote = quotes.quote_seats(**{**chosen, "ticket_types": None}, by_staff=True)
        messages.error(request, problem.detail)
        return quote, ""


def _show(request: HttpRequest, quote: Quote, promo_code: str, form: SaleForm | None) -> HttpResponse:
    showtime, total = quote.sale.showtime, quote.bill.total

    def money(amount: int) -> str:
        return format_money(Money(amount, showtime.currency))

    # As it was sent, but for the total, which may be another by now.
    said = None if form is None else {name: form.data[name] for name in form.data} | {"total": str(total)}
    initial = {"method": Method.CASH, "total": total, "key": uuid7()}
    shown = {
        "showtime": showtime,
        "seats": [
            (seat, chosen_seats.types_for(quote.sale, seat.category, seat.ticket_type.code)) for seat in quote.seats
        ],
        "lines": [(_named(line, quote), money(line.gross)) for line in quote.bill.lines],
        "total": money(total),
        "minor": total,
        "decimals": DECIMALS[showtime.currency],
        "currency": showtime.currency,
        "promo_code": promo_code,
        "most_typed": MAX_TYPED,
        "form": SaleForm(said, initial=initial, currency=showtime.currency, is_free=not total),
        "other_seats": reverse("showtime_map", args=[showtime.id]),
    }
    return TemplateResponse(request, "bookings/counter_sale.html", context(request, f"Sell {showtime}", **shown))


def _named(line: Line, quote: Quote) -> str:
    """With the seat that it is of."""
    return ", ".join([line.name, *(f"{seat.row}{seat.number}" for seat in quote.seats if seat.id == line.seat_id)])


@require_safe
def sold_page(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """How it ended, as soon as that is known: the tickets to print and the change, or what is to be given back."""
    sale = _sale_of(request, booking_id)
    title = f"Sold at the counter: {sale.booking.reference}"
    return TemplateResponse(request, "bookings/counter_sold.html", context(request, title, **_became(sale, asked=0)))


@require_safe
def sold_panel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """The same, for the page that waits for it. asked: how often it has."""
    asked = request.GET.get("asked", "")
    looks = int(asked) if asked.isdecimal() and len(asked) < 4 else LOOKS
    return panel(
        request, "bookings/counter_became.html", "The sale", **_became(_sale_of(request, booking_id), asked=looks)
    )


def _sale_of(request: HttpRequest, booking_id: UUID) -> CounterSale:
    theirs = bookings_at(theaters_of(request))
    sales = CounterSale.objects.select_related("booking__showtime").filter(booking__in=theirs)
    return get_object_or_404(sales, booking_id=booking_id)


def _became(sale: CounterSale, *, asked: int) -> dict[str, Any]:
    booking: Booking = sale.booking
    change = counter_rules.change(booking.total_amount, sale.handed_amount)

    def money(amount: int) -> str:
        return format_money(Money(amount, booking.currency))

    is_over = booking.status not in OPEN
    return {
        "booking": booking,
        "sale": sale,
        "seats": words.names_of(selectors.seats_left(booking)),
        "total": money(booking.total_amount),
        "handed": money(sale.handed_amount) if sale.handed_amount is not None else "",
        "change": money(change),
        "is_sold": bool(booking.ticket) and not is_over,
        "is_over": is_over,
        "is_late": asked >= LOOKS,
        "next_look": f"?{urlencode({'asked': asked + 1})}",
        "give_back": words.give_back(sale.method, money(booking.total_amount)),
    }
