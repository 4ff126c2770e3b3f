"""A second factor is set up, and taken away where its owner has lost it."""

from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import audit, second_factor, sessions
from accounts.domain import EndReason
from accounts.errors import WrongCode
from accounts.models import User
from accounts.records import actor_of
from chassis.codes import new_code
from chassis.storage.audit_log import record

RECOVERY_CODES = 10
# Four groups of four signs of a code's alphabet: 80 bits.
_LENGTH = 19


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


def forget(user: User) -> None:
    """They have no second factor any more, and no session. Needs a transaction."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    sessions.end_sessions_of(user, reason=EndReason.SECOND_FACTOR)
