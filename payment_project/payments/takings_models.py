"""What was taken by day, added up from receipts, credit notes and kept fees. Amounts are minor units."""

from django.db import models
from django.db.models import Q

from chassis.ids import uuid7


def _sum(help_text: str) -> "models.BigIntegerField[int, int]":
    return models.BigIntegerField(default=0, db_default=0, help_text=help_text)


class TakingsSeries(models.Model):
    """Up to which number the receipts of a theater are added up, and what its newest one calls it."""

    theater_id = models.UUIDField(primary_key=True)
    position = models.BigIntegerField(help_text="Of the last receipt that is in the takings.")
    theater_name = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "takings_series"
        verbose_name_plural = "takings series"

    def __str__(self) -> str:
        return self.theater_name or "No theater"


class Takings(models.Model):
    """A day of a theater, a film and a type of ticket: what was sold, and what went back on that day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    day = models.DateField(help_text="The theater's, on which money was captured or went back.")
    theater_id = models.UUIDField()
    film = models.CharField(max_length=200, blank=True, help_text="Its title as it was sold.")
    ticket_type = models.CharField(max_length=64, blank=True, help_text="Its code; empty: of no ticket in particular.")
    currency = models.CharField(max_length=3)
    type_name = models.CharField(max_length=200, blank=True, help_text="What the newest receipt calls the type.")
    tickets = _sum("Sold.")
    returned = _sum("Tickets whose money went back.")
    gross = _sum("Of receipts: reductions taken off, tax included.")
    refunds = _sum("Of credit notes, above zero.")
    tax = _sum("Of receipts, less that of credit notes.")
    reductions = _sum("Taken off prices, less that of credit notes.")
    gift = _sum("Of gross less refunds, what gift cards paid.")
    cash = _sum("Of gross less refunds, what was paid in cash at the counter.")
    terminal = _sum("Of gross less refunds, what was paid by the card machine at the counter.")
    kept = _sum("Of gross, what stayed when a booking was cancelled or seats were given back.")

    class Meta:
        db_table = "takings"
        verbose_name_plural = "takings"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "theater_id", "film", "ticket_type", "currency"], name="takings_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.film}, {self.type_name}"


class TakingsCode(models.Model):
    """A day of a theater and a reduction: how often it was used, and what came off."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    day = models.DateField()
    theater_id = models.UUIDField()
    code = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    name = models.CharField(max_length=200)
    uses = _sum("Receipts that it is on.")
    amount = _sum("Taken off, less what came off of what went back.")

    class Meta:
        db_table = "takings_codes"
        constraints = [
            models.UniqueConstraint(fields=["day", "theater_id", "code", "currency"], name="takings_codes_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.name}"


class FeeKept(models.Model):
    """What the house kept of a sale more than before, or less: written with the change, added up by the clock."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="fees_kept")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    is_summed = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(help_text="When it was known, which is its day.")

    class Meta:
        db_table = "fees_kept"
        verbose_name_plural = "fees kept"
        indexes = [models.Index(fields=["id"], condition=Q(is_summed=False), name="idx_fees_kept_unsummed")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
