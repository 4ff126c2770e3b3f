"""Where an account is signed in, in two windows: one of them ends the other."""

import re
import secrets

from playwright.sync_api import Page, expect

PASSWORD = "a-long-phrase-42"


def test_one_window_signs_another_one_out(page: Page, plain: Page) -> None:
    name = f"two-{secrets.token_hex(6)}"
    page.goto("/en/register/?next=/en/account/")
    page.locator("#username").fill(name)
    page.locator("#email").fill(f"{name}@customers.example")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Open the account").click()
    page.wait_for_url("**/en/account/")
    plain.goto("/en/sign-in/?next=/en/account/")
    plain.locator("#name").fill(name)
    plain.locator("#password").fill(PASSWORD)
    plain.get_by_role("button", name="Sign in").click()
    here = plain.locator("li", has_text="this device")
    expect(here).to_have_count(1)
    expect(here).to_contain_text("Chrome, Linux")
    expect(here.get_by_role("button")).to_have_count(0)
    # By the clock of its reader, which is known where there is JavaScript.
    expect(here).to_contain_text("(UTC)")
    expect(page.locator("time").first).not_to_contain_text("UTC")

    # Of two sessions of such a browser, each button says when and from where its own began.
    said = re.compile(r"^Sign Chrome, Linux out Signed in: .+ From the address [0-9a-f.:]+$")
    plain.get_by_role("button", name=said).click()
    expect(plain.get_by_role("status")).to_contain_text("That browser is signed out.")
    expect(plain.locator("li", has_text="Signed in:")).to_have_count(1)
    page.reload()
    expect(page).to_have_url(re.compile(r"/en/sign-in/\?next="))
    expect(page.get_by_role("status")).to_contain_text("You were signed out.")
