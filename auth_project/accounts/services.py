"""Accounts: opening them, changing them, proving who owns them."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, metrics, revocations, throttle
from accounts.domain import Deed, EndReason, is_redeemable, may_act, normalised_email
from accounts.errors import AboveYourRank, AccountExists, InvalidOneTimeToken, WeakPassword, WrongPassword
from accounts.events import EmailVerificationRequested, PasswordResetRequested, UserRegistered, UserUpdated
from accounts.models import OneTimeToken, User, rank_by
from accounts.roles import STAFF_MAY, Role
from accounts.selectors import taken_fields, user_by_email
from accounts.sessions import end_sessions_of
from chassis.four_eyes import ADDRESS_SETTLES
from chassis.messaging.outbox import emit
from chassis.secrets import seal

Purpose = OneTimeToken.Purpose


def register(
    *,
    username: str,
    email: str,
    password: str,
    full_name: str = "",
    phone: str = "",
    roles: Iterable[Role] = (Role.CUSTOMER,),
    email_verified: bool = False,
    address: str | None = None,
) -> User:
    """Opens an account and asks its owner to verify the address. Raises AccountExists, WeakPassword.

    phone: normalised, see domain.normalised_phone.
    """
    user = User(username=username, email=normalised_email(email), full_name=full_name, phone=phone)
    refuse_weak(password, user=user, pointer="/password")
    if taken := taken_fields(username=user.username, email=user.email):
        raise AccountExists(taken)
    # Before the transaction: a hash takes a quarter of a second.
    user.set_password(password)
    if email_verified:
        user.email_verified_at = timezone.now()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            user.groups.set(Group.objects.filter(name__in=roles))
            emit(UserRegistered.of(user), subject=user.id)
            if not email_verified:
                _mail_verification(user)
    except IntegrityError:
        # Somebody was faster between the question and the insert.
        raise AccountExists(taken_fields(username=user.username, email=user.email)) from None
    metrics.REGISTRATIONS.inc()
    audit.record("registered", user_id=user.id, address=address)
    return user


def update_profile(
    *, user_id: UUID, changes: dict[str, Any], current_password: str = "", address: str | None = None
) -> User:
    """Changes full_name, phone or email. Raises AccountExists, and WrongPassword if the address changes without it.

    A stolen access token must not be enough to take the account over by way of its address.
    """
    if "email" in changes:
        changes = {**changes, "email": normalised_email(changes["email"])}
        owner = User.objects.get(pk=user_id)
        if changes["email"] == owner.email:
            del changes["email"]
        else:
            _check_current_password(owner, current_password, address=address)
    try:
        with transaction.atomic():
            user = _lock(user_id)
            changed = [name for name, value in changes.items() if getattr(user, name) != value]
            for name in changed:
                setattr(user, name, changes[name])
            if "email" in changed:
                _note_new_address(user, by=None)
            if changed:
                user.save()
                _tell_of_the_change(user, email_changed="email" in changed)
    except IntegrityError:
        raise AccountExists(["email"]) from None
    if changed:
        audit.record("profile_changed", user_id=user.id, address=address, fields=changed)
    return user


def change_password(*, user_id: UUID, current_password: str, new_password: str, address: str | None = None) -> None:
    """Raises WrongPassword, WeakPassword, SignInThrottled. All sessions end, this one too."""
    user = User.objects.get(pk=user_id)
    _check_current_password(user, current_password, address=address)
    refuse_weak(new_password, user=user, pointer="/new_password")
    _set_password(user, new_password, reason=EndReason.PASSWORD_CHANGED)
    audit.record("password_changed", user_id=user.id, address=address)


def set_password(*, user_id: UUID, new_password: str) -> None:
    """Sets it without asking for the old one, for an operator. Raises WeakPassword. All sessions end."""
    user = User.objects.get(pk=user_id)
    refuse_weak(new_password, user=user, pointer="/new_password")
    _set_password(user, new_password, reason=EndReason.PASSWORD_CHANGED)
    audit.record("password_set", user_id=user.id)


def request_password_reset(*, email: str, address: str | None = None) -> None:
    """Mails a token to the address if it has an active account; says nothing about whether it has.

    An address that nobody has costs the same: a row is written for it too.
    """
    if not throttle.may_mail(purpose=Purpose.PASSWORD_RESET, email=email):
        audit.record("password_reset_throttled", address=address)
        return
    user = user_by_email(email)
    if user is not None and not user.is_active:
        user = None
    with transaction.atomic():
        token, row = _new_token(
            user, user.email if user else email, Purpose.PASSWORD_RESET, seconds=settings.PASSWORD_RESET_SECONDS
        )
        if user is not None:
            event = PasswordResetRequested(user_id=user.id, email=user.email, token=token, expires_at=row.expires_at)
            emit(event, subject=user.id)
    audit.record("password_reset_requested", user_id=user and user.id, address=address)


def reset_password(*, token: str, new_password: str, address: str | None = None) -> None:
    """Sets the password by a mailed token, once; all sessions end. Raises InvalidOneTimeToken, WeakPassword."""
    row = _find_token(token, Purpose.PASSWORD_RESET)
    user = _user_of(row)
    refuse_weak(new_password, user=user, pointer="/new_password")
    user.set_password(new_password)
    with transaction.atomic():
        _spend(row)
        # Who reads the mail of the address owns it.
        if user.email_verified_at is None and row.email == user.email:
            User.objects.filter(pk=user.pk).update(email_verified_at=timezone.now())
        _save_password(user, reason=EndReason.PASSWORD_CHANGED)
    audit.record("password_reset", user_id=user.id, address=address)


def request_email_verification(*, user_id: UUID) -> None:
    """Mails another token, for one that was lost or has expired; nothing happens for a verified address."""
    email = User.objects.values_list("email", flat=True).get(pk=user_id)
    if not throttle.may_mail(purpose=Purpose.EMAIL_VERIFICATION, email=email):
        return
    with transaction.atomic():
        user = _lock(user_id)
        if user.email_verified_at is None:
            _mail_verification(user)


def verify_email(*, token: str, address: str | None = None) -> User:
    """Raises InvalidOneTimeToken, also when the address was changed after the token was mailed."""
    row = _find_token(token, Purpose.EMAIL_VERIFICATION)
    with transaction.atomic():
        user = _lock(_user_of(row).id)
        if user.email != row.email:
            raise InvalidOneTimeToken
        _spend(row)
        user.email_verified_at = timezone.now()
        user.save(update_fields=["email_verified_at", "updated_at"])
    audit.record("email_verified", user_id=user.id, address=address)
    return user


def record_staff_change(
    *, user: User, changed: Iterable[str], roles_before: Iterable[str], staff: User, added: bool = False
) -> None:
    """What follows from a change that staff saved in the admin site. Needs the transaction that saved it.

    changed: names of fields. roles_before: as they were. An account that is not active keeps no role of staff, so that
    nobody gets one back by making it active again. Tokens and admin sessions carry the name and the roles, so those
    given with others are good no more. Raises AboveYourRank.
    """
    changed, before = set(changed), frozenset(roles_before)
    _refuse_above(staff, user, roles_before=before, added=added)
    if not user.is_active:
        _take_staff_roles(user)
    roles_changed = before != user.roles
    if added:
        emit(UserRegistered.of(user), subject=user.id)
        _mail_verification(user)
    elif changed & {"username", "email", "full_name", "phone"}:
        if "email" in changed:
            _note_new_address(user, by=staff.id if staff.id != user.id else None)
            user.save(update_fields=["email_verified_at", "email_changed_at", "email_changed_by", "updated_at"])
        _tell_of_the_change(user, email_changed="email" in changed)
    if "password" in changed:
        end_sessions_of(user, reason=EndReason.PASSWORD_CHANGED)
    elif "is_active" in changed and not user.is_active:
        end_sessions_of(user, reason=EndReason.DEACTIVATED)
    elif (roles_changed or "username" in changed) and not added:
        revocations.revoke_all_of(user)
    audit.record(
        "changed_by_staff",
        user_id=user.id,
        by=str(staff.id),
        fields=sorted(changed - {"groups"} | ({"roles"} if roles_changed else set())),
        added=added,
        roles_given=sorted(user.roles - before),
        roles_taken=sorted(before - user.roles),
    )


def refuse_weak(password: str, *, user: User, pointer: str) -> None:
    """Raises WeakPassword with each reason, at this JSON pointer."""
    try:
        validate_password(password, user)
    except ValidationError as exc:
        raise WeakPassword(exc.messages, pointer=pointer) from None


def _lock(user_id: UUID) -> User:
    return User.objects.select_for_update().get(pk=user_id)


def _check_current_password(user: User, password: str, *, address: str | None) -> None:
    """Guessing it with somebody's access token counts like guessing it at the sign-in."""
    throttle.admit_sign_in(login=user.username, address=address)
    if not user.check_password(password):
        audit.record("current_password_refused", user_id=user.id, address=address)
        raise WrongPassword
    throttle.forgive_sign_in(login=user.username, address=address)


