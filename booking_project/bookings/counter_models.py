"""The rows of the counter. Amounts are minor units."""

from django.db import models

from bookings import words
from bookings.counter_rules import LONGEST_SLIP


class CounterSale(models.Model):
    """A booking that staff sold: how they were paid, and who it was."""

    booking = models.OneToOneField(
        "bookings.Booking", on_delete=models.PROTECT, primary_key=True, related_name="counter_sale"
    )
    method = models.CharField(max_length=16, choices=words.counter_methods)
    slip = models.CharField(max_length=LONGEST_SLIP, blank=True, help_text="Number of what the card machine printed.")
    handed_amount = models.BigIntegerField(null=True, help_text="In cash, of the booking's currency; null: not told.")
    seller_id = models.UUIDField(help_text="The account at auth of who sold it.")
    seller = models.CharField(max_length=150)
    sold_at = models.DateTimeField()

    class Meta:
        db_table = "counter_sales"

    def __str__(self) -> str:
        return f"{self.get_method_display()}, by {self.seller}"
