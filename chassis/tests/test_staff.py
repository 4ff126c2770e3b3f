"""Staff sign in to an admin site with the account they have at auth."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from servers import Request, Server, serving

from chassis.testing_staff import staff_token
from chassis.web import sign_on
from chassis.web.staff_tokens import COOKIE

pytestmark = pytest.mark.django_db

LOGIN = "/admin/chassis/login/"


class Auth:
    def __init__(self) -> None:
        self.roles: tuple[str, ...] = ("manager",)
        self.status = 201
        self.body: Any = None

    def decide(self, request: Request) -> None:
        token = staff_token("", username="ada", roles=frozenset(self.roles))
        request.answer(self.status, {"token": token.text} if self.body is None else self.body)


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def server(auth: Auth, settings: Any) -> Iterator[Server]:
    with serving(auth.decide) as opened:
        settings.AUTH_URL = opened.base
        sign_on.sign_on.cache_clear()
        yield opened
    sign_on.sign_on.cache_clear()


def sign_in(browser: Browser, **more: str) -> int:
    """302 for in, 200 for the form again."""
    form = {"username": "Ada", "password": "correct horse", **more}
    return browser.post(LOGIN, form, HTTP_X_FORWARDED_FOR="203.0.113.7", HTTP_USER_AGENT="a browser").status_code


def test_staff_get_in_and_their_roles_are_their_groups(client: Browser, server: Server) -> None:
    assert sign_in(client) == 302
    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser) == ("ada", True, False)
    assert [group.name for group in user.groups.all()] == ["manager"]
    assert not user.has_usable_password()
    assert client.get("/admin/chassis/").status_code == 200
    [request] = server.requests
    assert request.path == "/staff/sessions"
    assert (request.headers["X-Forwarded-For"], request.headers["User-Agent"]) == ("203.0.113.7", "a browser")


def test_one_cookie_is_all_that_a_browser_gets(client: Browser, server: Server) -> None:
    """None of Django's sessions, which would be another door; and what somebody else gave the browser is gone."""
    client.cookies["chassis_session"] = client.session.session_key or "given"
    assert sign_in(client) == 302
    cookie = client.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin", True, "Lax")
    assert client.cookies["chassis_session"].value == ""
    assert not Session.objects.exists()


def test_a_code_is_passed_on_as_it_was_meant(client: Browser, server: Server) -> None:
    sign_in(client, code=" 123 456 ")
    assert json.loads(server.requests[0].told)["code"] == "123456"


def test_what_a_key_is_to_sign_is_asked_of_auth_and_its_answer_passed_on(
    client: Browser, server: Server, auth: Auth
) -> None:
    auth.status, auth.body = 200, {"challenge": "AAAA", "rpId": "tickets.example"}
    form = {"username": "Ada", "password": "correct horse", "ask-key": "yes"}
    answer = client.post(LOGIN, form, HTTP_X_FORWARDED_FOR="203.0.113.7")
    assert (answer.status_code, answer.json()) == (200, auth.body)
    # One connection is one handler, which has what was asked last.
    [request] = {*server.requests}
    assert (request.path, request.headers["X-Forwarded-For"]) == ("/staff/keys", "203.0.113.7")
    assert json.loads(request.told) == {"username": "Ada", "password": "correct horse"}
    auth.status, auth.body = 201, None
    assert sign_in(client, key='{"id": "blue"}') == 302
    assert json.loads(server.requests[-1].told)["key"] == '{"id": "blue"}'


@pytest.mark.parametrize(
    ("status", "body", "given", "said"),
    [
        (401, {"code": "invalid_credentials"}, 403, "is wrong"),
        (409, {"code": "no_security_key", "detail": "This account has none."}, 403, "This account has none."),
        (503, {"code": "service_unavailable"}, 503, "Nobody can sign in"),
    ],
)
def test_why_no_key_is_asked_is_said_to_them(
    client: Browser, server: Server, auth: Auth, status: int, body: Any, given: int, said: str
) -> None:
    auth.status, auth.body = status, body
    answer = client.post(LOGIN, {"username": "Ada", "password": "correct horse", "ask-key": "yes"})
    assert (answer.status_code, said in answer.json()["said"]) == (given, True)


def test_what_auth_says_about_a_code_is_said_to_them(client: Browser, server: Server, auth: Auth) -> None:
    auth.status, auth.body = 401, {"code": "second_factor_required", "detail": "Give a code of it too."}
    page = client.post(LOGIN, {"username": "Ada", "password": "correct horse"})
    assert "Give a code of it too." in page.content.decode()


def test_who_signs_out_of_one_is_out_of_all(client: Browser, server: Server, auth: Auth) -> None:
    sign_in(client)
    token = client.cookies[COOKIE].value
    auth.status, auth.body = 204, b""
    assert client.post("/admin/chassis/logout/").status_code == 302
    assert client.cookies[COOKIE].value == ""
    assert server.requests[-1].path == "/staff/sessions/end"
    assert json.loads(server.requests[-1].told) == {"token": token}


def test_while_auth_is_away_redis_tells_who_signed_out(client: Browser, server: Server, auth: Auth) -> None:
    sign_in(client)
    held = client.cookies[COOKIE].value
    auth.status = 503
    assert client.post("/admin/chassis/logout/").status_code == 302
    client.cookies[COOKIE] = held
    assert client.get("/admin/chassis/").status_code == 302


def test_nobody_is_signed_out_by_a_link(client: Browser, server: Server) -> None:
    sign_in(client)
    assert client.get("/admin/chassis/logout/").status_code == 405
    assert client.get("/admin/chassis/").status_code == 200


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
        (403, {"code": "not_staff", "detail": None}),
        (400, b"<html>"),
        (201, {}),
        (201, []),
        (201, b"<html>"),
        (201, {"token": None}),
        (201, {"token": "x"}),
        (201, {"token": jwt.encode({"roles": ["admin"]}, "k" * 32)}),
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
    sign_on.sign_on.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert sign_in(client) == 200
    sign_on.sign_on.cache_clear()
    assert "auth cannot be asked" in caplog.text
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
