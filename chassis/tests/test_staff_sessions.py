"""Somebody's sign-in at the admin sites ends with what it stands on: a role, a password, an account that is active."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.test import Client
from processes import address
from servers import Request, serving
from things.models import Thing

from chassis.ids import uuid7
from chassis.storage.redis import redis_client
from chassis.testing import KEY_ID, SIGNING_KEY, access_token, redis_url
from chassis.testing_proxy import Proxy
from chassis.testing_staff import enter, staff_token
from chassis.web import revoked, sign_on, staff_sessions
from chassis.web.problems import Unauthenticated
from chassis.web.staff_tokens import COOKIE, StaffToken
from chassis.web.tokens import ALGORITHM, verify

pytestmark = pytest.mark.django_db
HOME = "/admin/chassis/"
LOGIN = "/admin/chassis/login/"
# A database of the real Redis for these tests alone.
OWN_REDIS = redis_url().rpartition("/")[0] + "/12"


@pytest.fixture(autouse=True)
def _told(redis_at: Callable[[str], None]) -> None:
    """A Redis that knows all that was revoked, which is nothing."""
    redis_at(OWN_REDIS)
    redis_client().flushdb()
    redis_client().set(revoked.TOLD_KEY, revoked.TOLD + b":this one")


@pytest.fixture
def proxy(_told: None, proxied: Any, redis_at: Callable[[str], None]) -> Proxy:
    made: Proxy = proxied(OWN_REDIS, 6379)
    redis_at(address(OWN_REDIS, made.port))
    return made


class Auth:
    """What auth answers about sessions: the status, and the token that it gives anew."""

    def __init__(self) -> None:
        self.status = 200
        self.given: StaffToken | None = None

    def decide(self, request: Request) -> None:
        token = self.given or staff_token("manager")
        request.answer(self.status, {"token": token.text} if self.status == 200 else {"code": "x", "detail": "No."})


@pytest.fixture
def auth(settings: Any) -> Iterator[Auth]:
    made = Auth()
    with serving(made.decide) as opened:
        settings.AUTH_URL = opened.base
        sign_on.sign_on.cache_clear()
        yield made
    sign_on.sign_on.cache_clear()


@pytest.fixture
def no_auth(settings: Any) -> Iterator[None]:
    """Nothing listens at the discard port."""
    settings.AUTH_URL = "http://127.0.0.1:9"
    sign_on.sign_on.cache_clear()
    yield
    sign_on.sign_on.cache_clear()


def minutes_ago(minutes: float, **told: float) -> dict[str, float]:
    """Of a token that was given then."""
    given = time.time() - minutes * 60
    return {"since": given, "issued_at": given, "expires_at": given + 900, **told}


def is_in(client: Client) -> bool:
    answer = client.get(HOME)
    assert answer.status_code in (200, 302)
    assert answer.status_code == 200 or answer["Location"].startswith(LOGIN)
    return answer.status_code == 200


def test_whoever_nothing_was_said_against_goes_on(client: Client) -> None:
    enter(client, "manager")
    revoked.revoke_user(uuid7(), seconds=60)
    revoked.revoke_token(uuid7().hex, seconds=60)
    assert is_in(client)


def test_what_auth_revoked_is_over_with_the_next_page_and_leaves_no_rights(client: Client) -> None:
    account_id = enter(client, "admin")
    assert is_in(client)
    revoked.revoke_user(account_id, seconds=60)
    assert not is_in(client)
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, list(user.groups.all())) == (False, False, [])


def test_every_page_and_every_form_asks(client: Client) -> None:
    began = time.time()
    account_id = enter(client, "admin", since=began)
    revoked.revoke_user(account_id, seconds=60)
    for path in ("things/thing/", "things/thing/add/", "dead-letters/", "auth/user/"):
        assert client.post(HOME + path, {"name": "lamp"}).status_code == 302
        enter(client, "admin", account_id=account_id, since=began)


def test_the_end_of_the_one_session_at_auth_that_it_began_with_ends_it(client: Client) -> None:
    session_id = uuid7().hex
    enter(client, "manager", session_id=session_id)
    other = Client()
    enter(other, "manager", username="other")
    revoked.revoke_token(session_id, seconds=60)
    assert not is_in(client)
    assert is_in(other)


def test_who_signs_in_again_afterwards_is_in_with_what_they_have_now(client: Client) -> None:
    account_id = enter(client, "admin")
    revoked.revoke_user(account_id, seconds=60)
    again = Client()
    enter(again, "support", account_id=account_id)
    assert not is_in(client)
    assert is_in(again)
    user = User.objects.get()
    assert (user.is_superuser, [group.name for group in user.groups.all()]) == (False, ["support"])


def test_after_a_day_it_is_over_however_busy_it_was(client: Client, settings: Any, no_auth: None) -> None:
    enter(client, "manager", since=time.time() - settings.SESSION_COOKIE_AGE + 60)
    assert is_in(client)
    enter(client, "manager", since=time.time() - settings.SESSION_COOKIE_AGE - 1)
    assert not is_in(client)


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "\x00", "[" * 9000])
def test_what_is_no_token_is_nobody(client: Client, cookie: str) -> None:
    client.cookies[COOKIE] = cookie
    assert not is_in(client)


@pytest.mark.parametrize(
    "change",
    [
        {"token_type": "access"},
        {"roles": "admin"},
        {"sid": "x"},
        {"user_id": None},
        {"auth_time": "long ago"},
        {"amr": None},
        {"session_ends": None},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_nobody(client: Client, change: dict[str, Any]) -> None:
    claims = {**staff_token("admin").claims(), **change}
    client.cookies[COOKIE] = jwt.encode(claims, SIGNING_KEY, ALGORITHM, headers={"kid": KEY_ID})
    assert not is_in(client)


def test_a_token_by_another_key_is_nobody(client: Client) -> None:
    key = Ed25519PrivateKey.generate()
    client.cookies[COOKIE] = jwt.encode(staff_token("admin").claims(), key, ALGORITHM, headers={"kid": KEY_ID})
    assert not is_in(client)


def test_the_one_kind_of_token_is_not_good_at_the_others_door(client: Client) -> None:
    token = access_token(user_id=uuid7(), roles=("admin",))
    client.cookies[COOKIE] = token
    assert not is_in(client)
    with pytest.raises(Unauthenticated):
        verify(staff_token("admin").text)


def test_a_cookie_says_nothing_outside_of_the_admin_site(client: Client) -> None:
    enter(client, "admin")
    request: Any = client.get("/health/live").wsgi_request
    assert staff_sessions.token_of(request) is None


def test_a_token_is_renewed_silently_with_the_roles_of_now(client: Client, auth: Auth) -> None:
    account_id = enter(client, "manager", **minutes_ago(20))
    auth.given = staff_token("support", account_id=account_id)
    assert is_in(client)
    assert client.cookies[COOKIE].value == auth.given.text
    cookie = client.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin", True, "Lax")
    assert cookie["max-age"] > 23 * 3600
    assert [group.name for group in User.objects.get().groups.all()] == ["support"]


def test_a_form_that_was_left_open_for_an_hour_is_saved(client: Client, auth: Auth) -> None:
    account_id = enter(client, "admin", **minutes_ago(60))
    auth.given = staff_token("admin", account_id=account_id)
    assert client.post(f"{HOME}things/thing/add/", {"name": "lamp", "size": 1}).status_code == 302
    assert Thing.objects.filter(name="lamp").exists()


def test_a_young_token_asks_nobody(client: Client, no_auth: None) -> None:
    enter(client, "manager", **minutes_ago(4))
    assert is_in(client)


def test_what_auth_does_not_renew_is_over_and_leaves_no_rights(client: Client, auth: Auth) -> None:
    enter(client, "admin", **minutes_ago(6))
    auth.status = 401
    assert not is_in(client)
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.parametrize("status", [500, 503, 404])
def test_while_auth_is_away_a_token_is_good_until_its_end(client: Client, auth: Auth, status: int) -> None:
    auth.status = status
    enter(client, "manager", **minutes_ago(14))
    assert is_in(client)
    enter(client, "manager", **minutes_ago(16))
    assert client.get(HOME).status_code == 503
    auth.status, auth.given = 200, None
    assert is_in(client)


def test_an_operators_local_account_is_not_auths_to_end(admin_client: Client) -> None:
    assert is_in(admin_client)


def test_a_session_says_who_it_is_for_at_auth(client: Client) -> None:
    account_id = enter(client, "manager")
    request: Any = client.get(HOME).wsgi_request
    token = staff_sessions.token_of(request)
    assert token is not None
    assert token.account_id == account_id


@pytest.mark.parametrize("way", ["cut", "freeze"])
def test_while_redis_is_away_for_a_moment_nobody_is_thrown_out(
    client: Client, proxy: Proxy, no_auth: None, way: str
) -> None:
    enter(client, "manager")
    getattr(proxy, way)()
    assert is_in(client)


def test_while_redis_is_away_for_longer_auth_is_asked(client: Client, proxy: Proxy, auth: Auth) -> None:
    proxy.cut()
    enter(client, "manager", **minutes_ago(6))
    auth.status = 401
    assert not is_in(client)
    auth.status = 200
    assert is_in(client)


def test_while_both_are_away_nobody_goes_on_unseen_and_nobody_has_to_sign_in_again(
    client: Client, proxy: Proxy, no_auth: None, redis_at: Callable[[str], None]
) -> None:
    account_id = enter(client, "manager", **minutes_ago(6))
    proxy.cut()
    answer = client.get(HOME)
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "5", "service_unavailable")
    redis_at(OWN_REDIS)
    assert is_in(client)
    revoked.revoke_user(account_id, seconds=60)
    assert not is_in(client)


def test_a_redis_that_came_back_empty_is_as_good_as_one_that_is_away(client: Client, no_auth: None) -> None:
    account_id = enter(client, "manager", **minutes_ago(6))
    for mark in (None, b"telling:this one"):
        redis_client().flushdb()
        if mark:
            redis_client().set(revoked.TOLD_KEY, mark)
        assert client.get(HOME).status_code == 503
    revoked.revoke_user(account_id, seconds=60)
    assert not is_in(client)


def test_who_has_to_set_up_a_second_factor_comes_nowhere_else(client: Client) -> None:
    enter(client, "admin", must_enrol=True)
    for path in ("", "things/thing/", "dead-letters/"):
        answer = client.get(HOME + path)
        assert (answer.status_code, answer["Location"]) == (302, staff_sessions.ENROLMENT)


def test_of_two_revocations_the_later_counts_in_whatever_order_they_are_told(client: Client) -> None:
    account_id = enter(client, "manager")
    revoked.revoke_user(account_id, seconds=60, issued_before=time.time() + 1)
    revoked.revoke_user(account_id, seconds=60, issued_before=time.time() - 60)
    assert not is_in(client)
