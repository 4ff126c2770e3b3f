"""The rows of promotions: the rule, its codes, and which bookings used them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from bookings import words
from bookings.promo_rules import Rules
from chassis.codes import LONGEST, SHOWN
from chassis.ids import uuid7


class Promotion(models.Model):
    """What is taken off, of what, and how often: Rules, with what it is called."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, help_text="Among staff.")
    label = models.CharField(max_length=60, help_text="What customers read on the line of their booking.")
    off = models.CharField("what is taken off", max_length=8, choices=words.offs)
    value = models.BigIntegerField(
        help_text="The percent, the amount in minor units for all of a booking, or how many tickets are free."
    )
    currency = models.CharField(max_length=3, blank=True, default="", help_text="Of an amount; of nothing else.")
    ticket_types = ArrayField(
        models.CharField(max_length=32), blank=True, default=list, help_text="Their codes; none: of any type."
    )
    theaters = ArrayField(models.UUIDField(), blank=True, default=list)
    movies = ArrayField(models.UUIDField(), blank=True, default=list)
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), blank=True, default=list, help_text="Of the showtime; 1 is Monday."
    )
    min_tickets = models.PositiveSmallIntegerField("fewest tickets", default=1, help_text="That a booking must have.")
    sold_from = models.DateTimeField(null=True, blank=True, help_text="From when on its codes are taken.")
    sold_until = models.DateTimeField(null=True, blank=True, help_text="Until when its codes are taken.")
    starts_from = models.DateTimeField("showtimes from", null=True, blank=True, help_text="By their start.")
    starts_until = models.DateTimeField("showtimes before", null=True, blank=True, help_text="By their start.")
    most_per_customer = models.PositiveIntegerField(
        "most uses of a customer",
        null=True,
        blank=True,
        help_text="Bookings with any of its codes, made since there is a limit; none: no limit.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    stopped_at = models.DateTimeField("stopped", null=True, editable=False, help_text="Since then no code is taken.")

    class Meta:
        db_table = "promotions"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.name


# The columns that are rules, by the names that they have there.
RULES = tuple(Rules.__dataclass_fields__)


def rules_of(promotion: Promotion) -> Rules:
    return Rules(**{name: getattr(promotion, name) for name in RULES})


class PromoCode(models.Model):
    """A code of a promotion: a word that everybody may read, or a voucher, of which no more than its end is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, db_index=False, related_name="codes")
    digest = models.BinaryField(max_length=32, unique=True, help_text="What it is found by (chassis.codes).")
    word = models.CharField(max_length=LONGEST, blank=True, default="", help_text="Of a campaign; a voucher has none.")
    last4 = models.CharField("last signs", max_length=SHOWN)
    most_uses = models.PositiveIntegerField(null=True, blank=True, help_text="None: as often as anybody likes.")
    uses = models.PositiveIntegerField(
        default=0, editable=False, help_text="Counted against most_uses: PromoUse rows with `counted`."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "promo_codes"
        verbose_name = "promo code"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="promo_codes_within_bound",
                condition=models.Q(most_uses=None) | models.Q(uses__lte=models.F("most_uses")),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["promotion", "-id"], name="promo_codes_of_promotion"),
            models.Index(fields=["word"], name="promo_codes_by_word"),
            models.Index(fields=["last4"], name="promo_codes_by_end"),
        ]

    def __str__(self) -> str:
        return self.word or f"…{self.last4}"


class PromoUse(models.Model):
    """A booking that was made with a code. It uses the code as long as it has one of the seats that came cheaper.

    given_back_at: since when it does not; then another booking may. counted: in PromoCode.uses, which forgets what was
    given back when the code is wanted again. per_customer: its promotion said how often a customer may have it
    (use_promo_code(), migration 0041).
    """

    booking = models.OneToOneField(
        "bookings.Booking", on_delete=models.PROTECT, primary_key=True, db_constraint=False, related_name="promo_use"
    )
    # Neither is ever deleted: the database need not look, and lock, for each booking.
    code = models.ForeignKey(
        PromoCode, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="used"
    )
    promotion = models.ForeignKey(
        Promotion, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="used"
    )
    user_id = models.UUIDField()
    seat_ids = ArrayField(models.UUIDField(), help_text="Those that came cheaper.")
    given_back_at = models.DateTimeField(null=True)
    counted = models.BooleanField(default=True)
    per_customer = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "promo_uses"
        verbose_name = "use of a promo code"
        verbose_name_plural = "uses of promo codes"
        ordering: ClassVar = ["-booking"]
        indexes: ClassVar = [
            models.Index(fields=["code", "-booking"], name="promo_uses_of_code"),
            models.Index(fields=["promotion", "-booking"], name="promo_uses_of_promotion"),
            # How often a customer uses a promotion now, where it says how often one may.
            models.Index(
                fields=["promotion", "user_id"],
                condition=models.Q(given_back_at=None, per_customer=True),
                name="promo_uses_per_customer",
            ),
            # What a code may be used for once more.
            models.Index(
                fields=["code"],
                condition=models.Q(counted=True, given_back_at__isnull=False),
                name="promo_uses_given_back",
            ),
        ]

    def __str__(self) -> str:
        return str(self.booking)
