"""A second factor is set up, and taken away where its owner has lost it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import audit, mailed, second_factor, sessions
from accounts.domain import EndReason, Rank
from accounts.errors import CodeNeeded, NothingToReset, NotYoursToAgree
from accounts.models import SecondFactorReset, SecurityKey, Session, User
from accounts.records import actor_of
from chassis.codes import new_code
from chassis.storage.audit_log import record

RECOVERY_CODES = 10
# Four groups of four signs of a code's alphabet: 80 bits.
_LENGTH = 19
LAPSES_AFTER = timedelta(days=1)


def begin(user: User, *, since: float) -> TOTPDevice:
    """The device that waits for its first code: the same one until it was given, in one sign-in.

    since: when they signed in, Unix time. What somebody saw in a session before this one is worth nothing.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        waiting = TOTPDevice.objects.filter(user=user, confirmed=False)
        waiting.filter(created_at__lt=datetime.fromtimestamp(since, tz=UTC)).delete()
        return waiting.first() or TOTPDevice.objects.create(user=user, confirmed=False, name="authenticator app")


def set_up(user: User, code: str, *, session_id: str, since: float) -> list[str]:
    """By the first right code: it counts from now on, and every session that was begun without one ends.

    The recovery codes, which are told this once; none for a wrong code, which is counted with the commit. session_id,
    since: of the sign-in in which the device was shown. Raises SecondFactorThrottled. Needs a transaction.
    """
    User.objects.select_for_update().get(pk=user.pk)
    shown = TOTPDevice.objects.select_for_update().filter(
        user=user, confirmed=False, created_at__gte=datetime.fromtimestamp(since, tz=UTC)
    )
    device = shown.first()
    is_open = Session.objects.filter(pk=session_id, ended_at=None).exists()
    if device is None or not is_open or second_factor.is_set_up(user):
        return []
    second_factor.refuse_while_waiting(device)
    if not device.verify_token(code):
        second_factor.bound_the_wait(device)
        return []
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    codes = _recovery_codes(user)
    sessions.end_sessions_of(user, reason=EndReason.SECOND_FACTOR)
    mailed.tell_second_factor(user, is_set_up=True)
    record(actor_of(user), "user.second_factor_set_up", ("user", user.pk))
    audit.record("second_factor_set_up", user_id=user.id)
    return codes


def _recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = [new_code()[:_LENGTH] for _ in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=second_factor.kept(code))
    return codes


def ask_to_reset(user: User, *, admin: User, by_code: bool, reason: str) -> SecondFactorReset:
    """An admin asks that it be taken away, for its owner lost it; another one agrees within a day.

    by_code: the admin signed in with a code. Raises CodeNeeded, NotYoursToAgree for one's own and for who is no admin,
    NothingToReset where there is none.
    """
    if admin.pk == user.pk or admin.rank is not Rank.ASSIGNS_ROLES:
        raise NotYoursToAgree
    if not by_code:
        raise CodeNeeded
    with transaction.atomic():
        if not second_factor.is_set_up(user):
            raise NothingToReset
        asked = SecondFactorReset.objects.create(user=user, asked_by=admin, reason=reason)
        record(actor_of(admin), "user.second_factor_reset_asked", ("user", user.pk), reason=reason)
    return asked


def agree_to_reset(reset_id: UUID, *, admin: User, by_code: bool) -> None:
    """It is gone, with every session of its owner, who sets up another; whatever else was asked of it is over.

    Raises CodeNeeded, NothingToReset, and NotYoursToAgree, also for an account that was made for the purpose.
    """
    with transaction.atomic():
        asked = SecondFactorReset.objects.select_for_update(of=["self"]).select_related("user").get(pk=reset_id)
        is_another = admin.pk not in (asked.user_id, asked.asked_by_id)
        is_known = admin.created_at < asked.asked_at - LAPSES_AFTER
        if not is_another or not is_known or admin.rank is not Rank.ASSIGNS_ROLES:
            raise NotYoursToAgree
        if not by_code:
            raise CodeNeeded
        if asked.agreed_at is not None or timezone.now() > asked.asked_at + LAPSES_AFTER:
            raise NothingToReset
        open_ones = SecondFactorReset.objects.filter(user=asked.user, agreed_at=None)
        open_ones.update(agreed_by=admin, agreed_at=timezone.now())
        _forget(asked.user)
        mailed.tell_second_factor(asked.user, is_set_up=False)
        record(actor_of(admin), "user.second_factor_reset", ("user", asked.user_id), reason=asked.reason)
    audit.record("second_factor_reset", user_id=asked.user_id, by=str(admin.pk))


def _forget(user: User) -> None:
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    SecurityKey.objects.filter(user=user).delete()
    sessions.end_sessions_of(user, reason=EndReason.SECOND_FACTOR)
