"""Accounts: opening them, changing them, proving who owns them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, mailed, metrics, records, revocations, throttle
from accounts.domain import Deed, EndReason, may_act, may_give_theaters, normalised_email
from accounts.errors import AboveYourRank, AccountExists, InvalidOneTimeToken, WeakPassword, WrongPassword
from accounts.events import UserRegistered, UserUpdated
from accounts.mailed import Mails, Purpose
from accounts.models import User, rank_by
from accounts.roles import STAFF_MAY, Role
from accounts.selectors import taken_fields, user_by_address
from accounts.sessions import end_sessions_of
from chassis.four_eyes import ADDRESS_SETTLES
from chassis.messaging.outbox import emit
from chassis.storage.audit_log import Actor, Door
from chassis.web.problems import OtherTheater


def register(
    *,
    username: str,
    email: str,
    password: str,
    full_name: str = "",
    phone: str = "",
    language: str = "",
    time_zone: str = "",
    roles: Iterable[Role] = (Role.CUSTOMER,),
    email_verified: bool = False,
    address: str | None = None,
) -> User:
    """Opens an account and asks its owner to verify the address. Raises AccountExists, WeakPassword.

    The account is opened whether or not somebody else has the address: who asks learns nothing of that, and who reads
    the address learns of it by mail. It is had by whoever proves it. email_verified: an operator vouches for it, and
    is told when somebody else has proved it.
    full_name, phone, language, time_zone: as the functions of domain.py normalise them.
    """
    user = User(
        username=username,
        email=normalised_email(email),
        full_name=full_name,
        phone=phone,
        language=language,
        time_zone=time_zone,
    )
    refuse_weak(password, user=user, pointer="/password")
    if taken := taken_fields(username=user.username, email=user.email if email_verified else ""):
        raise AccountExists(taken)
    # Before the transaction: a hash takes a quarter of a second.
    user.set_password(password)
    if email_verified:
        user.email_verified_at = timezone.now()
    asked = not email_verified and mailed.may_verify(user, user.email)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            user.groups.set(Group.objects.filter(name__in=roles))
            emit(UserRegistered.of(user), subject=user.id)
            if asked:
                mailed.ask_to_verify(user)
    except IntegrityError:
        # Somebody was faster between the question and the insert.
        raise AccountExists(taken_fields(username=username, email=user.email if email_verified else "")) from None
    metrics.REGISTRATIONS.inc()
    audit.record("registered", user_id=user.id, address=address)
    return user


def update_profile(
    *, user_id: UUID, changes: dict[str, Any], current_password: str = "", address: str | None = None
) -> User:
    """Changes full_name, phone, language, time_zone or email. Raises WrongPassword if the address changes without it.

    A stolen access token must not be enough to take the account over by way of its address. A new one is taken whether
    or not somebody else has it, as in register().
    """
    mails = Mails()
    if "email" in changes:
        changes = {**changes, "email": normalised_email(changes["email"])}
        owner = User.objects.get(pk=user_id)
        if changes["email"] == owner.email:
            del changes["email"]
        else:
            check_current_password(owner, current_password, address=address)
            mails = Mails.of_new_address(owner, changes["email"])
    with transaction.atomic():
        user = _lock(user_id)
        changed = [name for name, value in changes.items() if getattr(user, name) != value]
        if "email" in changed:
            mailed.leave_address(user, user.email)
        for name in changed:
            setattr(user, name, changes[name])
        if "email" in changed:
            _note_new_address(user, by=None)
        if changed:
            user.save()
            _tell_of_the_change(user, mails)
    if changed:
        audit.record("profile_changed", user_id=user.id, address=address, fields=changed)
    return user


def change_password(*, user_id: UUID, current_password: str, new_password: str, address: str | None = None) -> None:
    """Raises WrongPassword, WeakPassword, SignInThrottled. All sessions end, this one too."""
    user = User.objects.get(pk=user_id)
    check_current_password(user, current_password, address=address)
    refuse_weak(new_password, user=user, pointer="/new_password")
    _set_password(user, new_password, reason=EndReason.PASSWORD_CHANGED)
    audit.record("password_changed", user_id=user.id, address=address)


def set_password(*, user_id: UUID, new_password: str, actor: Actor | None = None) -> None:
    """Sets it without asking for the old one, for an operator. Raises WeakPassword. All sessions end.

    actor: who the log of what staff did should name; None where the demo does it.
    """
    user = User.objects.get(pk=user_id)
    refuse_weak(new_password, user=user, pointer="/new_password")
    _set_password(user, new_password, reason=EndReason.PASSWORD_CHANGED, actor=actor)
    audit.record("password_set", user_id=user.id)


def request_password_reset(*, email: str, address: str | None = None) -> None:
    """Mails a token to the address if it has an active account; says nothing about whether it has.

    An address that nobody has costs the same: a row is written for it too.
    """
    user = user_by_address(email)
    if user is not None and not user.is_active:
        user = None
    if not mailed.may_ask_for_reset(user, email):
        audit.record("password_reset_throttled", address=address)
        return
    with transaction.atomic():
        mailed.send_reset(user, email)
    audit.record("password_reset_requested", user_id=user and user.id, address=address)


def reset_password(*, token: str, new_password: str, username: str = "", address: str | None = None) -> None:
    """Sets the password by a mailed token, once; all sessions end.

    username: of which account, where several say that the address is theirs and nobody has proved it.
    Raises InvalidOneTimeToken, WhichAccount, WeakPassword.
    """
    row = mailed.find(token, Purpose.PASSWORD_RESET)
    user = mailed.chosen(row, username)
    refuse_weak(new_password, user=user, pointer="/new_password")
    hashed = make_password(new_password)
    mailboxes = mailed.to_be_told(user)
    with transaction.atomic():
        user = _lock(user.id)
        # A link that an address got before the account left it opens nothing any more.
        if user.email.lower() != row.email.lower() or not user.is_active:
            raise InvalidOneTimeToken
        mailed.spend(row)
        user.password = hashed
        _save_password(user, reason=EndReason.PASSWORD_CHANGED, mailboxes=mailboxes)
        # Who reads the mail of the address owns it.
        mailed.prove(user)
    # They may sign in from there, whoever else is guessing.
    throttle.forgive_sign_in(subject=str(user.id), address=address)
    audit.record("password_reset", user_id=user.id, address=address)


def request_email_verification(*, user_id: UUID) -> None:
    """Mails another token, for one that was lost or has expired; nothing happens for a verified address."""
    user = User.objects.get(pk=user_id)
    if user.email_verified_at is not None or not mailed.may_verify(user, user.email):
        return
    with transaction.atomic():
        user = _lock(user_id)
        if user.email_verified_at is None:
            mailed.ask_to_verify(user)


def verify_email(*, token: str, address: str | None = None) -> User:
    """Whose the address is now: the user's it was mailed for, or, of a guest, the account's that has proved it before.

    Raises InvalidOneTimeToken, also when the address was changed after the token was mailed, or is another's.
    """
    row = mailed.find(token, Purpose.EMAIL_VERIFICATION)
    with transaction.atomic():
        user = _lock(mailed.user_of(row).id)
        if user.email != row.email:
            raise InvalidOneTimeToken
        mailed.spend(row)
        owner = mailed.prove(user)
        if owner is None:
            raise InvalidOneTimeToken
    audit.record("email_verified", user_id=owner.id, address=address)
    return owner


def record_staff_change(
    *,
    user: User,
    was: Mapping[str, Any],
    roles_before: Iterable[str],
    staff: User,
    added: bool = False,
    door: Door = Door.ADMIN,
    reason: str = "",
) -> None:
    """What follows from a change that staff saved. Needs the transaction that saved it.

    was: the fields that changed, as they were. roles_before: as they were. reason: a note among staff. An account that
    is not active keeps no role of staff, so that nobody gets one back by making it active again. Tokens and admin
    sessions carry the name, the roles and the theaters, so those given with others are good no more. Raises
    AboveYourRank, OtherTheater.
    """
    changed, before = set(was), frozenset(roles_before)
    rights_changed = before != user.roles or _theaters_changed(user, was)
    _refuse_above(staff, user, roles_before=before, rights_changed=rights_changed, added=added)
    if not user.is_active:
        _take_staff_roles(user)
        rights_changed = rights_changed or before != user.roles
    if added:
        emit(UserRegistered.of(user), subject=user.id)
        mailed.ask_to_verify(user)
    elif "email" in changed:
        mails = Mails.of_new_address(
            User(pk=user.pk, email=was["email"], email_verified_at=user.email_verified_at), user.email
        )
        mailed.leave_address(user, was["email"])
        _note_new_address(user, by=staff.id if staff.id != user.id else None)
        user.save(update_fields=["email_verified_at", "email_changed_at", "email_changed_by", "updated_at"])
        _tell_of_the_change(user, mails)
    elif changed & {"username", "full_name", "phone", "language", "time_zone"}:
        _tell_of_the_change(user, Mails())
    if "password" in changed:
        if user.is_guest:
            user.is_guest = False
            user.save(update_fields=["is_guest"])
        end_sessions_of(user, reason=EndReason.PASSWORD_CHANGED)
        mailed.tell_new_password(user, mailed.to_be_told(user))
    elif "is_active" in changed and not user.is_active:
        end_sessions_of(user, reason=EndReason.DEACTIVATED)
    elif (rights_changed or "username" in changed) and not added:
        revocations.revoke_all_of(user)
    _write_down(user, was, before, records.actor_of(staff, door), added=added, reason=reason)


def refuse_weak(password: str, *, user: User, pointer: str) -> None:
    """Raises WeakPassword with each reason, at this JSON pointer."""
    try:
        validate_password(password, user)
    except ValidationError as exc:
        raise WeakPassword(exc.messages, pointer=pointer) from None


def _lock(user_id: UUID) -> User:
    return User.objects.select_for_update().get(pk=user_id)


def check_current_password(user: User, password: str, *, address: str | None) -> None:
    """Guessing it with somebody's access token counts like guessing it at the sign-in.

    Raises WrongPassword, SignInThrottled.
    """
    throttle.admit_sign_in(subject=str(user.id), address=address)
    if not user.check_password(password):
        audit.record("current_password_refused", user_id=user.id, address=address)
        raise WrongPassword
    throttle.forgive_sign_in(subject=str(user.id), address=address)


def _set_password(user: User, password: str, *, reason: EndReason, actor: Actor | None = None) -> None:
    user.set_password(password)
    mailboxes = mailed.to_be_told(user)
    with transaction.atomic():
        _save_password(user, reason=reason, mailboxes=mailboxes)
        if actor:
            records.record_password_set(actor, user)


def _save_password(user: User, *, reason: EndReason, mailboxes: Sequence[str]) -> None:
    user.is_guest = False
    user.save(update_fields=["password", "is_guest", "updated_at"])
    mailed.void_resets(user)
    end_sessions_of(user, reason=reason)
    mailed.tell_new_password(user, mailboxes)


def _theaters_changed(user: User, was: Mapping[str, Any]) -> bool:
    return "theaters" in was and set(was["theaters"] or ()) != set(user.theaters)


def _refuse_above(staff: User, user: User, *, roles_before: frozenset[str], rights_changed: bool, added: bool) -> None:
    """The page asks the same before it shows a field: whatever door comes next finds it here."""
    own = staff.pk == user.pk
    deeds = [] if added else [Deed.CHANGE]
    if rights_changed:
        deeds.append(Deed.ASSIGN_ROLES)
    if not all(may_act(deed, actor=staff.rank, subject=rank_by(roles_before), own=own) for deed in deeds):
        raise AboveYourRank
    if rights_changed and user.is_staff and not may_give_theaters(own=staff.limited_to, given=user.limited_to):
        raise OtherTheater


def _write_down(
    user: User, was: Mapping[str, Any], roles: frozenset[str], actor: Actor, *, added: bool, reason: str
) -> None:
    state = records.state(user)
    if added:
        records.record_added(actor, user)
    else:
        known = {name: value for name, value in was.items() if name in state}
        records.record_changed(actor, user, {**state, **known, "roles": sorted(roles)}, reason=reason)
    changed = set(was) - {"groups"} | ({"roles"} if roles != user.roles else set())
    audit.record("changed_by_staff", user_id=user.id, by=str(actor.id), fields=sorted(changed), added=added)


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


def _tell_of_the_change(user: User, mails: Mails) -> None:
    emit(UserUpdated.of(user), subject=user.id)
    if mails.asked:
        mailed.ask_to_verify(user)
    mailed.tell_new_address(user, mails.told)
