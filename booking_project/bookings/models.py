"""The rows of the booking service; what they mean stands in domain.py."""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models.functions import Now, Upper

from bookings import words
from bookings.counter_models import CounterSale
from bookings.domain import PaymentStatus, State
from bookings.door_models import CheckIn, DoorConflict
from bookings.occupancy_models import Occupancy
from bookings.promo_models import PromoCode, Promotion, PromoUse
from chassis.ids import uuid7
from chassis.storage import address_changes, guest_claims
from chassis.storage.indexes import by_part_of
from chassis.storage.partitions import ByTime

# Here as well, where Django looks for the rows of a service.
__all__ = ["CheckIn", "CounterSale", "DoorConflict", "Occupancy", "PromoCode", "PromoUse", "Promotion"]


class Screen(models.Model):
    """Projection of catalog's screens: the layout of the seats."""

    id = models.UUIDField(primary_key=True)
    theater_id = models.UUIDField()
    name = models.CharField(max_length=100)
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    revision = models.BigIntegerField()
    seats = models.JSONField(help_text="[{id, row, number, x, y, category, accessible}]")

    class Meta:
        db_table = "screens"

    def __str__(self) -> str:
        return self.name


class Showtime(models.Model):
    """Projection of catalog's showtimes: what is sold, when, and for how much."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True)
    revision = models.BigIntegerField()
    screen_id = models.UUIDField()
    screen_name = models.CharField(max_length=100)
    movie_id = models.UUIDField()
    movie_title = models.CharField(max_length=300)
    theater_id = models.UUIDField()
    theater_name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, help_text="IANA name.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    format = models.CharField(max_length=32)
    language = models.CharField(max_length=32)
    currency = models.CharField(max_length=3)
    prices = models.JSONField(help_text="Minor units by category of seat.")
    tariff = models.JSONField(null=True, help_text="Ticket types with their prices, fees, taxes, seller (prices.py).")
    rules = models.JSONField(default=dict, help_text="The theater's rules: cancellation, orphan seats.")
    status = models.CharField(max_length=16, choices=Status, default=Status.SCHEDULED)
    cancellation_message = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="Why it was cancelled, for its customers."
    )

    # Booking's own: not of the projection.
    blocked_revision = models.BigIntegerField(db_default=0, editable=False)
    swept_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was cancelled and had no open booking any more."
    )
    settled_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was cancelled and could not get one any more."
    )
    seats_forgotten_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was over, and its seats were not counted any more."
    )
    screen_since = models.BigIntegerField(
        db_default=0, editable=False, help_text="The revision that brought it into this screen; 0: the first."
    )
    reseat_due = models.BooleanField(
        db_default=False, editable=False, help_text="Its bookings have seats of another screen still: nothing is sold."
    )

    class Meta:
        db_table = "showtimes"
        indexes = [
            models.Index(fields=["id"], condition=models.Q(reseat_due=True), name="showtimes_to_reseat"),
            # Those whose bookings may still have to end, with what was never looked at in front.
            models.Index(
                fields=["swept_at"],
                condition=models.Q(status="cancelled", settled_at=None),
                name="showtimes_to_settle",
            ),
            # Those that are over, and whose seats are still to be forgotten.
            models.Index(fields=["ends_at"], condition=models.Q(seats_forgotten_at=None), name="showtimes_to_forget"),
            # For staff: the day of a showtime, and what the theater of a screen is called.
            models.Index(fields=["starts_at"], name="showtimes_by_start"),
            models.Index(fields=["theater_id", "starts_at"], name="showtimes_of_theater"),
            models.Index(fields=["theater_name", "-starts_at"], name="showtimes_by_theater_name"),
            models.Index(fields=["-starts_at"], condition=models.Q(status="cancelled"), name="showtimes_cancelled"),
            by_part_of("movie_title", name="showtimes_by_part_of_title"),
        ]

    def __str__(self) -> str:
        """As staff find it everywhere: the film, the house and its screen, the start by the clocks there."""
        if not self.movie_title:  # cancelled before it was told of
            return "a showtime that was cancelled at once"
        where = f"{self.theater_name}, {self.screen_name}"
        return f"{self.movie_title} · {where} · {self.at_the_theater(self.starts_at)}"

    def at_the_theater(self, moment: datetime) -> str:
        """As the clocks there show it, and which these are: Sat 28 Nov 2026 20:15 Europe/Berlin."""
        zone = self.time_zone or "UTC"
        return f"{moment.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M} {zone}"


class ShowtimeMove(models.Model):
    """A showtime became another than was sold; what it was before, so that its customers can be told of both.

    Another start or screen is a move, and so is another film, format or language (terms.differences).
    """

    showtime = models.ForeignKey(Showtime, on_delete=models.CASCADE, db_index=False, related_name="moves")
    revision = models.BigIntegerField(help_text="The showtime's, which brought the move.")
    starts_at = models.DateTimeField(help_text="Before the move.")
    screen_name = models.CharField(max_length=100, help_text="Before the move.")
    terms = models.JSONField(default=dict, db_default={}, help_text="All that was sold before the move (terms.py).")
    moved_at = models.DateTimeField()
    due_at = models.DateTimeField(db_default=Now(), help_text="When it is looked at next.")
    settled_at = models.DateTimeField(null=True, help_text="When nobody was left to tell.")

    class Meta:
        db_table = "showtime_moves"
        ordering = ["revision"]
        constraints = [
            models.UniqueConstraint(fields=["showtime", "revision"], name="showtime_moves_once_a_revision"),
        ]
        indexes = [
            # Those that somebody may still have to be told of, with what was looked at longest ago in front.
            models.Index(fields=["due_at"], condition=models.Q(settled_at=None), name="showtime_moves_due"),
        ]

    def __str__(self) -> str:
        return f"from {self.showtime.at_the_theater(self.starts_at)}, {self.screen_name}"


class Customer(models.Model):
    """Projection of auth's accounts: only what staff look a booking up by."""

    user_id = models.UUIDField(primary_key=True)
    email = models.EmailField(max_length=254)
    as_of = models.DateTimeField(help_text="Of the newest event about it.")

    class Meta:
        db_table = "customers"
        indexes = [models.Index(Upper("email"), name="customers_by_email")]

    def __str__(self) -> str:
        return self.email


