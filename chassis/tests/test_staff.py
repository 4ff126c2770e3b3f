"""Staff sign in to an admin site with the account they have at auth."""

import logging
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import Group, User
from django.test import Client as Browser
from servers import Request, Server, serving

from chassis.ids import uuid7
from chassis.testing import access_token
from chassis.web import staff

pytestmark = pytest.mark.django_db

LOGIN = "/admin/chassis/login/"


class Auth:
    def __init__(self) -> None:
        self.roles: tuple[str, ...] = ("manager",)
        self.status = 200
        self.body: Any = None

    def decide(self, request: Request) -> None:
        token = access_token(user_id=uuid7(), username="ada", roles=self.roles)
        request.answer(self.status, {"access_token": token} if self.body is None else self.body)


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def server(auth: Auth, settings: Any) -> Iterator[Server]:
    with serving(auth.decide) as opened:
        settings.AUTH_URL = opened.base
        staff._auth.cache_clear()
        yield opened
    staff._auth.cache_clear()


def sign_in(browser: Browser) -> int:
    """302 for in, 200 for the form again."""
    form = {"username": "Ada", "password": "correct horse"}
    return browser.post(LOGIN, form, HTTP_X_FORWARDED_FOR="203.0.113.7").status_code


def test_staff_get_in_and_their_roles_are_their_groups(client: Browser, server: Server) -> None:
    assert sign_in(client) == 302
    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser) == ("ada", True, False)
    assert [group.name for group in user.groups.all()] == ["manager"]
    assert not user.has_usable_password()
    assert client.get("/admin/chassis/").status_code == 200
    [request] = server.requests
    assert request.path == "/token"
    assert request.headers["X-Forwarded-For"] == "203.0.113.7"


def test_an_admin_is_a_superuser_until_auth_says_otherwise(client: Browser, server: Server, auth: Auth) -> None:
    auth.roles = ("admin", "customer")
    assert sign_in(client) == 302
    assert User.objects.get().is_superuser
    auth.roles = ("support",)
    assert sign_in(client) == 302
    user = User.objects.get()
    assert not user.is_superuser
    assert [group.name for group in user.groups.all()] == ["support"]


def test_a_customer_does_not_get_in_and_leaves_no_account(client: Browser, server: Server, auth: Auth) -> None:
    auth.roles = ("customer",)
    assert sign_in(client) == 200
    assert not User.objects.exists()


def test_who_lost_their_roles_keeps_none_here_once_they_try_to_come_in(
    client: Browser, server: Server, auth: Auth
) -> None:
    assert sign_in(client) == 302
    auth.roles = ("customer",)
    assert sign_in(Browser()) == 200
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, list(user.groups.all())) == (False, False, [])
    assert client.get("/admin/chassis/").status_code == 302


@pytest.mark.parametrize("roles", [("admin",), ("customer",)])
def test_the_name_of_an_operators_local_account_opens_and_takes_nothing(
    client: Browser, server: Server, auth: Auth, roles: tuple[str, ...]
) -> None:
    User.objects.create_superuser("ada", password="set by a command")
    auth.roles = roles
    assert sign_in(client) == 200
    user = User.objects.get()
    assert (user.is_superuser, user.check_password("set by a command")) == (True, True)


@pytest.mark.parametrize("page", ["auth/user", "auth/group"])
def test_who_staff_are_and_what_they_may_do_is_not_edited_here(admin_client: Browser, page: str) -> None:
    row = {"auth/user": User.objects.get().pk, "auth/group": Group.objects.get(name="support").pk}[page]
    assert admin_client.get(f"/admin/chassis/{page}/").status_code == 200
    assert admin_client.get(f"/admin/chassis/{page}/{row}/change/").status_code == 200
    for path in ("add/", f"{row}/change/", f"{row}/delete/"):
        answer = admin_client.post(f"/admin/chassis/{page}/{path}", {"username": "x", "name": "x", "post": "yes"})
        assert answer.status_code == 403
    answer = admin_client.get(f"/admin/chassis/auth/user/{User.objects.get().pk}/password/")
    assert answer.status_code != 200


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"code": "not_authenticated"}),
        (429, {"code": "too_many_requests"}),
        (503, {}),
        (200, {}),
        (200, []),
        (200, b"<html>"),
        (200, {"access_token": None}),
        (200, {"access_token": "x"}),
        (200, {"access_token": jwt.encode({"roles": ["admin"]}, "k" * 32)}),
        (200, {"access_token": jwt.encode({"username": "ada"}, "k" * 32)}),
        (200, {"access_token": jwt.encode({"username": "ada", "roles": None}, "k" * 32)}),
        (200, {"access_token": jwt.encode({"username": "ada", "roles": ["admin"]}, "k" * 32)}),
        (200, {"access_token": jwt.encode({"username": "ada", "roles": ["admin"], "user_id": "x"}, "k" * 32)}),
    ],
)
def test_whatever_else_auth_answers_is_a_refusal(
    client: Browser, server: Server, auth: Auth, status: int, body: Any
) -> None:
    auth.status, auth.body = status, body
    assert sign_in(client) == 200
    assert not User.objects.exists()


def test_whoever_is_turned_away_for_a_while_is_told_for_how_long(client: Browser, server: Server, auth: Auth) -> None:
    auth.status, auth.body = 429, {"code": "sign_in_throttled", "detail": "Too many attempts. Try again in 30 seconds."}
    answer = client.post(LOGIN, {"username": "Ada", "password": "correct horse"})
    assert "Try again in 30 seconds." in answer.content.decode()
    assert "correct username and password" not in answer.content.decode()


def test_while_auth_is_away_nobody_gets_in(client: Browser, settings: Any, caplog: Any) -> None:
    settings.AUTH_URL = "http://127.0.0.1:9"
    staff._auth.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert sign_in(client) == 200
    staff._auth.cache_clear()
    assert "sign-in to the admin failed" in caplog.text
    assert "correct horse" not in caplog.text


def test_a_form_without_a_name_or_a_password_asks_nobody(client: Browser, server: Server) -> None:
    for form in ({}, {"username": "ada"}, {"password": "x"}, {"username": "a\x00", "password": "x"}):
        assert client.post(LOGIN, form).status_code == 200
    assert server.requests == []


def test_an_account_that_was_switched_off_here_stays_out(client: Browser, server: Server) -> None:
    sign_in(client)
    User.objects.update(is_active=False)
    assert client.get("/admin/chassis/").status_code == 302
    assert sign_in(client) == 200
