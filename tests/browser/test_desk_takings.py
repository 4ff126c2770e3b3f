"""The desk's takings as a manager sees them, and the comparison with the card gateway's record: one walk."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from desk import assert_is_seen
from playwright.sync_api import Page, expect
from waiting import wait_for
from world import Market, book, settled

StaffPage = Callable[[str, str], Page]

SECONDS = 30


def test_what_was_sold_is_in_the_takings_and_the_gateway_has_the_same(market: Market, staff_page: StaffPage) -> None:
    buyer = market.customer()
    booking = book(buyer, market.seats(), "tok_visa")
    settled(buyer, booking, "CONFIRMED", "captured")
    page, theater = staff_page("payment", "manager"), market.theater

    def is_taken() -> bool:
        page.goto(f"/admin/payment/takings/?theater={theater['id']}")
        return page.locator(".takings svg rect").count() == 7

    wait_for(is_taken, seconds=SECONDS, what="takings of the new theater")
    page.get_by_label("ticket type").check()
    page.get_by_label("film", exact=True).check()
    page.get_by_role("button", name="Show").click()
    takings = page.get_by_role("region", name="Takings")
    expect(takings).to_contain_text(market.movie["title"])
    page.get_by_text("as a table").click()
    assert_is_seen(page, page.url)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="CSV").first.click()
    told = downloading.value.path().read_text()
    assert market.movie["title"] in told
    assert told.startswith("day,film,ticket type,currency,tickets,")
    today = datetime.now(UTC).date()
    shown = {"first": today, "last": today + timedelta(days=200), "theater": theater["id"], "by": "film"}
    page.goto(f"/admin/payment/takings/?{urlencode(shown)}")
    full = page.get_by_role("region", name="How full the halls were")
    expect(full).to_contain_text(market.movie["title"])
    expect(page.get_by_text(re.compile(r"2 of [\d,]+ seats sold"))).to_be_visible()
    page.goto("/admin/payment/reconciliation/")
    page.get_by_role("button", name="Compare").click()

    def is_done() -> bool:
        page.reload()
        return "A comparison is under way" not in page.content()

    wait_for(is_done, seconds=SECONDS, what="end of the comparison")
    expect(page.get_by_role("region", name="Comparisons").locator("tbody tr").first).to_contain_text("done")
    expect(page.get_by_text("No difference is open.")).to_be_visible()
    assert_is_seen(page, page.url)
