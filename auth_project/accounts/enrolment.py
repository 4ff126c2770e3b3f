"""A second factor is set up, and taken away where its owner has lost it."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import audit, second_factor, sessions
from accounts.domain import EndReason, Rank
from accounts.errors import NothingToReset, NotYoursToAgree, WrongCode
from accounts.models import SecondFactorReset, User
from accounts.records import actor_of
from chassis.codes import new_code
from chassis.storage.audit_log import record

RECOVERY_CODES = 10
# Four groups of four signs of a code's alphabet: 80 bits.
_LENGTH = 19
LAPSES_AFTER = timedelta(days=1)


def begin(user: User) -> TOTPDevice:
    """The device that waits for its first code: the same one until it was given."""
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "authenticator app"})
    return device


def set_up(user: User, code: str) -> list[str]:
    """By the first right code: it counts from now on, and every session that was begun without one ends.

    The recovery codes, which are told this once. Raises WrongCode, SecondFactorThrottled.
    """
    codes: list[str] = []
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
        if device is None or second_factor.is_set_up(user):
            raise WrongCode
        second_factor.refuse_while_waiting(device)
        if device.verify_token(code):
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            codes = _recovery_codes(user)
            sessions.end_sessions_of(user, reason=EndReason.SECOND_FACTOR)
            record(actor_of(user), "user.second_factor_set_up", ("user", user.pk))
    if not codes:  # after the commit, so that the wrong one is counted
        raise WrongCode
    audit.record("second_factor_set_up", user_id=user.id)
    return codes


def _recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = [new_code()[:_LENGTH] for _ in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=second_factor.kept(code))
    return codes


def ask_to_reset(user: User, *, admin: User, reason: str) -> SecondFactorReset:
    """An admin asks that it be taken away, for its owner lost it; another one agrees within a day.

    Raises NotYoursToAgree for one's own and for who is no admin, NothingToReset where there is none.
    """
    if admin.pk == user.pk or admin.rank is not Rank.ASSIGNS_ROLES:
        raise NotYoursToAgree
    with transaction.atomic():
        if not second_factor.is_set_up(user):
            raise NothingToReset
        asked = SecondFactorReset.objects.create(user=user, asked_by=admin, reason=reason)
        record(actor_of(admin), "user.second_factor_reset_asked", ("user", user.pk), reason=reason)
    return asked


def agree_to_reset(reset_id: UUID, *, admin: User) -> None:
    """It is gone, with every session of its owner, who sets up another. Raises NotYoursToAgree, NothingToReset."""
    with transaction.atomic():
        asked = SecondFactorReset.objects.select_for_update(of=["self"]).select_related("user").get(pk=reset_id)
        if admin.pk in (asked.user_id, asked.asked_by_id) or admin.rank is not Rank.ASSIGNS_ROLES:
            raise NotYoursToAgree
        if asked.agreed_at is not None or timezone.now() > asked.asked_at + LAPSES_AFTER:
            raise NothingToReset
        asked.agreed_by, asked.agreed_at = admin, timezone.now()
        asked.save(update_fields=["agreed_by", "agreed_at"])
        _forget(asked.user)
        record(actor_of(admin), "user.second_factor_reset", ("user", asked.user_id), reason=asked.reason)
    audit.record("second_factor_reset", user_id=asked.user_id, by=str(admin.pk))


def _forget(user: User) -> None:
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    sessions.end_sessions_of(user, reason=EndReason.SECOND_FACTOR)
