"""The counter, as somebody of support sells there."""

from collections.abc import Callable

from desk import assert_is_seen
from playwright.sync_api import Page, expect
from world import Market


def test_support_sells_free_seats_for_cash_and_prints_their_tickets(
    staff_page: Callable[[str, str], Page], market: Market, small_house: str
) -> None:
    page = staff_page("booking", "support")
    page.goto(f"/admin/booking/showtimes/{small_house}/map/")
    free = page.locator("input[name=seat][aria-label*='premium: on sale']")
    # By the keyboard, up to the tickets.
    for place in range(2):
        free.nth(place).focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Sell the chosen seats…").press("Enter")
    page.get_by_role("button", name="Sell for").wait_for()
    assert_is_seen(page, "counter")

    handed = page.get_by_label("Handed over")
    handed.fill("1")
    expect(page.locator("#change")).to_contain_text("Missing")
    handed.fill("999999")
    expect(page.locator("#change")).to_contain_text("Change")
    page.get_by_role("button", name="Sell for").press("Enter")
    page.get_by_text("Sold:").wait_for()
    assert_is_seen(page, "sold")
    page.get_by_role("button", name="Print tickets").press("Enter")
    expect(page.locator(".paper-ticket img")).to_have_count(2)
