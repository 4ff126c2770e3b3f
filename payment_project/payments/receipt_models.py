"""Receipts and credit notes as they were issued, and the numbers of each theater. Amounts are minor units."""

from uuid import UUID

from django.db import models

from chassis.ids import uuid7
from chassis.money import Money, format_money

# Whose series has the receipts of bookings of which no theater is known.
NO_THEATER = UUID(int=0)


class ReceiptSeries(models.Model):
    """The receipts and credit notes of a theater are numbered through: who issues one holds this row meanwhile."""

    id = models.BigAutoField(primary_key=True, help_text="What its numbers begin with.")
    theater_id = models.UUIDField(unique=True)
    last = models.BigIntegerField(help_text="How many there are.")

    class Meta:
        db_table = "receipt_series"
        verbose_name_plural = "receipt series"

    def __str__(self) -> str:
        return f"R{self.id}"


class Receipt(models.Model):
    """What a customer got for their money or, with a refund, the credit note of it, which is negative.

    It says all that it says by itself, and is never changed nor deleted: a trigger sees to that.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="receipts", db_index=False)
    refund = models.ForeignKey(
        "payments.Refund", on_delete=models.PROTECT, related_name="credit_notes", db_index=False, null=True
    )
    theater_id = models.UUIDField()
    position = models.BigIntegerField(help_text="From 1 on, without a gap, among those of its theater.")
    number = models.CharField(max_length=32, help_text="As people read it: the series of the theater and the position.")
    total = models.BigIntegerField(help_text="Tax included.")
    currency = models.CharField(max_length=3)
    lines = models.JSONField(help_text="What was sold, or went back of it (lines.Line).")
    seller = models.JSONField(null=True, help_text="Name, address and tax number, as they were when it was sold.")
    showtime = models.JSONField(null=True, help_text="What it is for.")
    card_last4 = models.CharField(max_length=4, blank=True)
    gift_amount = models.BigIntegerField(default=0, db_default=0, help_text="Of the total, what a gift card paid.")
    gift_last4 = models.CharField(max_length=4, blank=True, default="", db_default="")
    carried_amount = models.BigIntegerField(
        default=0, db_default=0, help_text="Of the total, what a booking paid that was exchanged for it."
    )
    counter = models.JSONField(
        null=True,
        help_text="Where staff sold it at the counter: how it was paid, and who sold it (lines.AtTheCounter).",
    )
    issued_at = models.DateTimeField(help_text="The time of its id.")

    class Meta:
        db_table = "receipts"
        ordering = ["-id"]
        indexes = [models.Index(fields=["theater_id", "-id"], name="idx_receipts_theater")]
        constraints = [
            models.UniqueConstraint(fields=["theater_id", "position"], name="receipts_numbered_once"),
            models.UniqueConstraint(fields=["number"], name="receipts_number_once"),
            # One receipt of a payment, whose refund is null, and one note of each refund.
            models.UniqueConstraint(fields=["payment", "refund"], name="receipts_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        kind = "credit note" if self.refund_id else "receipt"
        return f"{kind} {self.number}, {format_money(Money(self.total, self.currency))}"
