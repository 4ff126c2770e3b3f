"""Somebody of staff adds a security key, signs in with it, and takes it away: Chromium's own virtual authenticator."""

import time
from base64 import b32decode
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from desk import assert_is_seen
from django_otp.oath import TOTP
from playwright.sync_api import Browser, Page, expect
from waiting import wait_for
from world import World


@pytest.fixture
def at_localhost(chromium: Browser, world: World) -> Iterator[Page]:
    """A key is bound to a name, and the gateway of the tests has none but that of this machine."""
    port = urlsplit(world.where.gateway).port
    context = chromium.new_context(base_url=f"http://localhost:{port}", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": False}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"isUserVerified": False}})
    yield page
    context.close()


def code_of(key: str, *, after: str = "") -> str:
    """What an app shows, once it shows another one than before."""

    def shown() -> str:
        totp = TOTP(b32decode(key + "=" * (-len(key) % 8)))
        totp.time = time.time()
        return "" if (code := f"{totp.token():06}") == after else code

    return str(wait_for(shown, seconds=40, what="the next code"))


def sign_in(page: Page, username: str, password: str, button: str = "Sign in") -> None:
    page.goto("/admin/booking/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name=button, exact=True).click()


def test_a_key_is_added_signs_in_in_the_place_of_a_code_and_is_taken_away(at_localhost: Page, world: World) -> None:
    page, person = at_localhost, world.new_customer()
    world.staff("admin").patch(f"/api/auth/users/{person.id}/rights", {"roles": ["customer", "support"]}).ok()
    sign_in(page, person.username, person.password)
    page.get_by_role("link", name="Second factor").click()
    key = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("Your password").fill(person.password)
    page.get_by_label("The six digits").fill(code := code_of(key))
    page.get_by_role("button", name="Set it up").click()
    codes = page.locator("#content-main li code").all_inner_texts()

    page.get_by_role("link", name="Second factor").click()
    assert_is_seen(page, "no key yet")
    page.get_by_label("What you call it").fill("blue")
    page.get_by_label("Code:").fill(codes[0])
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("The key blue is added")).to_be_visible()
    assert_is_seen(page, "a key")

    page.get_by_role("button", name="Log out").click()
    page.goto("/admin/booking/login/")
    expect(page.locator("[data-key-said]")).to_be_hidden()
    assert_is_seen(page, "sign in")
    sign_in(page, person.username, "guess", "Use a security key")
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    sign_in(page, person.username, person.password, "Use a security key")
    page.get_by_role("button", name="Log out").wait_for()

    page.get_by_role("link", name="Second factor").click()
    expect(page.get_by_text("last used")).to_be_visible()
    page.get_by_label("A code, to take blue away").fill(code_of(key, after=code))
    page.get_by_role("button", name="Take blue away").click()
    expect(page.get_by_text("The key is taken away")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    sign_in(page, person.username, person.password, "Use a security key")
    expect(page.get_by_role("alert")).to_contain_text("has no security key")
