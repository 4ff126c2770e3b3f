"""Where Django looks for the tables of an app; they are described in chassis.storage.models."""

from chassis.storage.models import IdempotencyKey, InboxMessage, OutboxMessage

__all__ = ["IdempotencyKey", "InboxMessage", "OutboxMessage"]
