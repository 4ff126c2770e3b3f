"""Payments, what the gateway was asked for them, the ledger, refunds and saved methods. Amounts are minor units."""

from enum import StrEnum

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from chassis.ids import uuid7
from chassis.money import Money, format_money
from chassis.storage import address_changes, guest_claims
from payments import reconciliation_models, takings_models, vault  # noqa: F401  (Django looks for models here)
from payments.columns import blank, choices_of, held_by, listed, zero
from payments.gift_models import GiftCard, GiftCardIssue, GiftCardLine, GiftCardsOwed  # noqa: F401  (as above)
from payments.ledger import SELDOM, Account, Kind
from payments.payout_models import OWED, PAID_OUT, TO_HAND_OVER, HandedOver
from payments.receipt_models import Receipt, ReceiptSeries  # noqa: F401  (Django looks for models here)
from payments.refund_rules import Way
from payments.seats import RefundKind
from payments.states import Booking, OperationState, Status
from payments.webhook_models import WebhookDelivery  # noqa: F401  (as above)

# What takes money back and has its indexes: seldom.
BACKWARDS = (Kind.REVERSE, Kind.VOID, Kind.REFUND, Kind.OUTSIDE, Kind.EXCHANGE, Kind.RETURN)
UNFINISHED = (OperationState.PENDING, OperationState.REVERSING)
# Found by when they are due, or too many to be looked for.
USUAL = (*UNFINISHED, OperationState.SUCCEEDED)

# Captured, and its receipt not issued yet.
WITHOUT_RECEIPT = Q(captured_at__isnull=False) & ~Q(sale={})


class RefundStatus(StrEnum):
    AWAITING_APPROVAL = "awaiting_approval"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the gateway said no
    REFUSED = "refused"  # a colleague said no
    LAPSED = "lapsed"  # nobody said anything in time


