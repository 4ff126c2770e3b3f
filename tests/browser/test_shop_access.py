"""The shop for everybody: what axe finds on its pages (WCAG 2.2 AA), and that nothing scrolls sideways."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from everybody import NARROWEST, assert_is_for_everybody, overhang
from playwright.sync_api import Browser
from shopping import GOOD, Shopping
from waiting import wait_for
from world import Market, Person, book, settled

from stack.services import FRONTEND_FOLDER

NAMES = re.compile(r'\bname="(\w+)"')
# Addresses that show no page of their own: parts of one, what is done there and leads on, files.
PARTS = {"price", "booking_status", "exchange_price", "me"}
DEEDS = {
    *("choose_cinema", "keep", "extend", "card_page", "sign_out", "confirm_email", "enter_card", "remove_card"),
    "end_session",
}
FILES = {"calendar", "pdf", "apple_pass", "google_pass"}


@dataclass(frozen=True)
class Walk:
    """One window through all pages, first a guest's, then the customer's, who has bought two tickets."""

    shopping: Shopping
    customer: Person
    booking: dict[str, Any]

    def click(self, selector: str) -> None:
        self.shopping.page.locator(selector).first.click()


@pytest.fixture(scope="module")
def walk(chromium: Browser, market: Market) -> Iterator[Walk]:
    customer = market.customer()
    booking = book(customer, market.seats(2), "tok_visa")
    settled(customer, booking, "CONFIRMED", "captured")
    wait_for(lambda: customer.get(f"/api/bookings/{booking['id']}").ok()["tickets"], what="tickets")
    customer.post("/api/payments/methods", {"token": "tok_visa"}).ok(201)
    context = chromium.new_context(base_url=market.world.where.gateway, reduced_motion="reduce")
    yield Walk(Shopping(context.new_page()), customer, booking)
    context.close()


def _opens_film(walk: Walk) -> None:
    walk.click(".film a")


def _opens_cinema(walk: Walk) -> None:
    walk.click(".cinemas a")


def _mistypes(walk: Walk) -> None:
    page = walk.shopping.page
    page.locator("#name").fill("nobody")
    page.locator("#password").fill("wrong")
    walk.click("main form button")
    page.get_by_role("alert").wait_for()


def _goes_on(walk: Walk) -> None:
    walk.click("#seats button.button")


def _is_guest(walk: Walk) -> None:
    walk.shopping.as_guest()


def _has_card(walk: Walk) -> None:
    walk.shopping.enter_card(GOOD)


def _pays(walk: Walk) -> None:
    walk.click("form.form > button.button")
    walk.shopping.sees_tickets(2)


def _is_customer(walk: Walk) -> None:
    page = walk.shopping.page
    page.context.clear_cookies()
    page.goto("/en/sign-in/?next=/en/account/")
    page.locator("#name").fill(walk.customer.username)
    page.locator("#password").fill(walk.customer.password)
    walk.click("main form button")
    page.wait_for_url("**/en/account/")


def _enters_card(walk: Walk) -> None:
    walk.shopping.page.goto("/en/account/cards/enter/")
    walk.shopping.page.get_by_role("button", name=GOOD).click()
    walk.shopping.page.wait_for_url("**/cards/save/")


Step = Callable[[Walk], None]
# In the order of a visit, each from the page before: the address's name, what is seen there, and the way.
STEPS: list[tuple[str, str, str | Step]] = [
    ("home", "", "/en/"),
    ("film", "", _opens_film),
    ("cinemas", "", "/en/cinemas/"),
    ("cinema", "", _opens_cinema),
    ("search", "", "/en/search/?q=a"),
    ("search", "nothing found", "/en/search/?q=zzzzzz"),
    ("coming", "", "/en/coming/"),
    ("help", "", "/en/help/"),
    ("terms", "", "/en/terms/"),
    ("accessibility", "", "/en/accessibility/"),
    ("offline", "", "/en/offline/"),
    ("sign_in", "", "/en/sign-in/"),
    ("sign_in", "refused", _mistypes),
    ("register", "", "/en/register/"),
    ("verify", "", "/en/verify/"),
    ("reset", "", "/en/reset/"),
    ("", "not found", "/en/nothing/"),
    ("showtime", "", "/en/showtimes/{small_house}/"),
    ("who", "", _goes_on),
    ("checkout", "", _is_guest),
    ("checkout", "with a card", _has_card),
    ("booking", "", _pays),
    ("cancel", "", "{page}cancel/"),
    ("bookings", "", "/en/bookings/"),
    ("account", "", _is_customer),
    ("change_email", "", "/en/account/email/"),
    ("change_password", "", "/en/account/password/"),
    ("received", "", "/en/account/messages/"),
    ("save_card", "", _enters_card),
    ("give_back", "", "/en/bookings/{booking}/give-back/"),
    ("exchange", "", "/en/bookings/{booking}/exchange/"),
    ("exchange_for", "", "/en/bookings/{booking}/exchange/{small_house}/"),
    ("receipt", "", "/en/bookings/{booking}/receipt/"),
]


@pytest.mark.parametrize(("name", "seen", "way"), STEPS, ids=[f"{name} {seen}".strip() for name, seen, _ in STEPS])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    walk: Walk, small_house: str, name: str, seen: str, way: str | Step
) -> None:
    page = walk.shopping.page
    if callable(way):
        way(walk)
    else:
        page.goto(way.format(small_house=small_house, page=page.url, booking=walk.booking["id"]))
    page.wait_for_load_state("networkidle")
    assert_is_for_everybody(page, f"{name} {seen}")
    assert overhang(page, NARROWEST) <= 0


def test_no_page_of_the_shop_was_left_out() -> None:
    addresses = set(NAMES.findall((FRONTEND_FOLDER / "shop" / "urls.py").read_text()))
    assert len(addresses) > len(PARTS | DEEDS | FILES)
    assert {name for name, _, _ in STEPS if name} == addresses - PARTS - DEEDS - FILES
