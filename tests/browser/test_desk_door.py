"""The door on two telephones: with a connection, without one, and what they are told when they have one again."""

from collections.abc import Callable
from typing import Any

from desk import assert_is_seen, sold
from playwright.sync_api import Browser, Page, expect
from world import Market, World


def test_two_doors_without_a_connection_are_told_of_a_code_that_both_let_in(
    chromium: Browser, cookies: Callable[[str, str], Any], world: World, market: Market, small_house: str
) -> None:
    _, booking = sold(market, small_house, 3)
    first, second, third = (ticket["code"] for ticket in booking["tickets"])
    left, right = (_telephone(chromium, world, cookies("booking", "support"), small_house) for _ in range(2))
    try:
        _enter(left, first, "in", "Let in")
        _enter(left, first, "used", "Already in at")
        _enter(left, "not.a.ticket", "refused", "no ticket of ours")
        assert_is_seen(left, "door")
        for page, name in ((left, "left"), (right, "right")):
            page.get_by_label("This door").fill(name)
            page.get_by_label("This door").blur()
            page.get_by_role("button", name="Take this showtime along").click()
            page.get_by_text("Taken along at").wait_for()
            page.wait_for_function("navigator.serviceWorker.controller")
            page.context.set_offline(True)
            page.reload()
            expect(page.get_by_text("no connection", exact=True)).to_be_visible()
            assert page.get_by_label("This door").input_value() == name
        _enter(left, first, "used", "Already in at")
        _enter(left, second, "in", "Let in")
        _enter(left, second, "used", "Already in at")
        _enter(right, second, "in", "Let in")
        _enter(right, "nonsense", "refused", "Not among what was taken along")
        expect(right.get_by_text("1 still to be told")).to_be_visible()
        left.context.set_offline(False)
        expect(left.get_by_text("still to be told")).to_be_hidden()
        right.context.set_offline(False)
        expect(right.locator("#told")).to_contain_text("Let in twice")
        expect(right.locator("#told")).to_contain_text("left")
        left.reload()
        expect(left.locator("#told")).to_contain_text("Let in twice")
        _enter(left, booking["reference"], "in", "Let in")
        _enter(right, third, "used", "left")
    finally:
        for page in (left, right):
            page.context.close()


def _telephone(chromium: Browser, world: World, cookies: Any, showtime: str) -> Page:
    context = chromium.new_context(base_url=world.where.gateway, viewport={"width": 390, "height": 844})
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"/admin/booking/door/{showtime}/")
    return page


def _enter(page: Page, code: str, result: str, said: str) -> None:
    page.get_by_label("Code or reference").fill(code)
    page.get_by_role("button", name="Let in").click()
    answer = page.locator(f"#answer.{result}")
    expect(answer).to_contain_text(said)
    page.evaluate("document.getElementById('answer').className = 'answer'")
