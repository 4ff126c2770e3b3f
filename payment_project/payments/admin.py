from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, money
from chassis.money import Money, format_money
from chassis.web.problems import Problem
from payments import refunds, services
from payments.models import GatewayOperation, Payment, PaymentMethod, Refund, Transaction, WebhookDelivery
from payments.refunds import Wanted

AMOUNT = money("amount")
TOTAL = money("amount", title="total")
REFUNDED = money("refunded_amount", title="refunded")
# What a page says of money, and the fields in minor units that it says it in the place of.
MONEY_OF_PAYMENT = [
    TOTAL,
    money("held_amount", title="held"),
    money("captured_amount", title="captured"),
    REFUNDED,
    money("retained_amount", title="retained"),
]
IN_MINOR_UNITS = ["amount", "held_amount", "captured_amount", "refunded_amount", "retained_amount", "currency"]


class OperationInline(ReadOnlyInline):
    model = GatewayOperation
    readonly_fields = [
        *("created_at", "kind", AMOUNT, "provider", "state", "outcome_code"),
        *("attempts", "due_at", "last_error", "id"),
    ]
    fields = [*readonly_fields]


class LedgerInline(ReadOnlyInline):
    model = Transaction
    verbose_name_plural = "ledger"
    readonly_fields = ["created_at", "kind", "account", AMOUNT]
    fields = [*readonly_fields]


class RefundInline(ReadOnlyInline):
    model = Refund
    readonly_fields = ["created_at", AMOUNT, "status", "reason", "requested_by", "failure_code", "finished_at"]
    fields = [*readonly_fields]


def _left(payment: Payment) -> str:
    return format_money(Money(payment.captured_amount - payment.refunded_amount, payment.currency))


class RefundForm(forms.Form):
    reason = forms.CharField(max_length=200, help_text="Kept with the refund, and shown to the customer.")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["booking_reference", "status", "booking_state", TOTAL, REFUNDED, "attention", "created_at"]
    list_filter = ["status", "booking_state", "under_way", ("attention", admin.EmptyFieldListFilter), "created_at"]
    search_fields = ["booking_reference__iexact", "id__iexact", "booking_id__iexact", "user_id__iexact"]
    exclude = IN_MINOR_UNITS
    readonly_fields = MONEY_OF_PAYMENT
    inlines = [OperationInline, LedgerInline, RefundInline]
    actions = ["refund", "try_again"]
    show_full_result_count = False

    def has_refund_permission(self, request: HttpRequest) -> bool:
        codename = get_permission_codename("refund", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    @admin.action(description="Refund what is left of the selected payments…", permissions=["refund"])
    def refund(self, request: HttpRequest, queryset: QuerySet[Payment]) -> HttpResponse | None:
        """Asks for a reason, then writes the intents; the sweep carries them out within seconds."""
        form = RefundForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": "Refund payments",
                "opts": self.opts,
                "form": form,
                "payments": [(payment, _left(payment)) for payment in queryset],
                "selected_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/payments/refund.html", context)
        wanted = Wanted(reason=form.cleaned_data["reason"], requested_by=request.user.get_username())
        asked = 0
        for payment in queryset:
            try:
                refunds.request_refund(payment_id=payment.id, wanted=wanted)
                asked += 1
            except Problem as problem:
                self.message_user(request, f"{payment}: {problem.detail}", messages.ERROR)
        if asked:
            self.message_user(request, f"{asked} refunds are on their way.", messages.SUCCESS)
        return None

    @admin.action(description="Try again what the gateway refused to give back", permissions=["refund"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        for payment in queryset.exclude(attention=""):
            services.resume_payment(payment_id=payment.id)
            self.message_user(request, f"{payment}: asked again.", messages.SUCCESS)


@admin.register(GatewayOperation)
class GatewayOperationAdmin(ReadOnlyAdmin):
    list_display = ["id", "payment", "kind", AMOUNT, "state", "outcome_code", "attempts", "due_at", "created_at"]
    list_filter = ["state", "kind", "outcome_code", "created_at"]
    list_select_related = ["payment"]
    search_fields = ["id__iexact", "payment__booking_reference__iexact", "payment__id__iexact", "result"]
    exclude = ["payment_token", *IN_MINOR_UNITS]
    readonly_fields = [AMOUNT]
    show_full_result_count = False


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    list_display = ["id", "payment", "kind", "account", AMOUNT, "created_at"]
    list_filter = ["account", "kind", "currency", "created_at"]
    list_select_related = ["payment"]
    search_fields = ["payment__booking_reference__iexact", "payment__id__iexact"]
    exclude = IN_MINOR_UNITS
    readonly_fields = [AMOUNT]
    show_full_result_count = False


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ["id", "payment", AMOUNT, "status", "reason", "requested_by", "created_at"]
    list_filter = ["status", "created_at"]
    list_select_related = ["payment"]
    search_fields = ["payment__booking_reference__iexact", "payment__id__iexact", "requested_by"]
    exclude = IN_MINOR_UNITS
    readonly_fields = [AMOUNT]
    show_full_result_count = False


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    list_display = ["id", "user_id", "brand", "last4", "expiry_month", "expiry_year", "created_at"]
    list_filter = ["brand"]
    search_fields = ["user_id__iexact", "last4"]
    exclude = ["gateway_token"]
    show_full_result_count = False


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "provider", "received_at"]
    list_filter = ["provider"]
    search_fields = ["id"]
