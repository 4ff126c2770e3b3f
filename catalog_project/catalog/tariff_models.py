"""Ticket types and price lists of a theater, and what it says of itself as the seller of both."""

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models

from catalog import tariffs, validators
from chassis.ids import uuid7

code = RegexValidator(rf"\A{tariffs.CODE.pattern}\Z", "A code is lower case letters, digits and hyphens.")


class Selling(models.Model):
    """Who sells a theater's tickets, the taxes on them, and the days that its price lists call holidays."""

    seller_name = models.CharField(max_length=120, blank=True, default="", db_default="")
    seller_address = models.CharField(max_length=200, blank=True, default="", db_default="")
    tax_number = models.CharField(max_length=40, blank=True, default="", db_default="")
    tax_included = models.BooleanField(default=True, db_default=True, help_text="In the prices; else it comes on top.")
    ticket_tax = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(tariffs.WHOLE)],
        help_text="Rate on tickets in basis points: 500 is 5 %.",
    )
    fee_tax = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(tariffs.WHOLE)],
        help_text="Rate on fees in basis points.",
    )
    holidays = ArrayField(
        models.DateField(),
        size=tariffs.MOST_HOLIDAYS,
        default=list,
        db_default=[],
        blank=True,
        help_text="Days for the holiday rules of price lists, such as 2027-01-01.",
    )

    class Meta:
        abstract = True

    @property
    def seller(self) -> tariffs.Seller | None:
        if not self.seller_name:
            return None
        return tariffs.Seller(self.seller_name, self.seller_address, self.tax_number)

    @property
    def tax(self) -> tariffs.Tax:
        return tariffs.Tax(self.tax_included, self.ticket_tax, self.fee_tax)


class TicketType(models.Model):
    """The code is in price lists, bookings and messages, and never changes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    theater = models.ForeignKey("Theater", on_delete=models.PROTECT, related_name="ticket_types", db_index=False)
    code = models.CharField(max_length=tariffs.LONGEST_CODE, validators=[code], help_text="It never changes.")
    name = models.CharField(max_length=tariffs.LONGEST_NAME)
    hint = models.CharField(
        max_length=validators.LONGEST_HINT, blank=True, default="", help_text="An age, or what has to be shown."
    )
    hints = models.JSONField(
        blank=True,
        default=dict,
        db_default=models.Value({}, output_field=models.JSONField()),
        validators=[validators.hints],
        help_text='The hint in other languages than the cinema\'s: by BCP 47 tag, {"en": "up to 12 years"}.',
    )
    online = models.BooleanField(default=True, help_text="Customers buy it; else staff alone sell it.")
    default = models.BooleanField(default=False, help_text="What is bought where no type is named.")
    accompanied = models.BooleanField(default=False, help_text="Sold only beside a ticket of a type that is not.")
    position = models.PositiveSmallIntegerField(help_text="Where it is shown; the lowest first.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "ticket_types"
        ordering = ["theater_id", "position", "id"]
        indexes = [models.Index(fields=["theater", "position", "id"], name="idx_ticket_types_in_order")]
        constraints = [
            models.UniqueConstraint(fields=["theater", "code"], name="ticket_types_have_codes_of_their_own"),
            models.UniqueConstraint(
                fields=["theater"], condition=models.Q(default=True), name="one_default_ticket_type_of_a_theater"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.theater.name}"

    @property
    def told(self) -> tariffs.TicketType:
        marks = self.online, self.default, self.accompanied
        return tariffs.TicketType(self.code, self.name, self.hint, self.hints, *marks)


class PriceList(models.Model):
    """prices, rules, fees and early are catalog.tariffs.PriceList as JSON; amounts in the theater's currency."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    theater = models.ForeignKey("Theater", on_delete=models.PROTECT, related_name="price_lists", db_index=False)
    name = models.CharField(max_length=tariffs.LONGEST_NAME)
    round_to = models.PositiveIntegerField(default=1, help_text="Prices are multiples of so many minor units.")
    prices = models.JSONField()
    rules = models.JSONField(default=list)
    fees = models.JSONField(default=list)
    early = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "price_lists"
        ordering = ["theater_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["theater", "name"], name="price_lists_have_names_of_their_own"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.theater.name}"

    @property
    def content(self) -> tariffs.PriceList:
        stored = {name: getattr(self, name) for name in CONTENT}
        return msgspec.convert(stored, tariffs.PriceList)


CONTENT = ("prices", "rules", "fees", "early", "round_to")
