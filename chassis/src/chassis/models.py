"""Where Django looks for the tables of an app; they are described in chassis.storage.models."""

from chassis.storage.models import AuditRecord, IdempotencyKey, InboxMessage, OutboxMessage

__all__ = ["AuditRecord", "IdempotencyKey", "InboxMessage", "OutboxMessage"]
