"""Security keys and passkeys of staff, in the place of a code: WebAuthn, which py_webauthn verifies.

A key is added by somebody who has just given a code, so that codes and recovery codes are always there beside it. What
a key signs is a challenge that Redis keeps for two minutes, for one account and one purpose, and gives out once.
"""

import hashlib
import json
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import generate_challenge, parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers import parse_registration_credential_json as parse_new_key
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts import audit, second_factor
from accounts.errors import KeyNotAdded, KeysUnavailable, NoSecurityKey, SecondFactorNotSetUp, TooManyKeys, WrongKey
from accounts.models import SecurityKey, User
from chassis.storage.redis import RedisUnavailable, redis_client

MOST_KEYS = 10
# Of a challenge, which somebody has to find their key for.
SECONDS = 120
_HERE = ("127.0.0.1", "::1")
# What is no answer of an authenticator at all.
_UNREADABLE = (WebAuthnException, ValueError, TypeError, LookupError)


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    ADD = "add"


def house() -> tuple[str, list[str]]:
    """What keys are bound to (the RP id), and from which origins they may be asked: those of PUBLIC_URL.

    An address of numbers has no keys: of this machine they are bound to localhost, which browsers allow.
    """
    public = urlsplit(settings.PUBLIC_URL)
    if public.hostname not in _HERE:
        return str(public.hostname), [f"{public.scheme}://{public.netloc}"]
    port = f":{public.port}" if public.port else ""
    return "localhost", [f"{public.scheme}://localhost{port}"]


def keys_of(user: User) -> QuerySet[SecurityKey]:
    return SecurityKey.objects.filter(user=user)


def ask_to_sign_in(user: User) -> dict[str, Any]:
    """What the browser asks a key of theirs to sign. Raises NoSecurityKey, KeysUnavailable."""
    keys = list(keys_of(user))
    if not keys:
        raise NoSecurityKey
    options = generate_authentication_options(
        rp_id=house()[0],
        challenge=_challenge(user, Purpose.SIGN_IN),
        allow_credentials=_described(keys),
        user_verification=UserVerificationRequirement.DISCOURAGED,
    )
    return _as_json(options)


def check(user: User, answer: str, *, address: str | None) -> None:
    """Takes what a key of theirs has signed. answer: JSON as browsers write it.

    Raises WrongKey, KeysUnavailable, and SecondFactorThrottled after wrong ones.
    """
    with transaction.atomic():
        key = _right_key(user, answer)
    if key is None:
        audit.record("second_factor_refused", user_id=user.id, address=address)
        raise WrongKey


def _right_key(user: User, answer: str) -> SecurityKey | None:
    """None of a wrong answer, which is counted with the commit."""
    try:
        given = parse_authentication_credential_json(answer)
        challenge = parse_client_data_json(given.response.client_data_json).challenge
    except _UNREADABLE:
        return None
    key = keys_of(user).select_for_update().filter(credential_id=given.raw_id).first()
    if key is None:
        return None
    second_factor.refuse_while_waiting(key)
    rp_id, origins = house()
    try:
        _spend(challenge, user, Purpose.SIGN_IN)
        verified = verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origins,
            credential_public_key=bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
        )
    except _UNREADABLE:
        key.throttle_increment()
        second_factor.bound_the_wait(key)
        return None
    key.sign_count, key.last_used_at = verified.new_sign_count, timezone.now()
    key.throttle_reset()
    return key


def ask_to_add(user: User, *, code: str, session_id: str, address: str | None) -> dict[str, Any]:
    """What the browser asks a new key. code: of the second factor, given now.

    Raises what second_factor.check() raises, SecondFactorNotSetUp, TooManyKeys, KeysUnavailable.
    """
    if not second_factor.check(user, code, address=address):
        raise SecondFactorNotSetUp
    keys = list(keys_of(user))
    if len(keys) >= MOST_KEYS:
        raise TooManyKeys
    options = generate_registration_options(
        rp_id=house()[0],
        rp_name="Marquee",
        user_id=user.pk.bytes,
        user_name=user.username,
        challenge=_challenge(user, Purpose.ADD, session_id),
        exclude_credentials=_described(keys),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.DISCOURAGED,
        ),
    )
    return _as_json(options)


def new_key(user: User, *, name: str, answer: str, session_id: str) -> SecurityKey:
    """A key that answered what ask_to_add() asked in the same session; it is kept. Needs a transaction.

    Raises KeyNotAdded, TooManyKeys, KeysUnavailable.
    """
    rp_id, origins = house()
    try:
        given = parse_new_key(answer)
        challenge = parse_client_data_json(given.response.client_data_json).challenge
        _spend(challenge, user, Purpose.ADD, session_id)
        verified = verify_registration_response(
            credential=given, expected_challenge=challenge, expected_rp_id=rp_id, expected_origin=origins
        )
        with transaction.atomic():
            User.objects.select_for_update().get(pk=user.pk)
            if keys_of(user).count() >= MOST_KEYS:
                raise TooManyKeys
            return SecurityKey.objects.create(
                user=user,
                name=name,
                credential_id=verified.credential_id,
                public_key=verified.credential_public_key,
                sign_count=verified.sign_count,
                transports=[each.value for each in given.response.transports or ()],
            )
    except (*_UNREADABLE, IntegrityError) as exc:
        raise KeyNotAdded from exc


def _described(keys: list[SecurityKey]) -> list[PublicKeyCredentialDescriptor]:
    known = {each.value for each in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=bytes(key.credential_id),
            transports=[AuthenticatorTransport(way) for way in key.transports if way in known] or None,
        )
        for key in keys
    ]


def _as_json(options: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(options_to_json(options))
    return said


def _challenge(user: User, purpose: Purpose, session_id: str = "") -> bytes:
    """A new one. Raises KeysUnavailable."""
    challenge: bytes = generate_challenge()
    try:
        redis_client().set(_name_of(challenge), _bound_to(user, purpose, session_id), ex=SECONDS)
    except RedisUnavailable as exc:
        raise KeysUnavailable from exc
    return challenge


def _spend(challenge: bytes, user: User, purpose: Purpose, session_id: str = "") -> None:
    """It is good no more. Raises KeysUnavailable, and LookupError where it was not given to them for this."""
    try:
        kept = redis_client().getdel(_name_of(challenge))
    except RedisUnavailable as exc:
        raise KeysUnavailable from exc
    if kept != _bound_to(user, purpose, session_id):
        raise LookupError


def _name_of(challenge: bytes) -> str:
    return f"security_key:{hashlib.sha256(challenge).hexdigest()}"


def _bound_to(user: User, purpose: Purpose, session_id: str) -> bytes:
    return f"{purpose} {user.pk} {session_id}".encode()
