"""What the walks through the desk have in common."""

from typing import Any

from everybody import COLOURS, assert_is_for_everybody, overhang
from playwright.sync_api import Page
from world import Choice, Market, Person, book, settled

# A telephone, and the screen at a desk.
WIDTHS = (390, 1280)
# Each width is looked at by both schemes before the other, for a page takes long to be laid out anew.
LOOKS = [(1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")]
# In the place of the link that asks for it without a script; what is folded away comes when it is unfolded.
PANELS_CAME = """
() => ![...document.querySelectorAll('[hx-get]')].some(panel =>
  panel.checkVisibility() && panel.firstElementChild?.getAttribute('href') === panel.getAttribute('hx-get')
)
"""


def assert_is_seen(page: Page, name: str) -> None:
    """By everybody, and at no width the page has to be moved sideways."""
    # The admin's links change their colour slowly, and would be looked at between two schemes.
    page.add_style_tag(content="* { transition: none !important; }")
    assert_is_for_everybody(page, name, LOOKS, again=COLOURS)
    assert [overhang(page, width) for width in WIDTHS] == [0, 0], name


def sold(market: Market, showtime: str, seats: int) -> tuple[Person, dict[str, Any]]:
    """Somebody who has paid seats of the showtime, and the booking with its tickets."""
    shown = market.world.anybody.get(f"/api/showtimes/{showtime}/seats").ok()["seats"]
    free = [seat["id"] for seat in shown if seat["category"] == "premium" and seat["status"] == "available"]
    person = market.customer()
    booked = book(person, Choice(showtime, free[:seats]), "tok_visa")
    return person, settled(person, booked, "CONFIRMED", "captured")
