from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from chassis.ids import uuid7
from chassis.storage import guest_claims
from chassis.storage.indexes import by_part_of
from chassis.storage.partitions import ByTime
from notifications import kinds
from notifications.domain import LANGUAGES, Channel, Status
from notifications.wording import Wording


# Callables, so that what they say does not stand in migrations: what there is to choose from is not the schema's.
def channels() -> list[tuple[str, str]]:
    return [(channel.value, channel.value) for channel in Channel]


def languages() -> list[tuple[str, str]]:
    return list(LANGUAGES.items())


def statuses() -> list[tuple[str, str]]:
    return [(status.value, status.value.replace("_", " ")) for status in Status]


class Contact(models.Model):
    """How to reach a user, as auth's events tell; `as_of` is the time of the newest one."""

    user_id = models.UUIDField(primary_key=True)
    username = models.TextField()
    email = models.TextField(blank=True)
    full_name = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    email_verified = models.BooleanField(
        default=False, db_default=False, help_text="Somebody who reads the address said that it is theirs."
    )
    language = models.CharField(max_length=8, choices=languages, default="en", db_default="en")
    time_zone = models.TextField(blank=True, db_default="", help_text="For times that are no theater's.")
    wants_hold_notices = models.BooleanField(default=True, db_default=True)
    wants_sms = models.BooleanField(default=False, db_default=False, help_text="The ticket also comes as an SMS.")
    as_of = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts"
        indexes = [
            models.Index(fields=["email"], name="contacts_by_email"),
            # What staff filter by: whoever wants something that is not usual.
            models.Index(fields=["language", "-user_id"], name="contacts_by_language"),
            models.Index(fields=["-user_id"], condition=Q(wants_hold_notices=False), name="contacts_without_notices"),
            models.Index(fields=["-user_id"], condition=Q(wants_sms=True), name="contacts_by_sms"),
            # What staff look somebody up by.
            by_part_of("username", name="contacts_by_part_of_username"),
            by_part_of("email", name="contacts_by_part_of_email"),
            by_part_of("phone", name="contacts_by_part_of_phone"),
        ]

    def __str__(self) -> str:
        return self.username


class GuestClaim(guest_claims.GuestClaim):
    """Whose the messages about a guest's bookings are."""


