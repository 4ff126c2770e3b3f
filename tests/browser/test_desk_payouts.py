"""Money that the counter owes because a booking ended, from the desk's first page to who handed it over."""

from collections.abc import Callable

from desk import assert_is_seen
from playwright.sync_api import Page, expect
from world import Market, payment_of, settled


def test_what_is_owed_at_the_till_is_handed_over(
    staff_page: Callable[[str, str], Page], market: Market, small_house: str
) -> None:
    page, manager = staff_page("booking", "support"), market.world.staff("manager")
    page.goto(f"/admin/booking/showtimes/{small_house}/map/")
    page.locator("input[name=seat][aria-label*='standard: on sale']").first.check()
    page.get_by_role("button", name="Sell the chosen seats…").click()
    page.get_by_role("button", name="Sell for").click()
    page.get_by_text("Sold:").wait_for()
    booking = settled(manager, {"id": page.url.split("/bookings/")[1].split("/")[0]}, "CONFIRMED", "captured")
    manager.delete(f"/api/bookings/{booking['id']}", {"reason": "the projector is broken"}).ok()
    settled(manager, booking, "CANCELLED", "refunded")
    assert payment_of(manager, booking)["status"] == "refunded"

    page.goto("/admin/")
    page.get_by_role("link", name="owed at the till").click()
    expect(page.get_by_role("heading", name="Pay-outs at the till")).to_be_visible()
    assert_is_seen(page, "owed at the till")
    page.goto(f"/admin/booking/bookings/{booking['id']}/whole/")
    expect(page.get_by_role("row", name="Owed at the till")).to_be_visible()
    page.get_by_role("link", name="hand it over").click()
    page.get_by_role("checkbox", name="Select this object").check()
    page.get_by_label("Action:").select_option(label="Paid out: the selected money was handed over…")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("Give back")).to_be_visible()
    assert_is_seen(page, "paid out")
    page.get_by_label("Till").fill("till 2")
    page.get_by_role("button", name="I have handed it over").click()
    expect(page.get_by_text(": paid out.")).to_be_visible()
    page.goto(f"/admin/booking/bookings/{booking['id']}/whole/")
    expect(page.get_by_role("row", name="Paid out")).to_contain_text("till 2")
    expect(page.get_by_text("handed over by")).to_be_visible()
