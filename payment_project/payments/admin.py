from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, ValuesInWords, actor_of, in_words, money, words
from chassis.web.problems import Problem
from chassis.web.sent_once import once
from payments import kept, payouts_admin, refunds, services  # noqa: F401  (Django looks for pages here)
from payments.approval import approval_words
from payments.clerks import Clerk
from payments.forms import OutsideForm, Plan, RefundForm, RefusalForm, described, left, shown
from payments.gift_cards_admin import GIFT_CARD
from payments.models import GatewayOperation, Payment, PaymentMethod, Refund, Transaction
from payments.receipts_admin import ReceiptInline
from payments.refunds import Wanted
from payments.seats import outcome
from payments.theaters import paid_at
from payments.webhook_models import WebhookDelivery

AMOUNT = money("amount")
TOTAL = money("amount", title="total")
GIFT_AMOUNT = money("gift_amount", title="by gift card")
CARRIED = money("carried_amount", title="by an exchanged booking")
REFUNDED = money("refunded_amount", title="refunded")
# What a page says of money, and the fields in minor units that it says it in the place of.
MONEY_OF_PAYMENT = [
    TOTAL,
    money("held_amount", title="held"),
    money("captured_amount", title="captured"),
    REFUNDED,
    money("retained_amount", title="retained"),
    CARRIED,
    money("lent_amount", title="held for an exchange"),
    money("exchanged_amount", title="paying another booking"),
]
FAILURE = words("failure_code", title="why it failed")
OUTCOME = words("outcome_code", title="why not")
IN_MINOR_UNITS = [
    "amount",
    "gift_amount",
    "held_amount",
    "captured_amount",
    "refunded_amount",
    "retained_amount",
    "carried_amount",
    "lent_amount",
    "exchanged_amount",
    "to_return_amount",
    "exchange_amount",
    "currency",
]


@admin.display(description="booking", ordering="payment__booking_reference")
def _booking(row: GatewayOperation | Transaction | Refund) -> str:
    return row.payment.booking_reference or f"booking {row.payment.booking_id}"


@admin.display(description="card")
def _card(row: Payment | Refund) -> str:
    last4 = row.card_last4 if isinstance(row, Payment) else row.payment.card_last4
    return f"ending in {last4}" if last4 else "-"


@admin.display(description="reason")
def _why(refund: Refund) -> str:
    """What staff wrote, or the word of the booking that ended."""
    return refund.reason if refund.requested_by else in_words(refund.reason)


class TellsItsSeats:
    """A page of refunds, with a column of those whose money it is."""

    @admin.display(description="of seats")
    def of_seats(self, refund: Refund) -> str:
        return outcome(kept.seats_of(refund)) or "-"


# The stubs know names of columns alone.
BOOKING: Any = _booking
CARD: Any = _card
WHY: Any = _why


class OperationInline(ReadOnlyInline):
    model = GatewayOperation
    ordering = ["created_at"]
    readonly_fields = [
        *("created_at", "kind", AMOUNT, GIFT_AMOUNT, CARRIED, "provider", "state", OUTCOME),
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
        *("created_at", AMOUNT, GIFT_AMOUNT, "of_seats", "status", "kind", "outside", "reference", WHY),
        "requested_by",
        *("decided_by", "decision_note", FAILURE, "finished_at"),
    ]
    fields = [*readonly_fields]


def _may(request: HttpRequest, deed: str) -> bool:
    options = Payment._meta
    return request.user.has_perm(f"{options.app_label}.{get_permission_codename(deed, options)}")


def _button(plans: Sequence[Plan]) -> str:
    """What the page does next: it shows, gives back, writes down, or asks somebody else."""
    if not plans:
        return "Look at it"
    waiting = [plan.waits for plan in plans]
    if plans[0].outside:
        return "Ask for it" if waiting[0] else "It was given back so"
    return "Ask for it" if all(waiting) else "Give it back, and ask for the rest" if any(waiting) else "Give it back"


def _approvals(plans: Sequence[Plan]) -> list[str]:
    """Why some of them wait, and for whom: a paragraph for each currency."""
    return [approval_words(currency) for currency in sorted({plan.payment.currency for plan in plans if plan.waits})]