class BookingSummary(models.Model):
    """What a booking is about, so that a message that only knows its id can say it."""

    booking_id = models.UUIDField(primary_key=True)
    reference = models.TextField()
    showtime = models.JSONField()
    seats = models.JSONField()
    revision = models.BigIntegerField(db_default=0, help_text="Of the move that was heard of last; 0: as it was sold.")
    theater_id = models.UUIDField(
        null=True, help_text="null: it is not known, and nobody who is limited to theaters sees it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "booking_summaries"
        verbose_name_plural = "booking summaries"
        indexes = [
            BrinIndex(fields=["created_at"], name="booking_summaries_by_age"),
            models.Index(fields=["reference"], name="booking_summaries_by_reference"),
        ]

    def __str__(self) -> str:
        return self.reference


class _Worded:
    """What has the words of a message."""

    text: str
    subject: str
    body: str

    @property
    def source(self) -> Wording:
        return Wording(text=self.text, subject=self.subject, body=self.body)


class NotificationTemplate(_Worded, models.Model):
    """The wording of a kind of message (its `code`), in the small template language of notifications.wording."""

    code = models.CharField(max_length=40, choices=kinds.choices)
    channel = models.CharField(max_length=8, choices=channels)
    language = models.CharField(max_length=8, choices=languages)
    subject = models.CharField(max_length=200, blank=True, help_text="E-mail only.")
    body = models.TextField(blank=True, help_text="The HTML part of an e-mail, without page and layout.")
    text = models.TextField(help_text="The plain part of an e-mail, or the SMS.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "wording"
        db_table = "notification_templates"
        ordering = ["code", "channel", "language"]
        permissions = [("word_secrets", "Can word messages that carry a link that signs in")]
        constraints = [
            models.UniqueConstraint(fields=["code", "channel", "language"], name="notification_templates_one_wording")
        ]

    def __str__(self) -> str:
        return f"{self.get_code_display()} · {self.get_channel_display()} · {self.get_language_display()}"


class WordingVersion(_Worded, models.Model):
    """What a wording said from saved_at on. It outlives the wording: one that is added again has its history.

    saved_by: who of staff saved it; "": it came with a release.
    """

    code = models.CharField(max_length=40)
    channel = models.CharField(max_length=8)
    language = models.CharField(max_length=8)
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    text = models.TextField()
    saved_by = models.TextField()
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "wording_versions"
        constraints = [
            models.UniqueConstraint(fields=["code", "channel", "language", "number"], name="wording_versions_in_order")
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class FirstWording(models.Model):
    """A wording that was filled in once: what staff have deleted since does not come back with the next release.

    digest: of the words that were filled in. A wording that still has them was not edited, and follows the release.
    """

    pk = models.CompositePrimaryKey("code", "channel", "language")
    code = models.CharField(max_length=40)
    channel = models.CharField(max_length=8)
    language = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, db_default="")

    class Meta:
        db_table = "first_wordings"


class AddressAllowance(models.Model):
    """How many messages that anybody can cause an address had since `since`. address: a digest, for nobody reads it."""

    address = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField()
    messages = models.PositiveIntegerField()

    class Meta:
        db_table = "address_allowances"
        indexes = [models.Index(fields=["since"], name="address_allowances_by_age")]


class Notification(models.Model):
    """One message to one person. `context` is what the event said; the wording is applied when it is sent.

    template: the code of its kind. due_at: when it may be tried; a worker that takes it moves this past the longest
    time a try can last, so a message whose worker died comes due by itself. natural_key: what there may be only one
    of, such as the receipt of a booking. follows: the natural key of what has to be read before it. recipient: given
    with the request or the event, else the contact's at the time of sending.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event_id = models.UUIDField(null=True)
    template = models.CharField(max_length=40, choices=kinds.choices)
    channel = models.CharField(max_length=8, choices=channels)
    user_id = models.UUIDField(null=True)
    booking_id = models.UUIDField(null=True)
    natural_key = models.CharField(max_length=100, null=True)  # noqa: DJ001  (NULLs are distinct, "" is not)
    follows = models.CharField(max_length=100, null=True)  # noqa: DJ001  (most follow nothing)
    recipient = models.TextField(blank=True)
    language = models.CharField(max_length=8, blank=True)
    subject = models.TextField(blank=True)
    context = models.JSONField()
    status = models.CharField(max_length=20, choices=statuses, default=Status.PENDING)
    reason = models.CharField(max_length=64, blank=True, help_text="Why it is not sent (yet).")
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    not_after = models.DateTimeField(null=True)
    requested_by = models.UUIDField(null=True, help_text="The member of staff who asked for it.")
    resend_of = models.UUIDField(null=True, help_text="The sent notification this is a copy of.")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notifications"
        permissions = [("resend_notification", "Can send a notification again")]
        constraints = [
            models.UniqueConstraint(fields=["event_id", "template", "channel"], name="notifications_once_per_event"),
            models.UniqueConstraint(
                fields=["natural_key", "channel"],
                condition=Q(natural_key__isnull=False),
                name="notifications_once_per_natural_key",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]), name="notifications_status"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.SENT) | Q(sent_at__isnull=False), name="notifications_sent_at"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status=Status.PENDING), name="notifications_due"),
            models.Index(
                fields=["user_id"],
                condition=Q(status=Status.WAITING_FOR_CONTACT),
                name="notifications_waiting",
            ),
            models.Index(
                fields=["follows"],
                condition=Q(status=Status.PENDING, follows__isnull=False),
                name="notifications_following",
            ),
            models.Index(fields=["id"], condition=Q(status=Status.FAILED), name="notifications_failed"),
            models.Index(fields=["user_id", "-id"], name="notifications_of_a_user"),
            models.Index(fields=["recipient"], name="notifications_by_recipient"),
            models.Index(
                fields=["booking_id"],
                condition=Q(booking_id__isnull=False),
                name="notifications_of_a_booking",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_template_display()} · {self.get_channel_display()} · {self.get_status_display()}"


class DeliveryLog(models.Model):
    """One try to hand a notification over. At most one of a notification says `sent`."""

    SENT, DEFERRED, FAILED = "sent", "deferred", "failed"
    OUTCOMES = [(SENT, SENT), (DEFERRED, DEFERRED), (FAILED, FAILED)]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="deliveries")
    attempt = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=10, choices=OUTCOMES)
    code = models.CharField(max_length=64, blank=True, help_text="What the server said.")
    message_id = models.TextField(help_text="The Message-ID of the mail, or the id the SMS gateway was given.")
    milliseconds = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    partitions: ClassVar = ByTime(
        "delivery_log",
        key="notification_id",
        days=28,
        keep=lambda: timedelta(days=settings.NOTIFICATION_KEEP_DAYS),
    )

    class Meta:
        db_table = "delivery_log"
        verbose_name = verbose_name_plural = "delivery log"
        ordering = ["-id"]
        indexes = [models.Index(fields=["message_id"], name="delivery_log_by_message")]
        constraints = [
            models.UniqueConstraint(fields=["notification"], condition=Q(outcome="sent"), name="delivery_log_sent_once")
        ]

    def __str__(self) -> str:
        return f"{self.outcome} · attempt {self.attempt}"
