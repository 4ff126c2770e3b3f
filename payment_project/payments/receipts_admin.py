"""The page of receipts: found by number, booking, day and theater, and read."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, money
from chassis.money import Money, format_money, to_major
from chassis.web.day_filter import KeyDayFilter
from chassis.web.list_exports import chunks
from payments import counter_words, receipt_pages
from payments.lines import by_rate
from payments.receipt_models import Receipt, ReceiptSeries
from payments.receipts import lines_of

# So many theaters are offered.
_THEATERS = 200
COLUMNS = (
    *("number", "kind", "issued_at", "theater", "seller", "tax_number", "booking", "currency"),
    *("rate_percent", "net", "tax", "gross"),
)


class SeriesFilter(admin.SimpleListFilter):
    """By the theater, called as its newest receipt calls it."""

    title = "series"
    parameter_name = "series"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Receipt.objects.filter(theater_id=OuterRef("theater_id")).order_by("-position")
        named = ReceiptSeries.objects.annotate(called=Subquery(newest.values("showtime__theater_name")[:1]))
        return [(str(each.id), f"{each} {each.called or ''}".strip()) for each in named.order_by("id")[:_THEATERS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if wanted is None:
            return queryset
        series = ReceiptSeries.objects.filter(id=int(wanted)).first()
        return queryset.filter(theater_id=series.theater_id) if series else queryset.none()


@admin.display(description="booking")
def _booking(receipt: Receipt) -> str:
    return receipt.payment.booking_reference or f"booking {receipt.payment.booking_id}"


@admin.display(description="kind")
def _kind(receipt: Receipt) -> str:
    return "credit note" if receipt.refund_id else "receipt"


@admin.display(description="theater")
def _theater(receipt: Receipt) -> str:
    return (receipt.showtime or {}).get("theater_name") or "-"


@admin.display(description="seller")
def _seller(receipt: Receipt) -> str:
    seller = receipt.seller or {}
    return ", ".join(part for name in ("name", "address", "tax_number") if (part := seller.get(name))) or "-"


@admin.display(description="paid with")
def _card(receipt: Receipt) -> str:
    parts = [f"card ending in {receipt.card_last4}"] if receipt.card_last4 else []
    if receipt.counter:
        parts.append(counter_words.paid_by(receipt))
    if receipt.gift_amount:
        parts.append(f"gift card …{receipt.gift_last4}: {format_money(Money(receipt.gift_amount, receipt.currency))}")
    if receipt.carried_amount:
        parts.append(f"exchanged booking: {format_money(Money(receipt.carried_amount, receipt.currency))}")
    return ", ".join(parts) or "-"


@admin.display(description="lines")
def _lines(receipt: Receipt) -> SafeString:
    rows = [(line.name, *_columns(line, receipt.currency)) for line in lines_of(receipt)]
    rows += [("total", *_columns(each, receipt.currency)) for each in by_rate(lines_of(receipt))]
    shown = format_html_join("", "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
    head = "<tr><td></td><th>tax rate</th><th>net</th><th>tax</th><th>gross</th></tr>"
    return format_html("<table><thead>" + head + "</thead><tbody>{}</tbody></table>", shown)


def _columns(of: Any, currency: str) -> tuple[str, ...]:
    """of: a line, or the sum of those of a rate."""
    amounts = (format_money(Money(amount, currency)) for amount in (of.net, of.tax, of.gross))
    return f"{of.rate / 100:g} %", *amounts


@admin.display(description="on paper")
def _paper(receipt: Receipt) -> SafeString:
    return format_html('<a href="{}">Print</a>', reverse("admin:payments_print", args=[receipt.pk]))


# The stubs know names of columns alone.
BOOKING: Any = _booking
KIND: Any = _kind
THEATER: Any = _theater
SELLER: Any = _seller
CARD: Any = _card
LINES: Any = _lines
PAPER: Any = _paper
TOTAL: Any = money("total")


class ReceiptInline(ReadOnlyInline):
    model = Receipt
    verbose_name_plural = "receipt and credit notes"
    ordering = ["id"]
    readonly_fields = ["number", KIND, TOTAL, "issued_at", PAPER]
    fields = [*readonly_fields]


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    theater_path = "theater_id"
    list_display = ["number", KIND, BOOKING, TOTAL, THEATER, "issued_at"]
    list_filter = [KeyDayFilter, SeriesFilter]
    list_select_related = ["payment"]
    search_fields = ["=number", "=payment__booking_reference", "payment__id", "id"]
    ordering = ["-id"]
    fields = ["number", KIND, "issued_at", BOOKING, THEATER, SELLER, LINES, TOTAL, CARD, PAPER, "payment", "refund"]
    readonly_fields = [KIND, BOOKING, THEATER, SELLER, LINES, TOTAL, CARD, PAPER]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.print_view)
        return [path("<uuid:receipt_id>/print/", view, name="payments_print"), *super().get_urls()]

    def print_view(self, request: HttpRequest, receipt_id: UUID) -> HttpResponse:
        """As its customer reads it, without anything of the site around."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        receipt = get_object_or_404(self.get_queryset(request).select_related("payment"), id=receipt_id)
        return receipt_pages.page([receipt], accepted=request.headers.get("Accept-Language"))

    def exported(self, listed: Any, found: QuerySet[Any]) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """For who keeps the books: a row for each tax rate of a receipt, amounts in major units."""
        return COLUMNS, _rows(found)


def _rows(found: QuerySet[Receipt]) -> Iterator[Sequence[object]]:
    for chunk in chunks(found):
        for receipt in chunk:
            yield from _rates_of(receipt)


def _rates_of(receipt: Receipt) -> Iterator[Sequence[object]]:
    seller = receipt.seller or {}
    about = (
        *(receipt.number, _kind(receipt), receipt.issued_at, _theater(receipt)),
        *(seller.get("name", ""), seller.get("tax_number", ""), _booking(receipt), receipt.currency),
    )
    for each in by_rate(lines_of(receipt)):
        amounts = (to_major(Money(amount, receipt.currency)) for amount in (each.net, each.tax, each.gross))
        yield *about, f"{each.rate / 100:g}", *amounts
