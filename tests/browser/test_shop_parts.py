"""What the shop's pages bring to a telephone, and what of them comes anew while they are read."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect
from shopping import GOOD, Shopping
from world import Market

# Bytes that a page may bring, compressed and with their headers; pictures of films left out.
PAGE, SCRIPT = 100_000, 30_000
BROUGHT = """() => {
    const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const sum = (found) => found.reduce((bytes, one) => bytes + one.transferSize, 0);
    return {
        all: sum(all.filter((one) => !one.name.includes('/media/'))),
        script: sum(all.filter((one) => one.name.includes('.js'))),
        scripts: all.filter((one) => one.name.includes('.js')).length,
        blocking: all.filter((one) => one.renderBlockingStatus === 'blocking').map((one) => one.name.split('?')[0]),
    };
}"""


@pytest.mark.parametrize(("path", "scripts"), [("", 1), ("films/{film}/", 1), ("showtimes/{showtime}/", 3)])
def test_a_page_is_light_and_waits_for_its_style_sheet_alone(
    page: Page, small_house: str, market: Market, path: str, scripts: int
) -> None:
    film = market.world.anybody.get(f"/api/movies/{market.movie['id']}").ok()["slug"]
    kept = []
    page.on("response", lambda answer: kept.append(answer) if "?v=" in answer.url else None)
    page.goto(f"/en/{path.format(film=film, showtime=small_house)}")
    page.wait_for_load_state("networkidle")
    brought = page.evaluate(BROUGHT)
    assert brought["all"] <= PAGE
    assert brought["script"] <= SCRIPT
    assert brought["scripts"] == scripts
    assert [name.rpartition("/")[2] for name in brought["blocking"]] == ["shop.css"]
    assert {answer.headers["cache-control"] for answer in kept} == {"public, max-age=31536000, immutable"}
    large = [answer for answer in kept if answer.url.split("?")[0].endswith((".css", "/seats.js"))]
    assert large
    assert {answer.headers.get("content-encoding") for answer in large} == {"gzip"}
    assert page.locator("img[fetchpriority=high]").count() <= 1


def test_what_seats_cost_follows_what_is_chosen_and_the_last_choice_is_told(page: Page, small_house: str) -> None:
    Shopping(page).open(small_house)
    price = page.locator("#price")
    cost = price.inner_text()
    page.locator("input[name=seat]:checked").first.uncheck()
    expect(price).to_have_text("Please choose 1 more seat.")
    page.locator("#numbers select").first.select_option("1")
    expect(price).to_contain_text("In all")
    assert price.inner_text() != cost
    asked = []
    page.on("request", lambda request: asked.append(request.post_data) if request.method == "POST" else None)
    for number in ("3", "2", "1"):
        page.locator("#numbers select").first.select_option(number)
    with page.expect_response("**/price/"):
        pass
    expect(price).to_contain_text("In all")
    assert len(asked) == 1


def test_of_two_choices_the_last_ones_price_is_told_whichever_comes_first(page: Page, small_house: str) -> None:
    Shopping(page).open(small_house)
    price, number = page.locator("#price"), page.locator("#numbers select").first
    held: list[Route] = []
    page.route("**/price/", lambda route: held.append(route), times=1)
    with page.expect_request("**/price/"):
        number.select_option("3")
    # Sooner than the first one is given up.
    with page.expect_response("**/price/", timeout=30_000):
        number.select_option("1")
    expect(price).to_contain_text("In all")
    told = price.inner_text()
    held[0].continue_()
    # Whatever was under way has come by now.
    page.wait_for_load_state("networkidle")
    assert price.inner_text() == told


def _comes_to_pay(page: Page, showtime: str, *, fast: timedelta = timedelta()) -> None:
    """With the five minutes of somebody who needs more time. fast: by how much the device's clock is."""
    shopping = Shopping(page)
    shopping.open(showtime)
    shopping.go_on()
    shopping.as_guest()
    more = page.get_by_role("button", name="I need more time")
    more.click()
    expect(more).to_have_count(0)
    page.clock.install(time=datetime.now(UTC) + fast)
    page.reload()
    page.wait_for_load_state("networkidle")


def test_a_minute_before_seats_go_it_is_said_and_nothing_moves(page: Page, small_house: str) -> None:
    _comes_to_pay(page, small_house)
    warning, pay = page.locator(".warning"), page.locator("form.form > button.button")
    expect(page.locator(".countdown")).to_have_text(re.compile(r"4:\d\d left\."))
    expect(warning).to_have_text("")
    before = pay.bounding_box()
    page.clock.fast_forward("04:05")
    expect(warning).to_have_text("The seats are yours for less than a minute more.")
    assert pay.bounding_box() == before


def test_the_time_left_to_pay_is_right_on_a_device_whose_clock_is_fast(page: Page, small_house: str) -> None:
    _comes_to_pay(page, small_house, fast=timedelta(minutes=6))
    countdown, attempt = page.locator(".countdown"), page.locator("form.form input[name=attempt]")
    expect(countdown).to_have_text(re.compile(r"4:\d\d left\."))
    first = attempt.get_attribute("value") or ""
    page.clock.run_for("01:00")
    expect(countdown).to_have_text(re.compile(r"3:\d\d left\."))
    # It was not loaded anew; but who comes back to it is told what is left then, not what was.
    expect(attempt).to_have_attribute("value", first)
    page.locator("a[href$='/card/']").click()
    page.get_by_role("button", name=GOOD).wait_for()
    page.go_back()
    expect(attempt).not_to_have_attribute("value", first)
    expect(countdown).to_have_text(re.compile(r"4:\d\d left\."))
