"""The time to pay runs out while somebody looks on."""

import pytest
from playwright.sync_api import expect
from shopping import Shopping
from waiting import wait_for
from world import World

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
