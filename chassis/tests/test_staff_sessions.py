"""A session at an admin site ends with what it stands on: a role, a password, an account that is active."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from processes import address

from chassis.ids import uuid7
from chassis.storage.redis import redis_client
from chassis.testing import redis_url
from chassis.testing_proxy import Proxy
from chassis.testing_staff import enter
from chassis.web import revoked, staff_sessions

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


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """So long ago was it that the session was found in order."""
    monkeypatch.setattr(staff_sessions, "GRACE_SECONDS", 0.0)


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


def test_after_a_day_it_is_over_however_busy_it_was(client: Client, settings: Any) -> None:
    enter(client, "manager", since=time.time() - settings.SESSION_COOKIE_AGE + 60)
    assert is_in(client)
    enter(client, "manager", since=time.time() - settings.SESSION_COOKIE_AGE - 1)
    assert not is_in(client)


def test_a_session_that_does_not_say_whose_it_is_is_over(client: Client) -> None:
    enter(client, "manager")
    session = client.session
    del session[staff_sessions.KEY]
    session.save()
    assert not is_in(client)


def test_an_operators_local_account_is_not_auths_to_end(admin_client: Client) -> None:
    assert is_in(admin_client)


def test_a_session_says_who_it_is_for_at_auth(client: Client) -> None:
    account_id = enter(client, "manager")
    request: Any = client.get(HOME).wsgi_request
    assert staff_sessions.account_id_of(request) == account_id


@pytest.mark.parametrize("way", ["cut", "freeze"])
def test_while_redis_is_away_for_a_moment_nobody_is_thrown_out(client: Client, proxy: Proxy, way: str) -> None:
    enter(client, "manager")
    getattr(proxy, way)()
    assert is_in(client)


def test_while_redis_is_away_for_longer_nobody_goes_on_unseen_and_nobody_has_to_sign_in_again(
    client: Client, proxy: Proxy, no_grace: None, redis_at: Callable[[str], None]
) -> None:
    account_id = enter(client, "manager")
    proxy.cut()
    answer = client.get(HOME)
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "5", "service_unavailable")
    redis_at(OWN_REDIS)
    assert is_in(client)
    revoked.revoke_user(account_id, seconds=60)
    assert not is_in(client)


def test_the_moment_of_grace_counts_from_when_the_session_was_last_found_in_order(
    client: Client, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_sessions, "NOTED_EVERY_SECONDS", 0.0)
    enter(client, "manager")
    assert is_in(client)
    noted = client.session[staff_sessions.KEY]["in_order"]
    proxy.cut()
    clock = monkeypatch.setattr
    clock(staff_sessions.time, "time", lambda: noted + staff_sessions.GRACE_SECONDS - 1)
    assert is_in(client)
    clock(staff_sessions.time, "time", lambda: noted + staff_sessions.GRACE_SECONDS + 1)
    assert client.get(HOME).status_code == 503


def test_that_it_was_in_order_is_not_written_with_every_page(client: Client) -> None:
    enter(client, "manager")
    before = client.session[staff_sessions.KEY]
    assert is_in(client)
    assert client.session[staff_sessions.KEY] == before


def test_a_redis_that_came_back_empty_is_as_good_as_one_that_is_away(client: Client, no_grace: None) -> None:
    account_id = enter(client, "manager")
    for mark in (None, b"telling:this one"):
        redis_client().flushdb()
        if mark:
            redis_client().set(revoked.TOLD_KEY, mark)
        assert client.get(HOME).status_code == 503
    revoked.revoke_user(account_id, seconds=60)
    assert not is_in(client)


def test_of_two_revocations_the_later_counts_in_whatever_order_they_are_told(client: Client) -> None:
    account_id = enter(client, "manager")
    revoked.revoke_user(account_id, seconds=60, issued_before=time.time() + 1)
    revoked.revoke_user(account_id, seconds=60, issued_before=time.time() - 60)
    assert not is_in(client)
