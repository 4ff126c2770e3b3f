"""The rows behind delivery: what is to be published, what was handled, and which requests were answered."""

from django.db import models

from chassis.ids import uuid7


class OutboxMessage(models.Model):
    """An event, written in the transaction that decided it; the relay publishes it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exchange = models.CharField(max_length=64)
    type = models.CharField(max_length=64)
    body = models.JSONField(help_text="The CloudEvents attributes, as they are published.")
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, editable=False)

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

    class Meta:
        db_table = "inbox"


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
    response = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "idempotency_keys"
        constraints = [models.UniqueConstraint(fields=["user_id", "endpoint", "key"], name="idempotency_keys_scope")]
