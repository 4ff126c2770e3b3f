"""A security key of somebody of staff comes or goes: it is recorded, and its owner is told by mail."""

from uuid import UUID

from django.db import transaction

from accounts import audit, mailed, second_factor, security_keys
from accounts.errors import NoSecurityKey, SecondFactorNotSetUp
from accounts.models import SecurityKey, User
from accounts.records import actor_of
from chassis.storage.audit_log import record


def add(user: User, *, name: str, answer: str, session_id: str) -> SecurityKey:
    """A key that answered what security_keys.ask_to_add() asked in the same session.

    Raises KeyNotAdded, TooManyKeys, KeysUnavailable.
    """
    with transaction.atomic():
        key = security_keys.new_key(user, name=name, answer=answer, session_id=session_id)
        mailed.tell_security_key(user, name, is_added=True)
        record(actor_of(user), "user.security_key_added", ("user", user.pk), after={"name": name})
    audit.record("security_key_added", user_id=user.id)
    return key


def remove(user: User, *, key_id: UUID, code: str, address: str | None) -> None:
    """It opens nothing any more. code: of the second factor, given now. Raises what second_factor.check() raises."""
    if not second_factor.check(user, code, address=address):
        raise SecondFactorNotSetUp
    with transaction.atomic():
        key = security_keys.keys_of(user).select_for_update().filter(pk=key_id).first()
        if key is None:
            raise NoSecurityKey
        key.delete()
        mailed.tell_security_key(user, key.name, is_added=False)
        record(actor_of(user), "user.security_key_removed", ("user", user.pk), before={"name": key.name})
    audit.record("security_key_removed", user_id=user.id)
