"""The time to pay runs out while somebody looks on."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from shopping import Shopping
from waiting import wait_for
from world import Person, World

# Milliseconds: the longest that seats are held without an extension, and what a busy machine needs beside.
HOLD = 330_000


@pytest.mark.late
def test_the_page_says_that_the_seats_are_free_again_and_leads_back_to_them(
    unpaid: tuple[Shopping, list[str]], house_for_one: str, world: World
) -> None:
    shopping, names = unpaid
    page = shopping.page
    standing = page.locator(".status")
    expect(standing).to_contain_text(
        "The time to pay is over, and the seats are free again. Nothing was taken.", timeout=HOLD
    )

    def statuses() -> set[str]:
        seats = world.anybody.get(f"/api/showtimes/{house_for_one}/seats").ok()["seats"]
        return {seat["status"] for seat in seats if f"{seat['row']}{seat['number']}" in names}

    wait_for(lambda: statuses() == {"available"}, what="the seats are let go")
    standing.get_by_role("link", name="Choose seats again").click()
    expect(page.locator("#seats")).to_be_visible()
    assert shopping.chosen() == names
    shopping.go_on()
    expect(page.locator(".left")).to_contain_text("The seats are yours until")
    page.get_by_role("button", name="Let the seats go").click()
    wait_for(lambda: statuses() == {"available"}, what="the seats are let go again")


@pytest.mark.late
def test_seats_that_were_not_paid_in_exchange_are_chosen_again_for_the_same_booking(
    unpaid_exchange: tuple[Person, dict[str, Any], dict[str, Any]], page: Page
) -> None:
    customer, old, held = unpaid_exchange
    wait_for(
        lambda: customer.get(f"/api/bookings/{held['id']}").ok()["status"] == "EXPIRED",
        seconds=HOLD / 1000,
        what="the end of its hold",
    )
    page.goto(f"/en/sign-in/?next=/en/bookings/{held['id']}/")
    page.locator("#name").fill(customer.username)
    page.locator("#password").fill(customer.password)
    page.get_by_role("button", name="Sign in").click()
    standing = page.locator(".status")
    expect(standing).to_contain_text("The booking that you wanted to exchange was left as it was.")
    expect(standing.get_by_role("link", name="Look at it")).to_have_attribute("href", f"/en/bookings/{old['id']}/")
    standing.get_by_role("link", name="Choose seats again").click()
    expect(page).to_have_url(re.compile(f"/en/bookings/{old['id']}/exchange/{held['showtime_id']}/"))
    assert Shopping(page).chosen() == [f"{seat['row']}{seat['number']}" for seat in held["seats"]]
    page.get_by_role("button", name="Go on to paying").click()
    expect(page.get_by_role("button", name="Pay ₫120,000")).to_be_visible()
