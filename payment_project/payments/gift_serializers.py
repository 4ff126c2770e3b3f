"""Gift cards over HTTP: what is taken, what is shown, and how."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from chassis.codes import SHOWN
from chassis.money import DECIMALS, LARGEST_PRICE
from chassis.web.parsing import MomentField, StrictSerializer, StrictUUIDField
from chassis.web.queries import PageQuery
from payments import gift_cards, gift_issues
from payments.gift_ledger import Origin
from payments.gift_models import GiftCard, GiftCardIssue, GiftCardLine
from payments.presentation import shown_money
from payments.schema import MoneySerializer
from payments.serializers import MoneyRequest, StrictIntegerField, StrictTextField, no_card_number


class GiftCardIssueRequest(StrictSerializer):
    origin = serializers.ChoiceField(
        choices=[origin.value for origin in Origin],
        help_text="`sold`: the desk has taken money for them; `goodwill`: the house gives them.",
    )
    amount = MoneyRequest(help_text="Of each card.")
    count = StrictIntegerField(min_value=1, max_value=gift_issues.MOST_CARDS, required=False, help_text="Of cards; 1.")
    expires_at = MomentField(required=False, allow_null=True, help_text="From then on they pay nothing; null: never.")
    reason = StrictTextField(max_length=200, help_text="Among staff: what was paid for them, or what went wrong.")

    def validate_amount(self, amount: dict[str, Any]) -> dict[str, Any]:
        if amount["currency"] not in DECIMALS:
            raise serializers.ValidationError({"currency": "No currency of ISO 4217."})
        if amount["amount"] > LARGEST_PRICE:
            raise serializers.ValidationError({"amount": f"At most {LARGEST_PRICE}."})
        return amount

    def validate_expires_at(self, at: Any) -> Any:
        if at is not None and at <= timezone.now():
            raise serializers.ValidationError("In the future.")
        return at

    def validate_reason(self, reason: str) -> str:
        return no_card_number(reason)


class ReasonRequest(StrictSerializer):
    reason = StrictTextField(max_length=200, help_text="Among staff.")

    def validate_reason(self, reason: str) -> str:
        return no_card_number(reason)


class GiftCardFilter(PageQuery):
    issue_id = StrictUUIDField(required=False)
    last4 = serializers.CharField(required=False, max_length=SHOWN, help_text="The last signs of the code.")

    def validate_last4(self, last4: str) -> str:
        return last4.upper()


class GiftCardIssueSerializer(serializers.Serializer[Any]):
    """Gift cards that are issued at once."""

    id = serializers.UUIDField()
    origin = serializers.CharField()
    status = serializers.CharField(
        help_text="`approved`: who asked may make the cards; `awaiting_approval`: somebody else has to approve them; "
        "`issued`, `refused`, or `lapsed`."
    )
    count = serializers.IntegerField()
    amount = MoneySerializer(help_text="Of each card.")
    expires_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)
    note = serializers.CharField(allow_null=True, help_text="Why it was refused.")
    due_by = serializers.DateTimeField(help_text="Neither approved nor made until then, it lapses.")
    created_at = serializers.DateTimeField()


class GiftCardCodesSerializer(serializers.Serializer[Any]):
    codes = serializers.ListField(
        child=serializers.CharField(),
        max_length=gift_issues.MOST_CARDS,
        help_text="Each of a card. Nobody can read them again.",
    )


class GiftCardBalanceSerializer(serializers.Serializer[Any]):
    """What a gift card is good for, to whoever has its code."""

    last4 = serializers.CharField()
    balance = MoneySerializer(help_text="Without what payments under way hold of it.")
    status = serializers.CharField(help_text="`active`, `blocked` or `expired`.")
    expires_at = serializers.DateTimeField(allow_null=True)


class GiftCardSerializer(GiftCardBalanceSerializer):
    id = serializers.UUIDField()
    issue_id = serializers.UUIDField()
    amount = MoneySerializer(help_text="What it was issued with.")
    reserved = MoneySerializer(help_text="What payments under way hold of it.")
    blocked_because = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class GiftCardLineSerializer(serializers.Serializer[Any]):
    """A line of the ledger of gift cards; those of one move add up to zero."""

    id = serializers.UUIDField()
    move = serializers.CharField(help_text="issue, reserve, release, capture or refund.")
    account = serializers.CharField(help_text="desk, goodwill, balance, reserved or redeemed.")
    amount = MoneySerializer()
    payment_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


def present_balance(card: GiftCard) -> dict[str, Any]:
    status = "blocked" if card.blocked_at else "expired" if gift_cards.has_expired(card) else "active"
    return {
        "last4": card.last4,
        "balance": shown_money(card.balance, card.currency),
        "status": status,
        "expires_at": card.expires_at and card.expires_at.isoformat(),
    }


def present_card(card: GiftCard) -> dict[str, Any]:
    return present_balance(card) | {
        "id": str(card.id),
        "issue_id": str(card.issue_id),
        "amount": shown_money(card.amount, card.currency),
        "reserved": shown_money(card.reserved, card.currency),
        "blocked_because": card.blocked_because or None,
        "created_at": card.created_at.isoformat(),
    }


def present_issue(issue: GiftCardIssue) -> dict[str, Any]:
    return {
        "id": str(issue.id),
        "origin": str(issue.origin),
        "status": str(issue.status),
        "count": issue.count,
        "amount": shown_money(issue.amount, issue.currency),
        "expires_at": issue.expires_at and issue.expires_at.isoformat(),
        "reason": issue.reason,
        "requested_by": issue.requested_by,
        "decided_by": issue.decided_by or None,
        "note": issue.decision_note or None,
        "due_by": issue.due_by.isoformat(),
        "created_at": issue.created_at.isoformat(),
    }


def present_line(line: GiftCardLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "move": str(line.move),
        "account": str(line.account),
        "amount": shown_money(line.amount, line.currency),
        "payment_id": line.payment_id and str(line.payment_id),
        "created_at": line.created_at.isoformat(),
    }
