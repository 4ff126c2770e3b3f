"""Where Django looks for the tables of an app; they are described in chassis.storage.models."""

from chassis.storage.models import AuditRecord, HeardEvent, IdempotencyKey, InboxMessage, OutboxMessage

__all__ = ["AuditRecord", "HeardEvent", "IdempotencyKey", "InboxMessage", "OutboxMessage"]
