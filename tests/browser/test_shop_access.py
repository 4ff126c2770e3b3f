"""The shop for everybody: what axe finds on its pages (WCAG 2.2 AA), and that nothing scrolls sideways."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from shopping import GOOD, Shopping
from world import Market

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOOKS = [(390, "dark"), (768, "light"), (1280, "dark")]
NARROWEST = 320


@pytest.fixture(scope="module")
def shopping(chromium: Browser, market: Market) -> Iterator[Shopping]:
    """One window for all pages: what is asked of each is the same."""
    context = chromium.new_context(base_url=market.world.where.gateway, reduced_motion="reduce")
    yield Shopping(context.new_page())
    context.close()


def _goes_on(shopping: Shopping) -> None:
    shopping.page.locator("#seats button.button").click()


def _is_guest(shopping: Shopping) -> None:
    shopping.as_guest()


def _has_card(shopping: Shopping) -> None:
    shopping.enter_card(GOOD)


def _pays(shopping: Shopping) -> None:
    shopping.page.locator("form.form > button.button").click()
    shopping.sees_tickets(2)


# In the order of a purchase, each from the page before.
STEPS: list[tuple[str, str, Callable[[Shopping], None] | None]] = [
    ("programme", "/en/", None),
    ("cinemas", "/en/cinemas/", None),
    ("sign in", "/en/sign-in/", None),
    ("register", "/en/register/", None),
    ("not found", "/en/nothing/", None),
    ("showtime", "/en/showtimes/{showtime}/", None),
    ("who", "", _goes_on),
    ("checkout", "", _is_guest),
    ("checkout with a card", "", _has_card),
    ("tickets", "", _pays),
    ("cancel", "{page}cancel/", None),
    ("bookings", "/en/bookings/", None),
]


@pytest.mark.parametrize(("name", "path", "step"), STEPS, ids=[name for name, _, _ in STEPS])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    shopping: Shopping, small_house: str, name: str, path: str, step: Callable[[Shopping], None] | None
) -> None:
    page = shopping.page
    if step is not None:
        step(shopping)
    else:
        page.goto(path.format(showtime=small_house, page=page.url))
    page.wait_for_load_state("networkidle")
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal of the two
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, f"{name} at {width}, {scheme}:\n{found.generate_report()}"
    assert _overhang(page) <= 0


def _overhang(page: Page) -> int:
    """By how many pixels a page is wider than the narrowest window; what scrolls by itself may be as wide as it is."""
    page.set_viewport_size({"width": NARROWEST, "height": 900})
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
