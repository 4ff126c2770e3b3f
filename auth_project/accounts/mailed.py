"""What is mailed about an account: links that prove who reads an address, and word of what happened to it.

An address where nobody has said that it is theirs may be a stranger's: whatever the cause, it gets few mails. What
asks whether one more may be sent (`may_`, to_be_told) asks Redis, so it comes before the transaction; the rest needs
the transaction that decides it.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import throttle
from accounts.claims import claim_guests, hand_over
from accounts.domain import is_redeemable
from accounts.errors import InvalidOneTimeToken, WhichAccount
from accounts.events import (
    EmailChanged,
    EmailClaimed,
    EmailVerificationRequested,
    EmailVerified,
    PasswordChanged,
    PasswordResetRequested,
    SecondFactorChanged,
    SecurityKeyChanged,
    UserUpdated,
)
from accounts.models import FormerAddress, OneTimeToken, User
from accounts.selectors import claims_of, prover_of
from chassis.messaging.outbox import emit, emit_all
from chassis.secrets import seal

Purpose = OneTimeToken.Purpose

# So long an address that was left still hears what happens to the account; and of all of them the latest so many.
TOLD_FOR = timedelta(days=30)
TOLD_AT_MOST = 5
CLAIMS_SHOWN = 50


def may_verify(user: User, email: str) -> bool:
    """Counts a mail that asks whoever reads the address, for it and for the account: one writes to few addresses."""
    return throttle.may_mail(email=email) and throttle.may_mail(email=str(user.id), cause="asked_by")


@dataclass(frozen=True, slots=True)
class Mails:
    """What may be mailed of a change, as Redis said before its transaction. asked: the new address, to prove itself."""

    asked: bool = False
    told: Sequence[str] = ()

    @classmethod
    def of_new_address(cls, user: User, email: str) -> Self:
        """user: as they were before."""
        return cls(asked=may_verify(user, email), told=to_be_told(user))


def ask_to_verify(user: User) -> None:
    """Mails a token to the user's address. Where somebody else has proved it, they are told as well."""
    token, row = _new_token(user, user.email, Purpose.EMAIL_VERIFICATION, seconds=settings.EMAIL_VERIFICATION_SECONDS)
    requested = EmailVerificationRequested(user_id=user.id, email=user.email, token=token, expires_at=row.expires_at)
    prover = prover_of(user.email, other_than=user.id)
    claimed = [] if prover is None else [(EmailClaimed(user_id=prover.id, email=prover.email), prover.id)]
    # In one statement: it takes as long for an address that somebody has.
    emit_all([(requested, user.id), *claimed])


def prove(user: User) -> User | None:
    """Whoever reads the address says that it is theirs: whose it is now, with what guests bought with it.

    None where somebody else has proved that before them. A guest goes to who has proved it, and whoever has an account
    takes it over from a guest.
    """
    if user.email_verified_at is not None:
        return user
    if not _prove(user):
        other = prover_of(user.email, locked=True)
        if other is not None and user.is_guest:
            hand_over(user, other)
            return other
        if other is None or not other.is_guest:
            return None
        hand_over(other, user)
        if not _prove(user):
            return None
    claim_guests(user)
    new_account = not user.is_guest and not user.former_addresses.exists()
    emit(UserUpdated.of(user), subject=user.id)
    emit(EmailVerified(user_id=user.id, email=user.email, new_account=new_account), subject=user.id)
    return user


def _prove(user: User) -> bool:
    user.email_verified_at = timezone.now()
    try:
        with transaction.atomic():
            user.save(update_fields=["email_verified_at", "updated_at"])
    except IntegrityError:
        user.email_verified_at = None
        return False
    return True


def may_ask_for_reset(user: User | None, email: str) -> bool:
    """Counts a request for a new password: for who has proved the address apart from all that strangers ask there."""
    strangers = user is not None and user.email_verified_at is None
    return throttle.may_mail(email=email, cause=throttle.UNCONFIRMED if strangers else Purpose.PASSWORD_RESET)


def send_reset(user: User | None, email: str) -> None:
    """Mails a token that sets a password; for nobody a row is written all the same."""
    # Of whoever else says the address is theirs, too: a mailbox has one link that is good.
    _void(OneTimeToken.objects.filter(user__in=claims_of(email), purpose=Purpose.PASSWORD_RESET))
    token, row = _new_token(
        user, user.email if user else email, Purpose.PASSWORD_RESET, seconds=settings.PASSWORD_RESET_SECONDS
    )
    if user is not None:
        event = PasswordResetRequested(user_id=user.id, email=user.email, token=token, expires_at=row.expires_at)
        emit(event, subject=user.id)


def leave_address(user: User, email: str) -> None:
    """The account has another address from now on: this one is remembered for a while, and no link to it is good."""
    FormerAddress.objects.create(user=user, email=email, proved=user.email_verified_at is not None)
    _void(OneTimeToken.objects.filter(user=user))


