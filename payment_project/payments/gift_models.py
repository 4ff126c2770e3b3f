"""Gift cards, what they were issued as, and their own ledger. Amounts are minor units."""

from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from chassis.codes import SHOWN
from chassis.ids import uuid7
from chassis.money import Money, format_money
from payments.gift_ledger import GiftAccount, Move, Origin

# In the place of the provider, of what gift cards alone pay or get back: nobody outside is asked (gateways/nobody).
GIFT_CARDS = "gift_card"


class IssueStatus(StrEnum):
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"  # its codes may be made, once
    ISSUED = "issued"
    REFUSED = "refused"  # a colleague said no
    LAPSED = "lapsed"  # nobody approved it, or made its codes, in time


def _choices(values: type[StrEnum]) -> list[tuple[str, str]]:
    return [(value.value, value.value.replace("_", " ")) for value in values]


class GiftCardIssue(models.Model):
    """Gift cards that somebody of the staff issues at once: what for, how many, and who agreed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    origin = models.CharField(max_length=12, choices=_choices(Origin), help_text="What they are issued for.")
    count = models.PositiveIntegerField(help_text="Of cards.")
    amount = models.BigIntegerField(help_text="Of each.")
    currency = models.CharField(max_length=3)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="None: never.")
    reason = models.CharField(max_length=200, help_text="Among staff: who paid for them, or what went wrong.")
    status = models.CharField(max_length=20, choices=_choices(IssueStatus), default=IssueStatus.APPROVED.value)
    requested_by = models.CharField(max_length=150)
    requested_by_id = models.UUIDField(null=True, help_text="Their account at auth.")
    decided_by = models.CharField(max_length=150, blank=True, default="", help_text="Who approved or refused it.")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=200, blank=True, default="")
    due_by = models.DateTimeField(help_text="Neither approved nor made until then, it lapses.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "gift_card_issues"
        verbose_name = "issue of gift cards"
        verbose_name_plural = "issues of gift cards"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0, count__gt=0), name="gift_card_issues_of_something"),
        ]
        indexes = [
            models.Index(fields=["requested_by", "-id"], name="idx_gift_card_issues_by"),
            models.Index(
                fields=["due_by"],
                condition=Q(status__in=(IssueStatus.AWAITING_APPROVAL, IssueStatus.APPROVED)),
                name="idx_gift_card_issues_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} x {format_money(Money(self.amount, self.currency))}, {self.get_status_display()}"

    @property
    def total(self) -> int:
        return self.count * self.amount


class GiftCard(models.Model):
    """A card that pays: what it is good for, found by the digest of its code, of which nothing is kept but its end."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    issue = models.ForeignKey(GiftCardIssue, on_delete=models.PROTECT, db_index=False, related_name="cards")
    digest = models.BinaryField(max_length=32, unique=True, help_text="What it is found by (chassis.codes).")
    last4 = models.CharField("last signs", max_length=SHOWN)
    amount = models.BigIntegerField(help_text="What it was issued with.")
    currency = models.CharField(max_length=3)
    balance = models.BigIntegerField(help_text="What it is good for now.")
    reserved = models.BigIntegerField(default=0, db_default=0, help_text="What payments under way hold of it.")
    expires_at = models.DateTimeField(null=True, help_text="From then on it pays nothing.")
    blocked_at = models.DateTimeField(null=True, help_text="Since then it pays nothing.")
    blocked_because = models.CharField(max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "gift_cards"
        verbose_name = "gift card"
        ordering = ["-id"]
        permissions = [("block_giftcard", "Can block gift cards, and open them again")]
        constraints = [
            models.CheckConstraint(
                condition=Q(balance__gte=0, reserved__gte=0) & Q(amount__gte=F("balance") + F("reserved")),
                name="gift_cards_within_the_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["issue", "-id"], name="idx_gift_cards_issue"),
            models.Index(fields=["last4", "-id"], name="idx_gift_cards_last4"),
            # Few are, and staff look at them.
            models.Index(fields=["-id"], condition=~Q(blocked_at=None), name="idx_gift_cards_blocked"),
        ]

    def __str__(self) -> str:
        return f"gift card …{self.last4}"


class GiftCardLine(models.Model):
    """A line of the ledger of gift cards. Lines are only ever added; triggers refuse anything else.

    Those of an issue have no payment; those of a payment hang on the operation with which the value moved.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, db_index=False, related_name="lines")
    move = models.CharField(max_length=12, choices=_choices(Move))
    account = models.CharField(max_length=12, choices=_choices(GiftAccount))
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payment = models.ForeignKey(
        "payments.Payment", on_delete=models.PROTECT, null=True, db_index=False, related_name="gift_card_lines"
    )
    operation = models.ForeignKey(
        "payments.GatewayOperation", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "gift_card_lines"
        verbose_name = "gift card line"
        verbose_name_plural = "gift card lines"
        ordering = ["id"]
        constraints = [
            # An issue has no operation, and one entry of each card.
            models.UniqueConstraint(
                fields=["card", "operation", "move", "account"], name="gift_card_lines_once", nulls_distinct=False
            ),
        ]
        indexes = [
            models.Index(fields=["card", "-id"], name="idx_gift_card_lines_card"),
            models.Index(fields=["payment", "-id"], condition=~Q(payment=None), name="idx_gift_card_lines_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.move}: {self.account} {format_money(Money(self.amount, self.currency))}"


class GiftCardsOwed(models.Model):
    """What gift cards of a currency were good for, together, after the line `until`; see metrics.py."""

    currency = models.CharField(max_length=3, primary_key=True)
    amount = models.BigIntegerField()
    until = models.UUIDField()

    class Meta:
        db_table = "gift_cards_owed"

    def __str__(self) -> str:
        return format_money(Money(self.amount, self.currency))
