"""Buying without an account. A guest is one without a password, which its owner may set by a mailed link."""

import secrets

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts import audit, mailed, metrics, sessions
from accounts.domain import normalised_email
from accounts.events import UserRegistered
from accounts.models import User
from accounts.roles import Role
from accounts.tokens import TokenPair
from chassis.messaging.outbox import emit


def open_guest(
    *,
    email: str,
    full_name: str = "",
    phone: str = "",
    language: str = "",
    time_zone: str = "",
    address: str | None = None,
    user_agent: str = "",
) -> TokenPair:
    """Lets somebody buy without an account, and asks whoever reads the address whether it is theirs.

    The tokens are this one session's; nobody signs in as a guest again. Whoever proves the address has what was bought:
    the account that has it, or opens with it later, or the guest itself once a password is set (accounts.claims).
    full_name, phone, language, time_zone: as the functions of domain.py normalise them.
    """
    user = User(
        username=f"guest-{secrets.token_hex(8)}",
        email=normalised_email(email),
        full_name=full_name,
        phone=phone,
        language=language,
        time_zone=time_zone,
        is_guest=True,
    )
    user.set_unusable_password()
    asked = mailed.may_verify(user, user.email)
    as_of = timezone.now()
    with transaction.atomic():
        user.save(force_insert=True)
        user.groups.set(Group.objects.filter(name=Role.CUSTOMER))
        emit(UserRegistered.of(user), subject=user.id)
        if asked:
            mailed.ask_to_verify(user)
        opened = sessions.open_session(user, as_of=as_of, address=address, user_agent=user_agent)
    metrics.REGISTRATIONS.inc()
    audit.record("guest_opened", user_id=user.id, address=address, session_id=str(opened.session.pk))
    return opened.pair