def to_be_told(user: User) -> list[str]:
    """The mailboxes that should hear of a change and may be written to: the account's, and those it had lately.

    A thief who has the account changes its address first.
    """
    proved = {user.email: user.email_verified_at is not None}
    recent = user.former_addresses.filter(left_at__gt=timezone.now() - TOLD_FOR).order_by("-id")
    for former in recent[: TOLD_AT_MOST * 2]:
        proved[former.email] = proved.get(former.email, False) or former.proved
    return [email for email in list(proved)[:TOLD_AT_MOST] if _may_tell(user, email, proved=proved[email])]


def _may_tell(user: User, email: str, *, proved: bool) -> bool:
    """What a stranger asks for must not use up what the owner is told: a proved address is counted for the account."""
    return throttle.may_mail(email=email, cause=f"notice:{user.id}" if proved else throttle.UNCONFIRMED)


def tell_new_address(user: User, mailboxes: Sequence[str]) -> None:
    """Tells those that the account had; the new one is asked to prove itself, and hears of it by that."""
    told = [email for email in mailboxes if email.lower() != user.email.lower()]
    emit_all([(EmailChanged(user_id=user.id, email=email, changed_at=user.updated_at), user.id) for email in told])


def tell_new_password(user: User, mailboxes: Sequence[str]) -> None:
    emit_all(
        [(PasswordChanged(user_id=user.id, email=email, changed_at=user.updated_at), user.id) for email in mailboxes]
    )


def tell_second_factor(user: User, *, is_set_up: bool) -> None:
    """Whoever has the password of somebody of staff could set up one of their own, and keep the owner out."""
    now = timezone.now()
    told = (SecondFactorChanged(user.id, email, now, is_set_up) for email in to_be_told(user))
    emit_all([(event, user.id) for event in told])


def tell_security_key(user: User, name: str, *, is_added: bool) -> None:
    """name: as its owner calls it."""
    now = timezone.now()
    told = (SecurityKeyChanged(user.id, email, now, name, is_added) for email in to_be_told(user))
    emit_all([(event, user.id) for event in told])


def void_resets(user: User) -> None:
    """Every link that sets a password is good no more."""
    _void(OneTimeToken.objects.filter(user=user, purpose=Purpose.PASSWORD_RESET))


def _void(tokens: QuerySet[OneTimeToken]) -> None:
    tokens.filter(used_at=None).update(used_at=timezone.now())


def _new_token(user: User | None, email: str, purpose: str, *, seconds: int) -> tuple[str, OneTimeToken]:
    """A token, sealed for its way to the mail, and its row; earlier ones of the same purpose are good no more."""
    whose = {"user": user} if user else {"user": None, "email": email}
    _void(OneTimeToken.objects.filter(**whose, purpose=purpose))
    token = secrets.token_urlsafe(32)
    row = OneTimeToken.objects.create(
        user=user,
        email=email,
        purpose=purpose,
        digest=_digest(token),
        expires_at=timezone.now() + timedelta(seconds=seconds),
    )
    return seal(token, settings.MAILED_SECRET_KEYS), row


def find(token: str, purpose: str) -> OneTimeToken:
    """The row of a token that is good. Raises InvalidOneTimeToken."""
    row = OneTimeToken.objects.select_related("user").filter(digest=_digest(token), purpose=purpose).first()
    if row is None or not is_redeemable(row.state, now=timezone.now()):
        raise InvalidOneTimeToken
    return row


def user_of(row: OneTimeToken) -> User:
    """Whose it is. Raises InvalidOneTimeToken when they are not active."""
    if row.user is None or not row.user.is_active:
        raise InvalidOneTimeToken
    return row.user


def opened_by(row: OneTimeToken) -> list[User]:
    """Whose password the link may set, the oldest account first. Raises InvalidOneTimeToken.

    Its account's; and where nobody has proved the address any that says it is theirs, for its reader knows which is.
    So that a list ends it has so many, and the one that it was mailed for.
    """
    user = user_of(row)
    if user.email_verified_at is not None:
        return [user]
    oldest = list(claims_of(row.email).order_by("id")[:CLAIMS_SHOWN])
    return oldest if user in oldest else [*oldest, user]


def chosen(row: OneTimeToken, username: str) -> User:
    """The account of this name that the link opens; "" where it opens one. Raises InvalidOneTimeToken, WhichAccount."""
    choices = opened_by(row)
    if not username and len(choices) == 1:
        return choices[0]
    named = [user for user in choices if user.username.lower() == username.lower()]
    if not named:
        raise WhichAccount([user.username for user in choices])
    return named[0]


def spend(row: OneTimeToken) -> None:
    """Of two requests with one token the second finds it spent. Raises InvalidOneTimeToken."""
    if not OneTimeToken.objects.filter(pk=row.pk, used_at=None).update(used_at=timezone.now()):
        raise InvalidOneTimeToken


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
