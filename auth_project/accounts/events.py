"""The events this service emits. Golden messages: contracts/. It reads nobody else's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from accounts.models import User


@dataclass(frozen=True, slots=True)
class _Contact:
    """email_verified: whether whoever reads the address has said so; until then it may be a stranger's.

    language: a tag like vi or en-GB, time_zone: a name of the IANA's; "" where the user has not said.
    """

    user_id: UUID
    username: str
    email: str
    full_name: str
    phone: str
    email_verified: bool
    language: str
    time_zone: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(**_contact(user))


def _contact(user: User) -> dict[str, Any]:
    said = ("username", "email", "full_name", "phone", "language", "time_zone")
    return {
        "user_id": user.id,
        **{name: getattr(user, name) for name in said},
        "email_verified": user.email_verified_at is not None,
    }


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
        return cls(**_contact(user), email_changed_at=user.email_changed_at, email_changed_by=user.email_changed_by)


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


@dataclass(frozen=True, slots=True)
class EmailVerified:
    """Somebody who reads the address said that it is theirs. new_account: it is the first address of a new account."""

    type: ClassVar[str] = "email.verified"
    user_id: UUID
    email: str
    new_account: bool


@dataclass(frozen=True, slots=True)
class EmailClaimed:
    """Another account was opened with the address that this user has proved, or was changed to it."""

    type: ClassVar[str] = "email.claimed"
    user_id: UUID
    email: str


@dataclass(frozen=True, slots=True)
class GuestClaimed:
    """What this guest bought is the account's from now on: whoever has it has proved the guest's address."""

    type: ClassVar[str] = "guest.claimed"
    guest_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _MailboxTold:
    """email: the mailbox that is to know; there is one event for each that the account is known to have had."""

    user_id: UUID
    email: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class EmailChanged(_MailboxTold):
    """The account has another address now, and `email` is one that it had before."""

    type: ClassVar[str] = "email.changed"


@dataclass(frozen=True, slots=True)
class SecondFactorChanged(_MailboxTold):
    """is_set_up: the account has a second factor from now on; else it was taken away, and the password is enough."""

    type: ClassVar[str] = "user.second_factor_changed"
    is_set_up: bool


@dataclass(frozen=True, slots=True)
class SecurityKeyChanged(_MailboxTold):
    """key_name: as its owner calls it. is_added: it signs them in from now on; else it was taken away."""

    type: ClassVar[str] = "user.security_key_changed"
    key_name: str
    is_added: bool


@dataclass(frozen=True, slots=True)
class PasswordChanged(_MailboxTold):
    type: ClassVar[str] = "password.changed"
