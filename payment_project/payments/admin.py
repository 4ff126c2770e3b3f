from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of, money
from chassis.web.problems import Problem
from payments import books, refunds, services
from payments.clerks import Clerk
from payments.forms import Plan, RefundForm, RefusalForm, described, left, shown
from payments.models import GatewayOperation, Payment, PaymentMethod, Refund, Transaction, WebhookDelivery
from payments.refunds import Wanted
from payments.seats import named

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


class TellsItsSeats:
    """A page of refunds, with a column of those whose money it is."""

    @admin.display(description="of seats")
    def of_seats(self, refund: Refund) -> str:
        return named(books.seats_of(refund)) or "-"


class OperationInline(ReadOnlyInline):
    model = GatewayOperation
    ordering = ["created_at"]
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


class RefundInline(TellsItsSeats, ReadOnlyInline):
    model = Refund
    readonly_fields = [
        *("created_at", AMOUNT, "of_seats", "status", "kind", "reason", "requested_by"),
        *("decided_by", "decision_note", "failure_code", "finished_at"),
    ]
    fields = [*readonly_fields]


def _may_refund(request: HttpRequest) -> bool:
    options = Payment._meta
    return request.user.has_perm(f"{options.app_label}.{get_permission_codename('refund', options)}")


def _clerk(request: HttpRequest) -> Clerk:
    return Clerk(actor_of(request))


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["booking_reference", "status", "booking_state", TOTAL, REFUNDED, "attention", "created_at"]
    list_filter = ["status", "booking_state", "under_way", ("attention", admin.EmptyFieldListFilter), "created_at"]
    search_fields = ["booking_reference__iexact", "id__iexact", "booking_id__iexact", "user_id__iexact"]
    exclude = [*IN_MINOR_UNITS, "seats", "let_in"]
    readonly_fields = [*MONEY_OF_PAYMENT, "seats_sold"]
    inlines = [OperationInline, LedgerInline, RefundInline]
    actions = ["refund", "try_again"]
    show_full_result_count = False

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return _may_refund(request)

    @admin.display(description="seats")
    def seats_sold(self, payment: Payment) -> SafeString | str:
        lines = ((described(seat, payment),) for seat in books.seats_of(payment))
        return format_html_join(mark_safe("<br>"), "{}", lines) or "-"

    @admin.action(description="Refund the selected payments…", permissions=["refund"])
    def refund(self, request: HttpRequest, queryset: QuerySet[Payment]) -> HttpResponse | None:
        """Asks how much, what it means and why, shows what will be done, and writes the intents once that was seen.

        The sweep carries them out within seconds.
        """
        payments = list(queryset.order_by("id"))
        form = RefundForm(request.POST if "reason" in request.POST else None, payments=payments)
        seen = form.is_valid() and "seen" in request.POST
        if not seen:
            plans = [Plan.of(payment, form.cleaned_data) for payment in payments] if form.is_valid() else []
            context = {
                **self.admin_site.each_context(request),
                "title": "Refund payments",
                "opts": self.opts,
                "form": form,
                "payments": [(payment, left(payment)) for payment in payments],
                "plans": plans,
                "selected_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/payments/refund.html", context)
        for payment in payments:
            self._carry_out(request, payment, Plan.of(payment, form.cleaned_data))
        return None

    def _carry_out(self, request: HttpRequest, payment: Payment, plan: Plan) -> None:
        wanted = Wanted(_clerk(request), reason=plan.reason, amount=plan.amount, kind=plan.kind, seats=plan.seats)
        try:
            asked = refunds.request_refund(payment_id=payment.id, wanted=wanted)
        except Problem as problem:
            self.message_user(request, f"{payment}: {problem.detail}", messages.ERROR)
            return
        if asked.operation is None:
            told = f"{payment}: {plan.shown_amount} waits for somebody else's approval."
            self.message_user(request, told, messages.WARNING)
        else:
            self.message_user(request, f"{payment}: {plan.shown_amount} is on its way back.", messages.SUCCESS)

    @admin.action(description="Try again what the gateway refused to give back", permissions=["refund"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        for payment in queryset.exclude(attention=""):
            try:
                services.resume_payment(payment_id=payment.id, clerk=_clerk(request))
                self.message_user(request, f"{payment}: asked again.", messages.SUCCESS)
            except Problem as problem:
                self.message_user(request, f"{payment}: {problem.detail}", messages.ERROR)


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
class RefundAdmin(TellsItsSeats, ReadOnlyAdmin):
    list_display = [
        *("id", "payment", AMOUNT, "of_seats", "status", "kind", "reason"),
        *("requested_by", "approve_by", "decided_by", "created_at"),
    ]
    list_filter = ["status", "kind", "created_at"]
    list_select_related = ["payment"]
    search_fields = ["payment__booking_reference__iexact", "payment__id__iexact", "requested_by"]
    exclude = [*IN_MINOR_UNITS, "seats"]
    readonly_fields = [AMOUNT, "of_seats"]
    actions = ["approve", "refuse"]
    show_full_result_count = False

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return _may_refund(request)

    @admin.action(description="Approve the selected refunds, which others have asked for", permissions=["refund"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Refund]) -> None:
        def approve(refund: Refund) -> str:
            refunds.approve_refund(refund_id=refund.id, clerk=_clerk(request))
            return "is on its way back"

        self._decide(request, queryset, approve)

    @admin.action(description="Refuse the selected refunds…", permissions=["refund"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Refund]) -> HttpResponse | None:
        """Asks for a note to who asked for them."""
        form = RefusalForm(request.POST if "note" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": "Refuse refunds",
                "opts": self.opts,
                "form": form,
                "refunds": queryset.select_related("payment"),
                "selected_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/payments/refuse.html", context)

        def refuse(refund: Refund) -> str:
            refunds.refuse_refund(refund_id=refund.id, clerk=_clerk(request), note=form.cleaned_data["note"])
            return "is refused"

        self._decide(request, queryset, refuse)
        return None

    def _decide(self, request: HttpRequest, queryset: QuerySet[Refund], decide: Callable[[Refund], str]) -> None:
        for refund in queryset.select_related("payment").order_by("id"):
            name = f"{refund.payment.booking_reference or refund.payment_id}, {shown(refund.amount, refund.currency)}"
            try:
                self.message_user(request, f"{name}: {decide(refund)}.", messages.SUCCESS)
            except Problem as problem:
                self.message_user(request, f"{name}: {problem.detail}", messages.ERROR)


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    list_display = ["id", "user_id", "brand", "last4", "expiry_month", "expiry_year", "created_at"]
    list_filter = ["brand"]
    search_fields = ["user_id__iexact", "last4"]
    exclude = ["gateway_token", "token_digest", "sealed_by"]
    show_full_result_count = False


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "provider", "received_at"]
    list_filter = ["provider"]
    search_fields = ["id"]