class AddressChange(address_changes.AddressChange):
    """Whose bookings are not theirs to cancel."""


class GuestClaim(guest_claims.GuestClaim):
    """Whose a guest's bookings are."""


# A booking whose ticket went out, and lets nobody in any more.
TICKET_REVOKED = ~models.Q(ticket="") & ~models.Q(status=State.CONFIRMED)
# A booking whose tickets of before let nobody in any more.
RESEATED = models.Q(seated_revision__gt=0)
SEATS_CHANGED = models.Q(seat_changes__gt=0)
# A seat whose money went back while its booking went on: its ticket lets nobody in any more.
GIVEN_BACK = models.Q(given_back_at__isnull=False)

# A booking is exchanged for one other at a time.
ONE_EXCHANGE = "bookings_one_exchange"
ENDED = (State.CANCELLED, State.EXPIRED, State.REJECTED, State.FAILED)
MONEY_ENDED = (
    PaymentStatus.DECLINED,
    PaymentStatus.FAILED,
    PaymentStatus.VOIDED,
    PaymentStatus.REFUNDED,
    PaymentStatus.PARTIALLY_REFUNDED,
)


class Booking(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=12, unique=True, help_text="What a person reads out at the counter.")
    user_id = models.UUIDField()
    showtime = models.ForeignKey(
        Showtime, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="bookings"
    )
    showtime_revision = models.BigIntegerField(db_default=0, help_text="At which it was sold.")
    terms = models.JSONField(
        default=dict, db_default={}, help_text="What was bought: the showtime and the rules of that moment (terms.py)."
    )
    told_revision = models.BigIntegerField(db_default=0, help_text="Of the newest move its customer was told of.")
    accepted_revision = models.BigIntegerField(
        default=0, db_default=0, help_text="Of the newest move that its customer said suits them."
    )
    seated_revision = models.BigIntegerField(
        default=0, db_default=0, help_text="Of the move that brought its seats, and tickets that say so; 0: as sold."
    )
    seat_changes = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often staff gave it other seats of its screen."
    )
    status = models.CharField(max_length=16, choices=words.states)
    payment_status = models.CharField(max_length=20, choices=words.payment_statuses, default=PaymentStatus.UNPAID)
    payment_id = models.UUIDField(null=True)
    card_last4 = models.CharField(max_length=4, blank=True, db_default="", help_text="Of the card that paid.")
    with_card = models.BooleanField(db_default=False, help_text="A card came with it: its answer sells or ends it.")
    total_amount = models.BigIntegerField(help_text="Minor units.")
    refunded_amount = models.BigIntegerField(db_default=0, help_text="What went back of it so far, minor units.")
    currency = models.CharField(max_length=3)
    lines = models.JSONField(
        default=list, db_default=[], help_text="What the total is made of, as it was sold (prices.py)."
    )
    hold_expires_at = models.DateTimeField()
    extended_at = models.DateTimeField(null=True, help_text="When its hold was made longer, which is once.")
    created_at = models.DateTimeField()
    exchange_of = models.UUIDField(null=True, help_text="The booking that is exchanged for this one.")
    exchange_worth = models.BigIntegerField(
        default=0, db_default=0, help_text="What that one may pay of it, minor units."
    )
    exchange_retained = models.BigIntegerField(
        default=0, db_default=0, help_text="What is kept of that one, minor units."
    )
    ticket = models.TextField(blank=True, default="", help_text="The signed ticket of all seats, once it is paid.")
    seat_tickets = models.JSONField(default=dict, db_default={}, help_text="The signed ticket of each seat, by its id.")

    class Meta:
        db_table = "bookings"
        permissions = [
            ("cancel_booking", "Can cancel anybody's booking"),
            ("check_in_booking", "Can let people in by their tickets"),
            ("sell_booking", "Can book ticket types that are not sold online"),
            ("reseat_booking", "Can give a booking other seats"),
        ]
        indexes = [
            models.Index(fields=["user_id", "-id"], name="idx_bookings_user_id"),
            # Its open bookings, without those that have ended.
            models.Index(fields=["showtime", "status"], name="idx_bookings_showtime_status"),
            models.Index(fields=["hold_expires_at"], condition=models.Q(status="PENDING"), name="bookings_open_holds"),
            models.Index(fields=["card_last4", "-id"], condition=~models.Q(card_last4=""), name="bookings_by_card"),
            # What doors that are offline fetch of their showtime.
            models.Index(fields=["showtime"], condition=TICKET_REVOKED, name="bookings_revoked"),
            models.Index(fields=["showtime"], condition=RESEATED, name="bookings_reseated"),
            models.Index(fields=["showtime"], condition=SEATS_CHANGED, name="bookings_seats_changed"),
            # What staff filter by: how those ended that went another way than most.
            models.Index(fields=["status", "-id"], condition=models.Q(status__in=ENDED), name="bookings_ended"),
            models.Index(
                fields=["payment_status", "-id"],
                condition=models.Q(payment_status__in=MONEY_ENDED),
                name="bookings_money_ended",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["exchange_of"],
                condition=models.Q(exchange_of__isnull=False, status__in=(State.PENDING, State.CONFIRMED)),
                name=ONE_EXCHANGE,
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def seating(self) -> int:
        """Which of its seatings this is, as its tickets say: it grows with each, whoever brought it."""
        return self.seated_revision + self.seat_changes

    @property
    def carried(self) -> int:
        """What the booking that is exchanged for it pays of its total, minor units."""
        return min(self.exchange_worth, self.total_amount)


class BookingSeat(models.Model):
    """seat_id: the seat that was sold, by which payments, codes and lines call it. row and number are those of now."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="seats")
    showtime_id = models.UUIDField()
    seat_id = models.UUIDField()
    row = models.CharField(max_length=8)
    number = models.PositiveIntegerField()
    category = models.CharField(max_length=32)
    price_amount = models.BigIntegerField(
        help_text="What the lines of this seat come to, in minor units of the booking's currency."
    )
    ticket_type = models.TextField(db_default="", help_text="The code of the type it was sold as; empty: the only one.")
    ticket_type_name = models.TextField(db_default="", help_text="What that type was called then.")
    given_back_at = models.DateTimeField(null=True, help_text="When it went back on sale, its booking going on.")
    refund_amount = models.BigIntegerField(null=True, help_text="What goes back of its price, or went; minor units.")
    refunded_at = models.DateTimeField(null=True, help_text="When payment told that this went back.")
    moved_to = models.UUIDField(null=True, help_text="The seat of the screen that its showtime moved to.")
    seat_before = models.TextField(
        db_default="", help_text="What its customer still calls it, who was not told yet that it is another."
    )

    class Meta:
        db_table = "booking_seats"
        ordering = ["id"]
        # What doors that are offline fetch of their showtime.
        indexes = [models.Index(fields=["showtime_id"], condition=GIVEN_BACK, name="booking_seats_given_back")]

    def __str__(self) -> str:
        return f"{self.row}{self.number}"

    @property
    def place(self) -> UUID:
        """Where it is: by that the inventory keeps it."""
        return self.moved_to or self.seat_id


class SeatStatus(models.Model):
    """The inventory: a seat of a showtime has one row or none, so it is held or sold once or not at all.

    No row: free. `held` until held_until: after that it may be taken over. When the showtime is long over its rows go
    (forgetting.py).
    """

    class Status(models.TextChoices):
        HELD = "held"
        SOLD = "sold"
        BLOCKED = "blocked"

    pk = models.CompositePrimaryKey("showtime_id", "seat_id")
    showtime_id = models.UUIDField()
    seat_id = models.UUIDField()
    status = models.CharField(max_length=8, choices=Status)
    booking_id = models.UUIDField(null=True)
    held_until = models.DateTimeField(null=True)
    block_reason = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="Why it is off sale, a note among staff."
    )
    blocked_until = models.DateTimeField(null=True, help_text="When it goes back on sale by itself.")

    class Meta:
        db_table = "seat_status"
        indexes = [
            # By no column that a hold or a sale writes: those rewrite a row in its page, and touch no index.
            models.Index(
                fields=["blocked_until"],
                condition=models.Q(blocked_until__isnull=False),
                name="seat_status_blocks_to_end",
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="seat_status_has_a_reason",
                condition=models.Q(status="blocked", booking_id=None, held_until=None)
                | models.Q(status="sold", booking_id__isnull=False, held_until=None)
                | models.Q(status="held", booking_id__isnull=False, held_until__isnull=False),
            )
        ]


class BookingTransition(models.Model):
    """The append-only history of a booking: a trigger in the database refuses changes."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="history")
    from_status = models.CharField(max_length=16, blank=True, choices=words.states)
    to_status = models.CharField(max_length=16, choices=words.states)
    trigger = models.CharField(max_length=32, choices=words.triggers)
    cause = models.CharField(max_length=64, blank=True, help_text="Id of the event that caused it.")
    actor = models.CharField(max_length=64, help_text="A user's id, or the part of the system that acted.")
    reason = models.CharField(max_length=300, blank=True, help_text="A note among staff, or the system's own word.")
    message = models.CharField(max_length=500, blank=True, db_default="", help_text="What the customer was told.")
    seats = models.CharField(max_length=500, blank=True, db_default="", help_text="Each that became another: A1 → B3.")
    at = models.DateTimeField()

    partitions: ClassVar = ByTime(
        "booking_history",
        key="booking_id",
        days=28,
        keep=lambda: timedelta(days=settings.BOOKING_HISTORY_KEEP_DAYS),
    )

    class Meta:
        db_table = "booking_history"
        ordering = ["id"]
        verbose_name = "step of a booking"
        verbose_name_plural = "steps of bookings"

    def __str__(self) -> str:
        return str(self.get_trigger_display())
