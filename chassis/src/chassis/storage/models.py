"""The rows behind delivery: what is to be published, what was handled, and which requests were answered.

And the log of what staff did, which nobody changes afterwards.
"""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from chassis.ids import uuid7
from chassis.storage.partitions import ByTime
from chassis.storage.vacuum import SWEPT_OFTEN, UNCOMPRESSED


class OutboxMessage(models.Model):
    """An event, written in the transaction that decided it; the relay publishes it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exchange = models.CharField(max_length=64)
    type = models.CharField(max_length=64)
    body = models.JSONField(help_text="The CloudEvents attributes, as they are published.")
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, editable=False)

    partitions: ClassVar = ByTime(
        "outbox",
        key="id",
        days=1,
        keep=lambda: timedelta(seconds=settings.OUTBOX_KEEP_SECONDS),
        unless="published_at IS NULL",
        storage=SWEPT_OFTEN | UNCOMPRESSED,
        whole=True,
    )

    class Meta:
        db_table = "outbox"
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=models.Q(published_at=None), name="outbox_unpublished")]


class InboxMessage(models.Model):
    """An event whose effect was committed; the primary key makes a second effect impossible."""

    pk = models.CompositePrimaryKey("consumer", "event_id")
    consumer = models.CharField(max_length=32)
    event_id = models.UUIDField()
    type = models.CharField(max_length=64)
    handled_at = models.DateTimeField(auto_now_add=True)

    partitions: ClassVar = ByTime(
        "inbox",
        key="event_id",
        days=7,
        keep=lambda: timedelta(seconds=settings.INBOX_KEEP_SECONDS),
        storage=SWEPT_OFTEN,
        whole=True,
    )

    class Meta:
        db_table = "inbox"


class HeardEvent(models.Model):
    """A type of event that this service handles.

    since: it owes nothing for events with a lesser id, which were published before it asked for them.
    """

    type = models.CharField(max_length=64, primary_key=True)
    since = models.UUIDField()

    class Meta:
        db_table = "heard_events"


class IdempotencyKey(models.Model):
    """One request of one user under the key its client chose, and, once it ended, the answer to repeat."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user_id = models.UUIDField()
    endpoint = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request's body.")
    resource_id = models.UUIDField(help_text="What the request makes; a resumed request goes on with it.")
    leased_until = models.DateTimeField(help_text="Until then another try is answered 409.")
    status = models.SmallIntegerField(null=True)
    response = models.JSONField(null=True, help_text="Of answers of before; `content` has it since.")
    content = models.TextField(null=True, help_text="The body as it was sent.")  # noqa: DJ001  (none yet)
    headers = models.JSONField(default=dict, db_default={}, help_text="Of the answer, such as its Location.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "idempotency_keys"
        constraints = [models.UniqueConstraint(fields=["user_id", "endpoint", "key"], name="idempotency_keys_scope")]


class AuditRecord(models.Model):
    """What somebody of staff did, to what, and what it was before. PostgreSQL refuses to change or delete a row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    actor_id = models.CharField(max_length=64, help_text="As the door knows them: the account at auth, or here.")
    actor_name = models.CharField(max_length=150)
    door = models.CharField(max_length=8, help_text="How they came in: the API, the admin site or a command.")
    action = models.CharField(max_length=64)
    subject_type = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    before = models.JSONField(null=True, help_text="Of the fields that changed; none where there was nothing before.")
    after = models.JSONField(null=True, help_text="Of the fields that changed; none where nothing is left.")
    reason = models.TextField(blank=True)
    correlation_id = models.CharField(max_length=128, blank=True, help_text="Finds the request in the logs.")
    words = models.TextField(editable=False, help_text="What the search looks in.")

    class Meta:
        db_table = "audit_log"
        ordering = ["-id"]
        verbose_name = "entry of the audit log"
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["actor_name", "id"], name="audit_log_actor"),
            models.Index(fields=["action", "id"], name="audit_log_action"),
            models.Index(fields=["door", "id"], name="audit_log_door"),
            models.Index(fields=["subject_type", "subject_id", "id"], name="audit_log_subject"),
            GinIndex(fields=["words"], opclasses=["gin_trgm_ops"], name="audit_log_words"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_name}"
