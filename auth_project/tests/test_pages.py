"""The pages behind mailed links, as a browser and a mail scanner meet them."""

import re

import pytest
from django.test import Client
from factories import PASSWORD, UserFactory, mailed_token

from accounts import services, sessions
from accounts.models import OneTimeToken, User
from accounts.page_texts import TEXTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    """With a browser's checks, unlike the client of other tests."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


@pytest.fixture
def reset_token(user, emitted):
    services.request_password_reset(email=user.email)
    return mailed_token(emitted("password.reset_requested")[-1])


@pytest.fixture
def verify_token(emitted):
    services.register(username="mai", email="mai@example.com", password=PASSWORD)
    return mailed_token(emitted("email.verification_requested")[-1])


def follow(browser, page, token):
    """What the link of a mail shows."""
    moved = browser.get(f"/{page}?token={token}")
    assert (moved.status_code, moved["Location"]) == (302, f"/{page}")
    shown = browser.get(moved["Location"])
    assert token not in shown.content.decode()
    return shown


def press(browser, page, shown, **typed):
    field = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown.content.decode())
    return browser.post(f"/{page}", {**typed, "csrfmiddlewaretoken": field[1]})


def heading(answer):
    return re.search(r"<h1>(.*?)</h1>", answer.content.decode())[1]


def test_a_link_that_is_followed_changes_nothing_until_the_button_is_pressed(browser, verify_token):
    for _ in range(3):
        shown = follow(browser, "verify", verify_token)
    assert User.objects.get(username="mai").email_verified_at is None
    done = press(browser, "verify", shown)
    assert (done.status_code, heading(done)) == (200, "Your address is confirmed")
    assert User.objects.get(username="mai").email_verified_at is not None
    again = press(browser, "verify", follow(browser, "verify", verify_token))
    assert (again.status_code, heading(again)) == (400, "This link is no longer good")


def test_a_new_password_is_set_by_the_page_and_the_link_is_spent(browser, user, reset_token):
    form = follow(browser, "reset", reset_token)
    assert OneTimeToken.objects.get().used_at is None
    wrong = press(browser, "reset", form, password="an0ther-horse", again="an0ther-house")
    assert (wrong.status_code, "The two passwords differ." in wrong.content.decode()) == (400, True)
    weak = press(browser, "reset", form, password="password", again="password")
    assert (weak.status_code, "too common" in weak.content.decode()) == (400, True)
    done = press(browser, "reset", form, password="an0ther-horse", again="an0ther-horse")
    assert (done.status_code, heading(done)) == (200, "Your new password is set")
    assert "an0ther" not in wrong.content.decode() + done.content.decode()
    assert sessions.sign_in(login=user.username, password="an0ther-horse")
    spent = press(
        browser, "reset", follow(browser, "reset", reset_token), password="a-third-horse", again="a-third-horse"
    )
    assert (spent.status_code, heading(spent)) == (400, "This link is no longer good")
    assert 'name="email"' in spent.content.decode()


def test_without_a_link_the_page_mails_one_and_says_nothing_about_who_has_an_account(browser, user, emitted):
    form = browser.get("/reset")
    answers = [press(browser, "reset", form, email=email) for email in (user.email, "nobody@example.com")]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert len(emitted("password.reset_requested")) == 1
    wrong = press(browser, "reset", form, email='"><script>')
    assert wrong.status_code == 400
    assert "<script>" not in wrong.content.decode()


@pytest.mark.parametrize("page", ["verify", "reset"])
@pytest.mark.parametrize("token", ["", "x" * 500, "a b", "%00", "%0d%0aSet-Cookie:x"])
def test_a_broken_link_shows_a_page(browser, page, token):
    moved = browser.get(f"/{page}?token={token}")
    assert moved.status_code in (302, 400)
    assert browser.get(f"/{page}").status_code == 200


@pytest.mark.parametrize("page", ["verify", "reset"])
def test_a_form_of_another_site_does_nothing_and_says_what_helps(browser, page, verify_token):
    browser.get(f"/{page}?token={verify_token}")
    refused = browser.post(f"/{page}", {"password": "an0ther-horse", "again": "an0ther-horse"})
    assert (refused.status_code, heading(refused)) == (403, "This did not work")
    assert User.objects.get(username="mai").email_verified_at is None


def test_the_secret_stays_in_a_cookie_of_the_page_that_no_script_reads(browser, reset_token, settings):
    settings.CSRF_COOKIE_SECURE = True
    moved = browser.get(f"/reset?token={reset_token}")
    cookie = moved.cookies["mailed_link"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["secure"]) == ("/reset", True, "Lax", True)
    assert (moved["Referrer-Policy"], moved["Cache-Control"]) == (
        "no-referrer",
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    shown = browser.get("/reset")
    assert "script" not in shown["Content-Security-Policy"]
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    assert "<script" not in shown.content.decode()
    assert " style=" not in shown.content.decode()
    done = press(browser, "reset", shown, password="an0ther-horse", again="an0ther-horse")
    assert done.cookies["mailed_link"].value == ""


def test_each_page_speaks_the_readers_language_and_english_where_it_has_none(browser):
    assert TEXTS["vi"].keys() == TEXTS["en"].keys()
    shown = browser.get("/reset", HTTP_ACCEPT_LANGUAGE="vi-VN,en;q=0.5").content.decode()
    assert '<html lang="vi">' in shown
    assert TEXTS["vi"]["forgotten"][0] in shown
    assert '<html lang="en">' in browser.get("/reset", HTTP_ACCEPT_LANGUAGE="fr").content.decode()


def test_reasons_against_a_password_are_in_the_readers_language_too(browser, reset_token):
    form = follow(browser, "reset", reset_token)
    field = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.content.decode())
    typed = {"password": "12345678", "again": "12345678", "csrfmiddlewaretoken": field[1]}
    reasons = re.findall(r"<li>(.*?)</li>", browser.post("/reset", typed, HTTP_ACCEPT_LANGUAGE="vi").content.decode())
    assert reasons
    assert not [reason for reason in reasons if reason.startswith("This password")]


def test_its_stylesheet_is_served(browser):
    shown = browser.get("/reset").content.decode()
    sheet = browser.get(re.search(r'<link rel="stylesheet" href="([^"]+)"', shown)[1])
    assert (sheet.status_code, sheet["Content-Type"].partition(";")[0]) == (200, "text/css")


def test_colleagues_forms_still_work_beside_it(browser):
    admin = UserFactory(roles=["admin"])
    page = browser.get("/admin/auth/login/")
    field = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
    form = {"username": admin.username, "password": PASSWORD, "csrfmiddlewaretoken": field[1]}
    assert browser.post("/admin/auth/login/", form).status_code == 302