def _set_password(user: User, password: str, *, reason: EndReason) -> None:
    user.set_password(password)
    with transaction.atomic():
        _save_password(user, reason=reason)


def _save_password(user: User, *, reason: EndReason) -> None:
    user.save(update_fields=["password", "updated_at"])
    OneTimeToken.objects.filter(user=user, purpose=Purpose.PASSWORD_RESET, used_at=None).update(used_at=timezone.now())
    end_sessions_of(user, reason=reason)


def _refuse_above(staff: User, user: User, *, roles_before: frozenset[str], added: bool) -> None:
    """The page asks the same before it shows a field: whatever door comes next finds it here."""
    own = staff.pk == user.pk
    deeds = [] if added else [Deed.CHANGE]
    if user.roles != roles_before:
        deeds.append(Deed.ASSIGN_ROLES)
    if not all(may_act(deed, actor=staff.rank, subject=rank_by(roles_before), own=own) for deed in deeds):
        raise AboveYourRank


def _take_staff_roles(user: User) -> None:
    user.groups.remove(*user.groups.filter(name__in=STAFF_MAY))
    user.__dict__.pop("roles", None)


def _note_new_address(user: User, *, by: UUID | None) -> None:
    """Nobody has proved it yet. by: the member of staff who changed it, None for the owner.

    For a while an owner does not take the place of staff who changed it before them: with the mail of that address
    whoever gave it could have become the owner.
    """
    now, user.email_verified_at = timezone.now(), None
    settled = user.email_changed_at is None or user.email_changed_at + ADDRESS_SETTLES <= now
    if by is not None or user.email_changed_by is None or settled:
        user.email_changed_at, user.email_changed_by = now, by


