"""Who is let in: access tokens, roles and revocation, as every service checks them."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rest_framework.test import APIClient

from chassis.ids import uuid7
from chassis.testing import KEY_ID, SIGNING_KEY, access_token, redis_url
from chassis.web import tokens
from chassis.web.revoked import revoke_token, revoke_user

pytestmark = pytest.mark.django_db


def call(token: str) -> Any:
    return APIClient(raise_request_exception=False).get("/things", HTTP_AUTHORIZATION=f"Bearer {token}")


def signed(key: Any = SIGNING_KEY, **changes: Any) -> str:
    """A token that differs from a good one in what is named; None leaves a claim out."""
    now = datetime.now(UTC)
    claims = {
        "token_type": "access",
        "user_id": str(uuid7()),
        "username": "ada",
        "roles": ["customer"],
        "jti": uuid7().hex,
        "iat": now.timestamp(),
        "exp": now + timedelta(minutes=5),
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": KEY_ID})


def part(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def assert_refused(response: Any) -> None:
    assert response.status_code == 401, response.content
    assert response.json()["code"] == "not_authenticated"
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_good_token_says_who_is_calling() -> None:
    user_id = uuid7()
    principal = tokens.verify(access_token(user_id=user_id, roles=("manager",), username="ada"))
    assert principal.id == user_id
    assert principal.username == "ada"
    assert principal.roles == {"manager"}
    assert principal.is_staff
    assert principal.is_authenticated
    assert principal.token not in repr(principal)
    assert call(signed()).status_code == 200


def test_without_a_token_a_view_is_closed_unless_it_says_otherwise(api: APIClient) -> None:
    assert_refused(api.get("/things"))
    assert_refused(api.get("/things", HTTP_AUTHORIZATION="Basic YTpi"))
    assert api.get("/public").status_code == 200


def test_an_expired_token_is_refused() -> None:
    response = call(signed(exp=datetime.now(UTC) - timedelta(seconds=30)))
    assert_refused(response)
    assert "expired" in response.json()["detail"]


def test_a_token_from_the_future_is_refused() -> None:
    assert_refused(call(signed(iat=time.time() + 3600)))
    assert_refused(call(signed(nbf=time.time() + 3600)))


def test_a_token_signed_with_another_key_is_refused() -> None:
    assert_refused(call(signed(Ed25519PrivateKey.generate())))


def test_a_token_that_was_altered_is_refused() -> None:
    header, payload, signature = signed(roles=["customer"]).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert_refused(call(f"{header}.{part({**claims, 'roles': ['admin']})}.{signature}"))
    assert_refused(call(f"{header}.{payload}."))
    assert_refused(call(f"{header}.{payload}"))


def test_the_algorithm_none_is_refused() -> None:
    token = signed()
    _, payload, _ = token.split(".")
    for algorithm in ("none", "None", "NONE", ""):
        assert_refused(call(f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': KEY_ID})}.{payload}."))


def test_a_token_signed_with_hmac_and_the_public_key_is_refused() -> None:
    public = SIGNING_KEY.public_key()
    encodings = [
        public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw),
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
    ]
    for secret in encodings:
        signed_part = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': KEY_ID})}.{signed().split('.')[1]}"
        digest = hmac.digest(secret, signed_part.encode(), "sha256")
        assert_refused(call(f"{signed_part}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"))


@pytest.mark.parametrize(
    "changes",
    [
        {"token_type": "refresh"},
        {"token_type": None},
        {"jti": None},
        {"exp": None},
        {"iat": None},
        {"user_id": None},
        {"user_id": "root"},
        {"user_id": 1},
        {"user_id": ["x"]},
        {"roles": "admin"},
        {"roles": {"admin": True}},
        {"roles": [["admin"]]},
        {"roles": 7},
        {"exp": "soon"},
        {"iat": "now"},
    ],
)
def test_a_token_with_a_claim_that_is_missing_or_wrong_is_refused(changes: dict[str, Any]) -> None:
    assert_refused(call(signed(**changes)))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "....",
        "é.é.é",
        "\x00.\x00.\x00",
        part({"alg": "EdDSA", "kid": ["test"]}) + ".e30.AA",
        part({"alg": "EdDSA", "kid": {"a": 1}}) + ".e30.AA",
        part({"alg": "EdDSA", "kid": 10**400}) + ".e30.AA",
        part({"alg": ["EdDSA"], "kid": "test"}) + ".e30.AA",
        part({"alg": "EdDSA", "crit": ["x"], "kid": "test"}) + ".e30.AA",
        part([]) + ".e30.AA",
        part("null") + ".e30.AA",
        part("[" * 5000) + ".e30.AA",
        part('{"a":' * 3000) + ".e30.AA",
        part("1" * 5000) + ".e30.AA",
    ],
)
def test_what_is_no_token_at_all_is_refused(token: str) -> None:
    assert_refused(call(token))


def test_a_role_opens_the_views_that_name_it(sign_in: Callable[..., APIClient]) -> None:
    assert sign_in(roles=("manager",)).get("/managers").status_code == 200
    assert sign_in(roles=("customer", "admin")).get("/managers").status_code == 200
    for roles in ((), ("customer",), ("support",), ("MANAGER",)):
        response = sign_in(roles=roles).get("/managers")
        assert response.status_code == 403
        assert response.json()["code"] == "permission_denied"


def test_a_revoked_token_is_refused_and_others_of_its_user_are_not() -> None:
    user_id = uuid7()
    revoked, other = access_token(user_id=user_id), access_token(user_id=user_id)
    revoke_token(tokens.verify(revoked).jti, seconds=60)
    assert_refused(call(revoked))
    assert call(other).status_code == 200


def test_a_revoked_user_needs_a_new_token() -> None:
    user_id = uuid7()
    old = access_token(user_id=user_id)
    revoke_user(user_id, seconds=60)
    assert_refused(call(old))
    assert call(access_token(user_id=user_id)).status_code == 200
    assert call(access_token(user_id=uuid7())).status_code == 200


def test_while_redis_is_away_a_token_is_as_good_as_its_signature(proxied: Any, redis_at: Callable[[str], None]) -> None:
    from processes import address

    proxy = proxied(redis_url(), 6379)
    redis_at(address(redis_url(), proxy.port))
    token = access_token(user_id=uuid7())
    revoke_token(tokens.verify(token).jti, seconds=60)
    assert_refused(call(token))
    proxy.cut()
    assert call(token).status_code == 200
    assert_refused(call(signed(Ed25519PrivateKey.generate())))