class Payment(models.Model):
    """The one payment of a booking. A booking that ended before it was known has one too, so that nothing is taken."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking_id = models.UUIDField()
    booking_reference = models.CharField(max_length=32, blank=True)
    theater_id = models.UUIDField(null=True, help_text="Of its booking; null: it is not known, or only by the receipt.")
    user_id = models.UUIDField()
    status = models.CharField(max_length=24, choices=choices_of(Status), default=Status.REQUIRES_PAYMENT_METHOD.value)
    booking_state = models.CharField(max_length=12, choices=choices_of(Booking), default=Booking.OPEN.value)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    held_amount = zero("Authorised, and neither captured nor voided.")
    captured_amount = zero("Taken from the customer.")
    refunded_amount = zero("Given back of it.")
    retained_amount = zero("The fee kept after a cancellation.")
    fee_told_amount = zero("The fee as booking reckoned it, which may not have known of seats that were given back.")
    under_way = blank(12, "What the gateway was asked and has not answered yet.", choices=choices_of(Kind))
    failure_code = blank(64, "Why the last card was declined, or the capture refused.")
    attention = blank(64, "Why the gateway refused to give money back: somebody has to look.")
    provider = held_by("Who holds the money, once somebody does.")
    authorization_id = blank(64, "The gateway's.", db_column="authorisation_id")
    capture_id = blank(64, "The gateway's.")
    card_last4 = blank(4, "Of the card that pays.")
    gift_amount = zero("Of it, what a gift card pays: reserved, or captured.")
    gift_refunded_amount = zero("Of what was given back, what went to the gift card.")
    gift_card = models.ForeignKey(
        GiftCard, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    gift_last4 = blank(4, "Of the gift card that pays, or was asked to.")
    exchange_of = models.UUIDField(null=True, help_text="The booking that is exchanged for this one.")
    exchange_amount = zero("What that one pays.")
    carried_amount = zero("Of it, what that one's payment holds for this one, or has paid.")
    lent_amount = zero("Captured, and held for a booking in whose exchange this one is to end.")
    exchanged_amount = zero("Of what was given back, what pays the booking that this one was exchanged for.")
    to_return_amount = zero("Of that, what goes back from here: the other booking was refunded.")
    seats = listed("As they were sold, where they are, and what became of their money (seats.Seat); none: not known.")
    seating = zero("Which seating of the booking its seats are named by; each other one has a larger number.")
    let_in = listed("The ids of the seats to which somebody was let in.")
    sale = models.JSONField(
        null=True,
        help_text="What its receipt will say (lines.Sale): {} once that is issued or never will be, "
        "null of one that was opened before there were receipts.",
    )
    ended_reason = blank(64, "Why the booking ended.")
    version = models.IntegerField(
        default=1, db_default=1, help_text="Grows with every change, of its operations' states too."
    )
    hold_expires_at = models.DateTimeField(null=True)
    captured_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    class Meta:
        db_table = "payments"
        ordering = ["-id"]
        permissions = [
            ("refund_payment", "Can give money back"),
            ("give_outside_payment", "Can record money that was given back outside of the card gateway"),
        ]
        indexes = [
            models.Index(fields=["status"], name="idx_payments_status"),
            models.Index(fields=["user_id", "-id"], name="idx_payments_user"),
            models.Index(fields=["booking_reference"], name="idx_payments_reference"),
            models.Index(fields=["id"], condition=~Q(attention=""), name="idx_payments_attention"),
            # What few payments are, which staff filter by.
            models.Index(
                fields=["booking_state", "-id"],
                condition=~Q(booking_state="confirmed"),
                name="idx_payments_not_confirmed",
            ),
            models.Index(fields=["under_way", "-id"], condition=~Q(under_way=""), name="idx_payments_under_way"),
            models.Index(fields=["exchange_of"], condition=Q(exchange_of__isnull=False), name="idx_payments_exchange"),
            # As a process of before receipts leaves them: none, but for the time of an update.
            models.Index(fields=["id"], condition=WITHOUT_RECEIPT, name="idx_payments_without_receipt"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["booking_id"], name="idx_payments_booking_id"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="payments_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(held_amount__gte=0, captured_amount__gte=0)
                & Q(amount__gte=F("held_amount") + F("captured_amount")),
                name="payments_never_more_than_the_amount",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0, refunded_amount__lte=F("captured_amount")),
                name="payments_never_refunded_twice",
            ),
            models.CheckConstraint(
                condition=Q(retained_amount__gte=0, retained_amount__lte=F("amount")),
                name="payments_fee_within_the_amount",
            ),
            models.CheckConstraint(
                condition=Q(gift_amount__gte=F("gift_refunded_amount"), gift_amount__lte=F("amount"))
                & Q(gift_refunded_amount__gte=0, gift_refunded_amount__lte=F("refunded_amount")),
                name="payments_gift_within_the_amount",
            ),
            models.CheckConstraint(
                condition=Q(carried_amount__gte=0, amount__gte=F("carried_amount") + F("gift_amount"))
                & Q(lent_amount__gte=0, captured_amount__gte=F("refunded_amount") + F("lent_amount"))
                & Q(exchanged_amount__gte=F("to_return_amount"), exchanged_amount__lte=F("refunded_amount"))
                & Q(to_return_amount__gte=0),
                name="payments_exchange_within_the_amount",
            ),
        ]

    def __str__(self) -> str:
        total = format_money(Money(self.amount, self.currency))
        return f"{self.booking_reference or self.booking_id}: {total}, {self.get_status_display()}"


class GatewayOperation(HandedOver):
    """What the gateway is asked: written before the call, finished by its answer.

    What goes back outside of it is asked of nobody: it is written finished, and its lines of the ledger hang on it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="operations")
    provider = held_by("Who is asked.")
    kind = models.CharField(max_length=12, choices=choices_of(Kind))
    state = models.CharField(max_length=12, choices=choices_of(OperationState), default=OperationState.PENDING.value)
    amount = models.BigIntegerField(help_text="What it is asked for.")
    gift_amount = zero("What moves of the gift card with it, beside that.")
    carried_amount = zero("What moves of an exchanged booking's payment with it, beside both.")
    currency = models.CharField(max_length=3)
    payment_token = models.CharField(max_length=512, blank=True, help_text="Sealed, until the outcome is known.")
    target = models.CharField(max_length=64, blank=True, help_text="The gateway's id of what is acted upon.")
    result = models.CharField(max_length=64, blank=True, help_text="The gateway's id of what came of it.")
    ends_booking = models.BooleanField(default=False, help_text="A decline ends the booking: its method failed.")
    outcome_code = models.CharField(max_length=64, blank=True)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(help_text="Not tried before.")
    leased_until = models.DateTimeField(null=True, help_text="Somebody is at it until then, unless killed.")
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "gateway_operations"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=UNFINISHED), name="idx_operations_due"),
            models.Index(fields=["result"], name="idx_operations_result"),
            # As above.
            models.Index(fields=["state", "-id"], condition=~Q(state__in=USUAL), name="idx_operations_state"),
            models.Index(fields=["kind", "-id"], condition=Q(kind__in=BACKWARDS), name="idx_operations_seldom"),
            models.Index(fields=["-id"], condition=OWED, name="idx_operations_owed"),
            models.Index(fields=["-id"], condition=PAID_OUT, name="idx_operations_paid_out"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(state__in=UNFINISHED),
                name="operations_one_under_way",
            ),
            models.UniqueConstraint(
                fields=["payment", "kind"],
                condition=Q(kind__in=(Kind.AUTHORIZE, Kind.CAPTURE, Kind.VOID))
                & Q(state__in=(*UNFINISHED, OperationState.SUCCEEDED)),
                name="operations_never_twice",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0, gift_amount__gte=0, carried_amount__gte=0)
                & Q(amount__gt=-F("gift_amount") - F("carried_amount")),
                name="operations_move_any_part",
            ),
            models.CheckConstraint(
                condition=Q(paid_out_at=None) | TO_HAND_OVER, name="operations_paid_out_at_the_till"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {format_money(Money(self.total, self.currency))}, {self.get_state_display()}"

    @property
    def total(self) -> int:
        return self.amount + self.gift_amount + self.carried_amount

    @property
    def asks(self) -> Kind:
        """What the gateway is asked for as things stand; to it a return is a refund."""
        if self.state in (OperationState.REVERSING, OperationState.REVERSED):
            return Kind.REVERSE
        return Kind.REFUND if self.kind == Kind.RETURN else Kind(self.kind)

    @property
    def card_token(self) -> str:
        """What the gateway knows the card by. Raises InvalidSeal."""
        return vault.opened(self.payment_token)

    @property
    def customer(self) -> str:
        """Who the gateway knows the card's holder as, of whom it keeps cards: never the person who asks."""
        return str(self.payment.user_id)

    @property
    def key(self) -> str:
        """The idempotency key it is asked under; a reversal is a question of its own."""
        return f"{self.id}-reverse" if self.asks is Kind.REVERSE else str(self.id)


class PayOut(GatewayOperation):
    """What the counter has to hand over, or has."""

    class Meta:
        proxy = True
        ordering = ["-id"]
        verbose_name = "pay-out at the till"
        verbose_name_plural = "pay-outs at the till"

    def __str__(self) -> str:
        return f"{self.payment.booking_reference or self.payment.booking_id}: {self.written}, {self.provider}"

    @property
    def written(self) -> str:
        """The amount, as people write it."""
        return format_money(Money(self.amount, self.currency))


class Transaction(models.Model):
    """One line of the ledger. Lines are only ever added; a trigger refuses anything else, and unbalanced entries."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="transactions")
    operation = models.ForeignKey(
        GatewayOperation, on_delete=models.PROTECT, related_name="transactions", db_index=False
    )
    kind = models.CharField(max_length=12, choices=choices_of(Kind))
    account = models.CharField(max_length=12, choices=choices_of(Account))
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "transactions"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "kind", "account"], name="transactions_once"),
        ]
        indexes = [
            models.Index(fields=["kind", "-id"], condition=Q(kind__in=BACKWARDS), name="idx_transactions_seldom"),
            *(models.Index(fields=["-id"], condition=Q(account=at), name=f"idx_transactions_{at}") for at in SELDOM),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.account} {format_money(Money(self.amount, self.currency))}"


class Refund(models.Model):
    """Money given back, in whole or in part: by the saga when a booking ended, or by staff with a reason.

    One that is too large for one pair of hands waits for a second: the gateway is asked once it is approved. One that
    the house gives back itself, outside of the gateway, is written down with what it is found by in the house's books.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    operation = models.OneToOneField(GatewayOperation, on_delete=models.PROTECT, related_name="refund", null=True)
    amount = models.BigIntegerField()
    gift_amount = zero("Of it, what goes to the gift card; known when it is on its way.")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=choices_of(RefundStatus), default=RefundStatus.PENDING.value)
    # Before there was a choice a refund of staff left the ticket as it was, and so does one of a process of before.
    kind = models.CharField(
        max_length=12,
        choices=choices_of(RefundKind),
        default=RefundKind.CANCEL.value,
        db_default=RefundKind.GOODWILL.value,
        help_text="Whether the booking ends with it, or its seats are given back.",
    )
    seats = listed("Those that it gives back the money of, with their prices; none: an amount was asked for.")
    reason = models.CharField(max_length=200)
    requested_by = models.CharField(max_length=150, blank=True, help_text="Empty: the booking ended.")
    requested_by_id = models.UUIDField(null=True, help_text="Their account at auth.")
    decided_by = blank(150, "Who approved or refused it, where one pair of hands was not enough.")
    decided_by_id = models.UUIDField(null=True, help_text="Their account at auth.")
    decision_note = blank(200, "What the colleague who refused it wrote to who asked.")
    decided_at = models.DateTimeField(null=True)
    approve_by = models.DateTimeField(null=True, help_text="Not approved until then, it lapses.")
    failure_code = models.CharField(max_length=64, blank=True)
    outside = blank(16, "How, where the card gateway had refused to give it back.", choices=choices_of(Way))
    reference = blank(64, "What it is found by in the books of the till, the bank or the provider.")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "refunds"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refunds_amount_positive"),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(status=RefundStatus.AWAITING_APPROVAL), name="refunds_one_awaits"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="idx_refunds_status"),
            models.Index(
                fields=["approve_by"], condition=Q(status=RefundStatus.AWAITING_APPROVAL), name="idx_refunds_awaiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{format_money(Money(self.amount, self.currency))}, {self.get_status_display()}"


class AddressChange(address_changes.AddressChange):
    """Whose money is not theirs to move."""


class GuestClaim(guest_claims.GuestClaim):
    """Whose a guest's payments are."""


class PaymentMethod(models.Model):
    """A customer's saved card: the gateway's reusable token and what may be shown of it. Never a card number."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user_id = models.UUIDField()
    provider = held_by("Who keeps the card.")
    gateway_token = models.CharField(max_length=512, help_text="Sealed.")
    # Both empty where a process of before tokens were sealed has kept one; the clock sees to those.
    token_digest = blank(64, "Finds the token again under a key of ours.")
    sealed_by = blank(16, "Names the key it is sealed with.")
    brand = models.CharField(max_length=32)
    last4 = models.CharField(max_length=4)
    expiry_month = models.SmallIntegerField()
    expiry_year = models.SmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "payment_methods"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user_id", "-id"], name="idx_payment_methods_user"),
            models.Index(fields=["sealed_by"], name="idx_payment_methods_sealed_by"),
            models.Index(fields=["last4", "-id"], name="idx_payment_methods_last4"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "token_digest"], condition=~Q(token_digest=""), name="payment_methods_digest_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand} ending in {self.last4}"