def _tell_of_the_change(user: User, *, email_changed: bool) -> None:
    emit(UserUpdated.of(user), subject=user.id)
    if email_changed:
        _mail_verification(user)


def _mail_verification(user: User) -> None:
    token, row = _new_token(user, user.email, Purpose.EMAIL_VERIFICATION, seconds=settings.EMAIL_VERIFICATION_SECONDS)
    event = EmailVerificationRequested(user_id=user.id, email=user.email, token=token, expires_at=row.expires_at)
    emit(event, subject=user.id)


def _new_token(user: User | None, email: str, purpose: str, *, seconds: int) -> tuple[str, OneTimeToken]:
    """A token, sealed for its way to the mail, and its row; earlier ones of the same purpose are good no more."""
    now = timezone.now()
    OneTimeToken.objects.filter(user=user, email=email, purpose=purpose, used_at=None).update(used_at=now)
    token = secrets.token_urlsafe(32)
    row = OneTimeToken.objects.create(
        user=user, email=email, purpose=purpose, digest=_digest(token), expires_at=now + timedelta(seconds=seconds)
    )
    return seal(token, settings.MAILED_SECRET_KEYS), row


def _find_token(token: str, purpose: str) -> OneTimeToken:
    row = OneTimeToken.objects.select_related("user").filter(digest=_digest(token), purpose=purpose).first()
    if row is None or not is_redeemable(row.state, now=timezone.now()):
        raise InvalidOneTimeToken
    return row


def _user_of(row: OneTimeToken) -> User:
    if row.user is None or not row.user.is_active:
        raise InvalidOneTimeToken
    return row.user


def _spend(row: OneTimeToken) -> None:
    """Of two requests with one token the second finds it spent. Raises InvalidOneTimeToken."""
    if not OneTimeToken.objects.filter(pk=row.pk, used_at=None).update(used_at=timezone.now()):
        raise InvalidOneTimeToken


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
