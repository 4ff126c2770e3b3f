"""What the walks through the desk have in common."""

from typing import Any

from everybody import assert_is_for_everybody, overhang
from playwright.sync_api import Page
from world import Market, Person, book, settled

# A telephone, and the screen at a desk.
WIDTHS = (390, 1280)


def assert_is_seen(page: Page, name: str) -> None:
    """By everybody, and at no width the page has to be moved sideways."""
    assert_is_for_everybody(page, name)
    assert [overhang(page, width) for width in WIDTHS] == [0, 0], name


def sold(market: Market, seats: int) -> tuple[Person, str, dict[str, Any]]:
    """Somebody who has paid, the showtime, and the booking with its tickets."""
    person, choice = market.customer(), market.seats(seats)
    return person, choice.showtime, settled(person, book(person, choice, "tok_visa"), "CONFIRMED", "captured")
