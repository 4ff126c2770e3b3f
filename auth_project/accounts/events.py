"""The events this service emits. Golden messages: contracts/. It reads nobody else's."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from accounts.models import User


@dataclass(frozen=True, slots=True)
class _Contact:
    user_id: UUID
    username: str
    email: str
    full_name: str
    phone: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            user_id=user.id, username=user.username, email=user.email, full_name=user.full_name, phone=user.phone
        )


@dataclass(frozen=True, slots=True)
class UserRegistered(_Contact):
    type: ClassVar[str] = "user.registered"


@dataclass(frozen=True, slots=True)
class UserUpdated(_Contact):
    """A name, an address or a number of the user changed; the whole contact is told.

    email_changed_at: of the latest change of the address, whatever changed this time; None when there never was one.
    email_changed_by: the member of staff who made it, None when it was the owner; a change by staff is not covered by
    one of the owner's for chassis.four_eyes.ADDRESS_SETTLES. Whoever gives somebody an address reads their mail.
    """

    type: ClassVar[str] = "user.updated"
    email_changed_at: datetime | None = None
    email_changed_by: UUID | None = None

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            user_id=user.id,
            username=user.username,
            email=user.email,
            full_name=user.full_name,
            phone=user.phone,
            email_changed_at=user.email_changed_at,
            email_changed_by=user.email_changed_by,
        )


@dataclass(frozen=True, slots=True)
class _TokenMailed:
    """token: sealed (chassis.secrets), so that it can be read neither in tables nor in queues; notify opens it."""

    user_id: UUID
    email: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordResetRequested(_TokenMailed):
    type: ClassVar[str] = "password.reset_requested"


@dataclass(frozen=True, slots=True)
class EmailVerificationRequested(_TokenMailed):
    type: ClassVar[str] = "email.verification_requested"
