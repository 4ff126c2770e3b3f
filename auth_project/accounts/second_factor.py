"""The second factor of staff: a code of an authenticator app (TOTP, RFC 6238), or one of the recovery codes beside it.

django-otp keeps the devices, refuses a code that was used, and makes whoever guesses wait, twice as long each time.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import audit
from accounts.errors import SecondFactorRequired, SecondFactorThrottled, WrongCode
from accounts.models import User
from chassis.codes import digest_of

# The wait doubles with each: eight minutes and a half.
MOST_FAILURES = 10


def is_set_up(user: User) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def is_needed(user: User) -> bool:
    """Whether one of their roles may not enter without one, by SECOND_FACTOR_ROLES."""
    return bool(user.roles & set(settings.SECOND_FACTOR_ROLES))


def check(user: User, code: str, *, address: str | None) -> bool:
    """Whether they gave a code; False where they have no second factor.

    Raises SecondFactorRequired without a code, WrongCode, and SecondFactorThrottled after wrong ones.
    """
    if not is_set_up(user):
        return False
    if not code:
        raise SecondFactorRequired
    with transaction.atomic():
        device = _device(user, code)
        refuse_while_waiting(device)
        right = device.verify_token(code if isinstance(device, TOTPDevice) else kept(code))
        if not right:
            bound_the_wait(device)
    if not right:
        audit.record("second_factor_refused", user_id=user.id, address=address)
        raise WrongCode
    return True


def _device(user: User, code: str) -> Any:
    """What such a code is of, locked: two requests do not both use one. A code of another form counts as a guess."""
    kind = TOTPDevice if code.isdecimal() and len(code) == 6 else StaticDevice
    return kind.objects.select_for_update().get(user=user, confirmed=True)


def refuse_while_waiting(device: Any) -> None:
    """Raises SecondFactorThrottled."""
    allowed, why = device.verify_is_allowed()
    if not allowed:
        left = why["locked_until"] - timezone.now()
        raise SecondFactorThrottled(seconds=max(-(-left // timedelta(seconds=1)), 1))


def bound_the_wait(device: Any) -> None:
    """So many wrong codes count, and no more: whoever knows the password keeps its owner out for minutes, not days."""
    if device.throttling_failure_count > MOST_FAILURES:
        device.throttling_failure_count = MOST_FAILURES
        device.save(update_fields=["throttling_failure_count"])


def kept(code: str) -> str:
    """What is kept of a recovery code: a part of its digest, as long as django-otp's column; "" of what can be none."""
    digest = digest_of(code)
    return "" if digest is None else digest.hex()[:16]
