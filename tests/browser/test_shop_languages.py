"""A purchase in the languages whose words are longest and whose lines have no spaces, on a telephone and at 200 % zoom
(WCAG 1.4.4, 1.4.10): nothing scrolls sideways, nothing is cut off."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from shopping import TELEPHONE, Shopping
from world import Market

WINDOWS = {
    "telephone": {"viewport": TELEPHONE},
    "zoomed": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2},
}
CUT_OFF = """() => [...document.querySelectorAll('main *, header *, footer *')]
    .filter((one) => one.checkVisibility() && one.innerText && getComputedStyle(one).overflowX === 'hidden'
        && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1)
    .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture(params=WINDOWS)
def window(chromium: Browser, market: Market, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = chromium.new_context(base_url=market.world.where.gateway, **WINDOWS[request.param])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("language", ["de", "ja"])
def test_a_purchase_reads_well_and_nothing_scrolls_sideways(window: Page, small_house: str, language: str) -> None:
    seen = []

    def looked_at() -> None:
        window.wait_for_load_state("networkidle")
        seen.append(window.url)
        wide = window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (wide, window.evaluate(CUT_OFF)) == (0, []), window.url
        assert window.locator("html").get_attribute("lang") == language

    for path in ("", "cinemas/", "help/"):
        window.goto(f"/{language}/{path}")
        looked_at()
    Shopping(window, language).buy_as_guest(small_house, on_each_page=looked_at)
    assert len(seen) == 8
