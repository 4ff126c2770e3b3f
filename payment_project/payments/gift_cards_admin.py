"""Where staff issue gift cards, see what became of them, and block them."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin, actor_of, money
from chassis.money import DECIMALS, LARGEST_PRICE, Money, format_money, to_minor
from chassis.web.problems import Problem
from chassis.web.sent_once import FormKey, once
from chassis.web.spreadsheets import csv_lines
from payments import gift_cards, gift_issues
from payments.clerks import Clerk
from payments.gift_issues import Wanted
from payments.gift_ledger import Origin
from payments.gift_models import GiftCard, GiftCardIssue, GiftCardLine
from payments.models import Payment

AMOUNT: Any = money("amount")
EACH: Any = money("amount", title="each")
BALANCE: Any = money("balance")
RESERVED: Any = money("reserved", title="held by payments")
ISSUED_WITH: Any = money("amount", title="issued with")


ONCE = "The file that comes has their codes, and nobody gets these again: keep it where nobody else reads it."


class IssueForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """Amounts as people write them: 12.50 EUR, which the row has as 1250."""

    amount = forms.DecimalField(max_digits=16, decimal_places=3, help_text="Of each card: 12.50.")
    currency = forms.CharField(max_length=3, help_text="EUR, for example.")
    count = forms.IntegerField(min_value=1, max_value=gift_issues.MOST_CARDS, initial=1)
    key = FormKey()

    class Meta:
        model = GiftCardIssue
        fields = ["origin", "count", "amount", "currency", "expires_at", "reason"]

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if currency not in DECIMALS:
            raise forms.ValidationError("No currency of ISO 4217.")
        return currency

    def clean_expires_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["expires_at"]
        if at is not None and at <= timezone.now():
            raise forms.ValidationError("In the future.")
        return at

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                data["amount"] = self._minor(data["amount"], data["currency"])
            except ValueError as exc:
                self.add_error("amount", str(exc))
        return data

    def _minor(self, amount: Decimal, currency: str) -> int:
        minor = to_minor(amount, currency)
        if not 0 < minor <= LARGEST_PRICE:
            raise ValueError("More than nothing, and no more than anything costs.")
        return minor


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=200, help_text="Among staff.")


class NoteForm(forms.Form):
    note = forms.CharField(max_length=200, help_text="For who asked for them.")


def _clerk(request: HttpRequest) -> Clerk:
    return Clerk(actor_of(request))


class AsksFirst(StaffAdmin):
    """A page whose actions show what they are about, and ask for a text, before they act."""

    def act(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        action: str,
        title: str,
        do: Callable[[Any, Any], object],
        asks: type[forms.Form] | None = None,
    ) -> HttpResponse | None:
        """do: gets a row and the text, None where none is asked for. Raises no Problem: says it."""
        seen = "seen" in request.POST
        form = asks(request.POST if seen else None) if asks else None
        if not seen or (form and not form.is_valid()):
            return self.ask(
                request,
                "admin/payments/gift_cards.html",
                title=title,
                action=action,
                about=queryset,
                button=title.partition(" ")[0],
                rows=queryset,
                form=form,
            )
        text = next(iter(form.cleaned_data.values())) if form else None
        for row in queryset.order_by("id"):
            try:
                do(row, text)
                self.message_user(request, f"{row}: done.", messages.SUCCESS)
            except Problem as problem:
                self.message_user(request, f"{row}: {problem.detail}", messages.ERROR)
        return None


@admin.register(GiftCardIssue)
class GiftCardIssueAdmin(AsksFirst):
    form = IssueForm
    recorded_by_service = True
    list_display = ["created_at", "origin", "count", EACH, "status", "requested_by", "decided_by", "expires_at"]
    list_filter = ["status", "origin"]
    search_fields = ["id", "=requested_by"]
    fields = ["origin", "count", "amount", "currency", "expires_at", "reason", "key"]
    ordering = ["-id"]
    actions = ["make", "approve", "refuse"]
    few_rows = True

    def kept_because(self, row: GiftCardIssue) -> str:
        return "Issues of gift cards are kept: nobody deletes them."

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        decided = ["status", "requested_by", "decided_by", "decision_note", "due_by", "created_at"]
        return self.fields if obj is None else ["origin", "count", EACH, "expires_at", "reason", *decided]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [] if obj is None else self.get_fields(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing: Django would take it from the address, where a moment may be any text."""
        return {}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except Problem as refused:
            self.message_user(request, refused.detail, messages.ERROR)
            return redirect("admin:payments_giftcardissue_changelist")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        wanted = Wanted(
            origin=Origin(data["origin"]),
            amount=data["amount"],
            currency=data["currency"],
            count=data["count"],
            expires_at=data["expires_at"],
            reason=data["reason"],
        )
        clerk = _clerk(request)
        issue = once(
            lambda id_: gift_issues.request_issue(wanted=wanted, clerk=clerk, issue_id=id_),
            form_key=data["key"],
            what="gift card issue",
            user_id=clerk.account_id,
        )
        obj.pk, obj._state.adding = issue.pk, False
        obj.refresh_from_db()

    @admin.action(description="Make the cards, and take their codes along as CSV, once…", permissions=["add"])
    def make(self, request: HttpRequest, queryset: QuerySet[GiftCardIssue]) -> HttpResponse | None:
        """Of one issue, whoever asked for it: the codes are in this file, and nowhere else ever after."""
        chosen = list(queryset.order_by("id")[:2])
        if len(chosen) != 1:
            self.message_user(request, "Choose one issue: its codes are one file.", messages.ERROR)
            return None
        if "seen" not in request.POST:
            return self.ask(
                request,
                "admin/payments/gift_cards.html",
                title="Make gift cards",
                action="make",
                about=chosen,
                button="Make them, and take the file",
                rows=chosen,
                note=ONCE,
                leave="Back to the list",
            )
        try:
            codes = gift_issues.make_cards(issue_id=chosen[0].id, clerk=_clerk(request))
        except Problem as problem:
            self.message_user(request, f"{chosen[0]}: {problem.detail}", messages.ERROR)
            return None
        return HttpResponse(
            "".join(csv_lines([["code"], *([code] for code in codes)])),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="gift-cards-{chosen[0].pk}.csv"',
                "Cache-Control": "no-store",
            },
        )

    @admin.action(description="Approve the selected issues, which others have asked for…", permissions=["add"])
    def approve(self, request: HttpRequest, queryset: QuerySet[GiftCardIssue]) -> HttpResponse | None:
        def approve(issue: GiftCardIssue, _: object) -> object:
            return gift_issues.approve_issue(issue_id=issue.id, clerk=_clerk(request))

        return self.act(request, queryset, "approve", "Approve gift cards", approve)

    @admin.action(description="Refuse the selected issues…", permissions=["add"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[GiftCardIssue]) -> HttpResponse | None:
        def refuse(issue: GiftCardIssue, note: str) -> object:
            return gift_issues.refuse_issue(issue_id=issue.id, clerk=_clerk(request), note=note)

        return self.act(request, queryset, "refuse", "Refuse gift cards", refuse, NoteForm)


class LineInline(ReadOnlyInline):
    model = GiftCardLine
    verbose_name_plural = "what became of it"
    ordering = ["-id"]
    readonly_fields = ["created_at", "move", "account", AMOUNT, "payment"]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("payment")


@admin.register(GiftCard)
class GiftCardAdmin(AsksFirst, ReadOnlyAdmin):
    list_display = ["__str__", BALANCE, RESERVED, ISSUED_WITH, "expires_at", "blocked_at", "created_at"]
    list_filter = [("blocked_at", admin.EmptyFieldListFilter)]
    search_fields = ["=last4", "id"]
    search_help_text = "The last four signs of its code."
    readonly_fields = [
        *("last4", BALANCE, RESERVED, ISSUED_WITH, "expires_at", "blocked_at", "blocked_because", "issue"),
        *("created_at", "id"),
    ]
    fields = [*readonly_fields]
    ordering = ["-id"]
    inlines = [LineInline]
    actions = ["block", "unblock"]

    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.block_giftcard")

    @admin.action(description="Block the selected cards…", permissions=["block"])
    def block(self, request: HttpRequest, queryset: QuerySet[GiftCard]) -> HttpResponse | None:
        def block(card: GiftCard, reason: str) -> object:
            return gift_cards.block(card_id=card.id, reason=reason, actor=actor_of(request))

        return self.act(request, queryset, "block", "Block gift cards", block, ReasonForm)

    @admin.action(description="Open the selected cards again…", permissions=["block"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[GiftCard]) -> HttpResponse | None:
        def unblock(card: GiftCard, reason: str) -> object:
            return gift_cards.unblock(card_id=card.id, reason=reason, actor=actor_of(request))

        return self.act(request, queryset, "unblock", "Open gift cards again", unblock, ReasonForm)


@admin.register(GiftCardLine)
class GiftCardLineAdmin(ReadOnlyAdmin):
    belongs_to = "payment"
    alone_is_for_all = True
    list_display = ["card", "move", "account", AMOUNT, "created_at"]
    list_select_related = ["card"]
    search_fields = ["card__id", "payment__id"]
    exclude = ["amount", "currency", "operation"]
    readonly_fields = [AMOUNT]
    ordering = ["-id"]


@admin.display(description="gift card")
def _gift_card(payment: Payment) -> str:
    """What one pays of it, for the page of a payment."""
    if not payment.gift_amount:
        return "-"
    paid, back = (
        format_money(Money(amount, payment.currency)) for amount in (payment.gift_amount, payment.gift_refunded_amount)
    )
    return f"…{payment.gift_last4}: {paid}, of which {back} went back"


GIFT_CARD: Any = _gift_card
