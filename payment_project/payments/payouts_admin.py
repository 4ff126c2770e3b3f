"""The list of what the counter hands over by hand, and where staff say that they have."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chassis.admin import ReadOnlyAdmin, actor_of, in_words, money
from chassis.web.problems import Problem
from chassis.web.searching import REACH
from payments import counter_words, payouts
from payments.clerks import Clerk
from payments.models import PayOut, Refund
from payments.payout_models import TO_HAND_OVER
from payments.receipt_models import Receipt, ReceiptSeries
from payments.receipts_admin import SeriesFilter
from payments.serializers import no_card_number

AMOUNT: Any = money("amount")


class TillForm(forms.Form):
    till = forms.CharField(
        max_length=64, required=False, help_text="Where you handed it over, as the house calls it; may be empty."
    )

    def clean_till(self) -> str:
        try:
            return no_card_number(self.cleaned_data["till"])
        except Problem as problem:
            raise forms.ValidationError(problem.detail) from problem


class OwedFilter(admin.SimpleListFilter):
    """What is owed, if nothing is chosen; a search finds both."""

    title = "whether it was handed over"
    parameter_name = "owed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Paid out")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        owed, *others = super().choices(changelist)
        yield {**owed, "display": "Both" if changelist.query else "Owed"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None and request.GET.get(SEARCH_VAR):
            return queryset
        return queryset.filter(paid_out_at__isnull=self.value() is None)


class TheaterFilter(SeriesFilter):
    title = "theater"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if wanted is None:
            return queryset
        theater = ReceiptSeries.objects.filter(id=int(wanted)).values_list("theater_id", flat=True).first()
        return queryset.filter(payment__theater_id=theater) if theater else queryset.none()


@admin.register(PayOut)
class PayOutAdmin(ReadOnlyAdmin):
    list_display = [
        *("reference", AMOUNT, "way", "theater", "why", "owed_since"),
        *("paid_out_at", "paid_out_by", "till"),
    ]
    list_filter = [OwedFilter, TheaterFilter]
    search_fields = ["=payment__booking_reference", "payment__id", "id"]
    ordering = ["-id"]
    readonly_fields = [
        *("booking", AMOUNT, "way", "theater", "why", "finished_at"),
        *("paid_out_at", "paid_out_by", "till", "id"),
    ]
    fields = [*readonly_fields]
    actions = ["pay_out"]
    belongs_to = "payment"
    reach = REACH // 2

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(TO_HAND_OVER).prefetch_related("payment")

    def look_up(self, rows: Any) -> None:
        """Why, and at which theater: by the refund and the first receipt of each."""
        refunds = {refund.operation_id: refund for refund in Refund.objects.filter(operation__in=rows)}
        called: dict[UUID, str] = {}
        for receipt in Receipt.objects.filter(payment__in={row.payment_id for row in rows}, refund=None):
            called[receipt.payment_id] = (receipt.showtime or {}).get("theater_name", "")
        for row in rows:
            row.its_refund, row.its_theater = refunds.get(row.pk), called.get(row.payment_id, "")

    def has_pay_out_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_payout")

    @admin.display(description="booking")
    def reference(self, row: PayOut) -> str:
        return row.payment.booking_reference or f"booking {row.payment.booking_id}"

    @admin.display(description="booking")
    def booking(self, row: PayOut) -> SafeString:
        place = f"/admin/booking/bookings/{row.payment.booking_id}/whole/"
        return format_html('<a href="{}">{}</a>', place, self.reference(row))

    @admin.display(description="how")
    def way(self, row: PayOut) -> str:
        return counter_words.WAYS[row.provider]

    @admin.display(description="theater")
    def theater(self, row: Any) -> str:
        return row.its_theater or "-"

    @admin.display(description="why")
    def why(self, row: Any) -> str:
        refund = row.its_refund
        if refund is None:
            return "the sale came to nothing"
        return str(refund.reason) if refund.requested_by else in_words(refund.reason)

    @admin.display(description="owed since")
    def owed_since(self, row: PayOut) -> Any:
        return row.finished_at

    @admin.action(description="Paid out: the selected money was handed over…", permissions=["pay_out"])
    def pay_out(self, request: HttpRequest, queryset: QuerySet[PayOut]) -> HttpResponse | None:
        """Shows what is to be handed over, asks for the till, and writes it down once that was seen."""
        form = TillForm(request.POST if "seen" in request.POST else None)
        # What a colleague has handed over meanwhile is not among what is owed any more, and is to be said.
        rows = list(self.get_queryset(request).filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME)).order_by("id"))
        if not form.is_valid():
            return self.ask(
                request,
                "admin/payments/pay_out.html",
                title="Paid out at the till",
                action="pay_out",
                about=rows,
                button="I have handed it over",
                rows=[(row, counter_words.give_back(row.provider, row.written)) for row in rows],
                form=form,
            )
        for row in rows:
            name = f"{self.reference(row)}, {row.written}"
            try:
                payouts.pay_out(payout_id=row.id, clerk=Clerk(actor_of(request)), till=form.cleaned_data["till"])
                self.message_user(request, f"{name}: paid out.", messages.SUCCESS)
            except Problem as problem:
                self.message_user(request, f"{name}: {problem.detail}", messages.ERROR)
        return None