def _clerk(request: HttpRequest) -> Clerk:
    return Clerk(actor_of(request))


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    def at_theaters(self, theaters: Collection[UUID], path: str = "") -> Q:
        return paid_at(theaters, path)

    list_display = [
        *("booking_reference", "status", "booking_state", TOTAL, REFUNDED, CARD),
        *(words("attention"), "created_at"),
    ]
    list_filter = ["status", "booking_state", "under_way", ("attention", admin.EmptyFieldListFilter), "created_at"]
    search_fields = ["=booking_reference", "id", "booking_id", "user_id"]
    readonly_fields = [
        *(*MONEY_OF_PAYMENT, "seats_sold", CARD, GIFT_CARD, FAILURE, words("attention", title="needs attention")),
        *(words("ended_reason", title="why the booking ended"), "created_at", "updated_at"),
        *("booking", "customer"),
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("booking", "customer", "status", "booking_state", "seats_sold", *MONEY_OF_PAYMENT, "under_way"),
                ]
            },
        ),
        ("Card", {"fields": [CARD, GIFT_CARD, FAILURE]}),
        ("What happened", {"fields": [*readonly_fields[-6:-4], "hold_expires_at", "captured_at", "created_at"]}),
        (
            "To look it up elsewhere",
            {
                "fields": [
                    *("id", "booking_id", "user_id", "provider", "authorization_id", "capture_id"),
                    *("version", "updated_at"),
                ]
            },
        ),
    ]
    inlines = [OperationInline, LedgerInline, RefundInline, ReceiptInline]
    actions = ["refund", "try_again", "give_outside"]
    show_full_result_count = False

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return _may(request, "refund")

    def has_give_outside_permission(self, request: HttpRequest) -> bool:
        return _may(request, "give_outside")

    @admin.display(description="booking")
    def booking(self, payment: Payment) -> SafeString:
        place = f"/admin/booking/bookings/{payment.booking_id}/whole/"
        return format_html('<a href="{}">{}</a>', place, payment.booking_reference or "its booking")

    @admin.display(description="customer")
    def customer(self, payment: Payment) -> SafeString:
        return format_html('<a href="/admin/auth/customers/{}/">Everything of theirs</a>', payment.user_id)

    @admin.display(description="seats")
    def seats_sold(self, payment: Payment) -> SafeString | str:
        lines = ((described(seat, payment),) for seat in kept.seats_of(payment))
        return format_html_join(mark_safe("<br>"), "{}", lines) or "-"

    @admin.action(description="Refund the selected payments…", permissions=["refund"])
    def refund(self, request: HttpRequest, queryset: QuerySet[Payment]) -> HttpResponse | None:
        """Asks how much, what it means and why, shows what will be done, and writes the intents once that was seen.

        The sweep carries them out within seconds.
        """
        return self._give_back(request, list(queryset.order_by("id")), RefundForm, "refund", "Refund payments")

    @admin.action(description="Write down what went back outside of the card gateway…", permissions=["give_outside"])
    def give_outside(self, request: HttpRequest, queryset: QuerySet[Payment]) -> HttpResponse | None:
        """Of one payment, as each has a reference of its own: asks and shows as a refund does, and writes it down."""
        payments = list(queryset.order_by("id")[:2])
        if len(payments) != 1:
            self.message_user(request, "Choose one payment: each has a reference of its own.", messages.ERROR)
            return None
        return self._give_back(request, payments, OutsideForm, "give_outside", "Given back outside of the card gateway")

    def _give_back(
        self, request: HttpRequest, payments: list[Payment], asks: type[RefundForm], action: str, title: str
    ) -> HttpResponse | None:
        form = asks(request.POST if "reason" in request.POST else None, payments=payments)
        seen = form.is_valid() and "seen" in request.POST
        if not seen:
            plans = [Plan.of(payment, form.cleaned_data) for payment in payments] if form.is_valid() else []
            return self.ask(
                request,
                "admin/payments/refund.html",
                title=title,
                action=action,
                about=payments,
                button=_button(plans),
                form=form,
                payments=[(payment, left(payment)) for payment in payments],
                plans=plans,
                approvals=_approvals(plans),
            )
        for payment in payments:
            self._carry_out(request, payment, Plan.of(payment, form.cleaned_data), form.cleaned_data["key"])
        return None

    def _carry_out(self, request: HttpRequest, payment: Payment, plan: Plan, form_key: UUID) -> None:
        clerk = _clerk(request)
        wanted = Wanted(clerk, plan.reason, plan.amount, plan.kind, plan.seats, plan.outside)
        try:
            asked = once(
                lambda id_: refunds.request_refund(payment_id=payment.id, wanted=wanted, refund_id=id_),
                form_key=form_key,
                what="refund",
                user_id=clerk.account_id,
                about=payment.id,
            )
        except Problem as problem:
            self.message_user(request, f"{payment}: {problem.detail}", messages.ERROR)
            return
        if asked.waits:
            told = f"{payment}: {plan.shown_amount} waits for somebody else's approval."
            self.message_user(request, told, messages.WARNING)
            return
        became = "is on its way back" if asked.operation else "is written down as given back"
        by_hand = f" {plan.by_hand}, and say so under pay-outs at the till." if plan.by_hand else ""
        self.message_user(request, f"{payment}: {plan.shown_amount} {became}.{by_hand}", messages.SUCCESS)

    @admin.action(description="Try again what the gateway refused to give back", permissions=["refund"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        for payment in queryset.exclude(attention=""):
            try:
                services.resume_payment(payment_id=payment.id, clerk=_clerk(request))
                self.message_user(request, f"{payment}: asked again.", messages.SUCCESS)
            except Problem as problem:
                self.message_user(request, f"{payment}: {problem.detail}", messages.ERROR)


class OfAPayment(ReadOnlyAdmin):
    """The payments of a page are read by their keys: a join may be planned to read all that there are."""

    belongs_to = "payment"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("payment")


@admin.register(GatewayOperation)
class GatewayOperationAdmin(OfAPayment):
    list_display = [BOOKING, "kind", AMOUNT, "state", OUTCOME, "attempts", "due_at", "created_at"]
    list_filter = ["state", "kind", ("outcome_code", ValuesInWords), "created_at"]
    ordering = ["-id"]
    search_fields = ["id", "=payment__booking_reference", "payment__id", "=result"]
    exclude = ["payment_token", "outcome_code", *IN_MINOR_UNITS]
    readonly_fields = [AMOUNT, GIFT_AMOUNT, OUTCOME]
    show_full_result_count = False


@admin.register(Transaction)
class TransactionAdmin(OfAPayment):
    list_display = [BOOKING, "kind", "account", AMOUNT, "created_at"]
    ordering = ["-id"]
    list_filter = ["account", "kind", "currency", "created_at"]
    search_fields = ["=payment__booking_reference", "payment__id"]
    exclude = IN_MINOR_UNITS
    readonly_fields = [AMOUNT]
    show_full_result_count = False


@admin.register(Refund)
class RefundAdmin(TellsItsSeats, ReadOnlyAdmin):
    belongs_to = "payment"
    list_display = [
        *(BOOKING, CARD, AMOUNT, "of_seats", "status", "kind", "outside", WHY),
        *("requested_by", "approve_by", "decided_by", "created_at"),
    ]
    list_filter = ["status", "kind", "outside", "created_at"]
    list_select_related = ["payment"]
    search_fields = ["=payment__booking_reference", "payment__id", "=requested_by", "=reference"]
    exclude = [*IN_MINOR_UNITS, "seats", "reason", "failure_code", "requested_by_id", "decided_by_id"]
    readonly_fields = [AMOUNT, GIFT_AMOUNT, "of_seats", CARD, WHY, FAILURE, "created_at"]
    actions = ["approve", "refuse"]
    show_full_result_count = False

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return _may(request, "refund")

    @admin.action(description="Approve the selected refunds, which others have asked for…", permissions=["refund"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Refund]) -> HttpResponse | None:
        """Shows what will be done first."""
        if "seen" not in request.POST:
            return self._ask(request, queryset, "approve", title="Approve refunds", button="Approve")

        def approve(refund: Refund) -> str:
            asked = refunds.approve_refund(refund_id=refund.id, clerk=_clerk(request))
            return "is on its way back" if asked.operation else "is written down as given back"

        self._decide(request, queryset, approve)
        return None

    @admin.action(description="Refuse the selected refunds…", permissions=["refund"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Refund]) -> HttpResponse | None:
        """Asks for a note to who asked for them."""
        form = RefusalForm(request.POST if "note" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, "refuse", title="Refuse refunds", button="Refuse", form=form)

        def refuse(refund: Refund) -> str:
            refunds.refuse_refund(refund_id=refund.id, clerk=_clerk(request), note=form.cleaned_data["note"])
            return "is refused"

        self._decide(request, queryset, refuse)
        return None

    def _ask(self, request: HttpRequest, queryset: QuerySet[Refund], action: str, **shown: Any) -> HttpResponse:
        refunds = list(queryset.select_related("payment").order_by("id"))
        return self.ask(
            request,
            f"admin/payments/{action}.html",
            action=action,
            about=refunds,
            refunds=[(refund, outcome(kept.seats_of(refund))) for refund in refunds],
            **shown,
        )

    def _decide(self, request: HttpRequest, queryset: QuerySet[Refund], decide: Callable[[Refund], str]) -> None:
        for refund in queryset.select_related("payment").order_by("id"):
            name = f"{refund.payment.booking_reference or refund.payment_id}, {shown(refund.amount, refund.currency)}"
            try:
                self.message_user(request, f"{name}: {decide(refund)}.", messages.SUCCESS)
            except Problem as problem:
                self.message_user(request, f"{name}: {problem.detail}", messages.ERROR)


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "expires", "user_id", "created_at"]
    list_filter = ["brand"]
    search_fields = ["user_id", "=last4"]
    readonly_fields = ["brand", "last4", "expires", "provider", "user_id", "created_at"]
    fields = [*readonly_fields]
    show_full_result_count = False

    @admin.display(description="expires", ordering="expiry_year")
    def expires(self, method: PaymentMethod) -> str:
        return f"{method.expiry_month:02}/{method.expiry_year}"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "provider", "received_at"]
    list_filter = ["provider"]
    search_fields = ["=id"]
