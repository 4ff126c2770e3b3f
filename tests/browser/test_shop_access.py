"""The shop for everybody: what axe finds on its pages (WCAG 2.2 AA), and that nothing scrolls sideways."""

from collections.abc import Callable, Iterator

import pytest
from everybody import NARROWEST, assert_is_for_everybody, overhang
from playwright.sync_api import Browser
from shopping import GOOD, Shopping
from world import Market


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
    assert_is_for_everybody(page, name)
    assert overhang(page, NARROWEST) <= 0
