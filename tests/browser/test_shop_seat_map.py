"""The map of seats while others choose: what its page is told late, or in the background, and what it offers then."""

from dataclasses import dataclass, field

from playwright.sync_api import Page, WebSocketRoute, expect
from shopping import Shopping
from waiting import wait_for
from world import Choice, Market, book

IS_HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@dataclass
class Line:
    """The socket of a page. lost: what the shop said while it did not hear."""

    page: Page
    hears: bool = True
    lost: list[str | bytes] = field(default_factory=list)
    opened: int = 0

    def __post_init__(self) -> None:
        self.page.route_web_socket("**/seats/live*", self._opens)

    def _opens(self, socket: WebSocketRoute) -> None:
        self.opened += 1
        server = socket.connect_to_server()

        def told(message: str | bytes) -> None:
            if self.hears:
                socket.send(message)
            else:
                self.lost.append(message)

        server.on_message(told)

    def loses(self, count: int) -> None:
        """Until so much was lost."""
        wait_for(lambda: self.page.evaluate("1") and len(self.lost) >= count, what="the shop says it")


def _free(shopping: Shopping, count: int) -> list[tuple[str, str]]:
    """The last free seats of the map that are not for two: id and name."""
    found: list[tuple[str, str]] = shopping.page.eval_on_selector_all(
        "input[name=seat][data-status=available][data-category=standard]:not(:checked)",
        "boxes => boxes.map(box => [box.value, box.dataset.name])",
    )
    return found[-count:]


def test_what_went_while_the_page_slept_is_seen_when_it_is_looked_at_again(
    page: Page, small_house: str, market: Market
) -> None:
    line, shopping = Line(page), Shopping(page)
    shopping.open(small_house)
    [(seat, name)] = _free(shopping, 1)
    box = page.locator(f"label:has(input[data-name='{name}'])")
    wait_for(lambda: page.evaluate("1") and line.opened, what="a socket")
    page.evaluate(IS_HIDDEN, arg=True)
    line.hears = False
    before = len(line.lost)
    book(market.customer(), Choice(small_house, [seat]))
    line.loses(before + 1)
    line.hears = True
    page.evaluate(IS_HIDDEN, arg=False)
    expect(box.locator("input")).to_have_attribute("aria-disabled", "true")


def test_a_change_that_was_lost_in_the_background_comes_with_the_next_one(
    page: Page, small_house: str, market: Market
) -> None:
    line, shopping = Line(page), Shopping(page)
    shopping.open(small_house)
    (first, first_name), (second, second_name) = _free(shopping, 2)
    wait_for(lambda: page.evaluate("1") and line.opened, what="a socket")
    page.evaluate(IS_HIDDEN, arg=True)
    line.hears = False
    before = len(line.lost)
    book(market.customer(), Choice(small_house, [first]))
    line.loses(before + 1)
    line.hears = True
    book(market.customer(), Choice(small_house, [second]))
    for name in (first_name, second_name):
        expect(page.locator(f"input[data-name='{name}']")).to_have_attribute("aria-disabled", "true")


def test_in_the_place_of_a_couple_seat_that_went_another_pair_is_offered(
    page: Page, small_house: str, market: Market
) -> None:
    shopping = Shopping(page)
    shopping.open(small_house)
    pairs = page.locator("input[name=seat][data-status=available][data-category=couple]")
    assert pairs.count() >= 4
    price, said = page.locator("#price"), page.locator("#said")
    pairs.first.check()
    lost = shopping.chosen()
    assert len(lost) == 2
    expect(said).to_contain_text(f"Chosen: {', '.join(lost)}. 2 of 2.")
    expect(price).to_contain_text("In all")
    ids = [page.locator(f"input[data-name='{name}']").get_attribute("value") or "" for name in lost]
    book(market.customer(), Choice(small_house, ids))
    expect(said).to_have_text(f"Somebody has just taken {', '.join(lost)}. No seat is chosen now.")
    assert shopping.chosen() == []
    expect(price).to_have_text("Please choose 2 more seats.")
    offer = page.locator("#offer button")
    number = int(lost[1].removeprefix("G"))
    others = [f"G{number + 1}", f"G{number + 2}"]
    expect(offer).to_have_text(f"Take {', '.join(others)} instead")
    offer.click()
    assert shopping.chosen() == others
    expect(said).to_contain_text(f"Chosen: {', '.join(others)}. 2 of 2.")
    expect(price).to_contain_text("In all")
    page.locator(f"input[data-name='{others[1]}']").uncheck()
    expect(said).to_have_text(f"Not chosen any more: {', '.join(others)}. 0 of 2.")
    expect(price).to_have_text("Please choose 2 more seats.")


def test_of_two_seats_the_one_that_stays_is_named_when_the_other_went(
    page: Page, small_house: str, market: Market
) -> None:
    shopping = Shopping(page)
    shopping.open(small_house)
    lost, kept = shopping.chosen()
    seat = page.locator(f"input[data-name='{lost}']").get_attribute("value") or ""
    book(market.customer(), Choice(small_house, [seat]))
    expect(page.locator("#said")).to_have_text(f"Somebody has just taken {lost}. Still chosen: {kept}.")
    expect(page.locator("#price")).to_have_text("Please choose 1 more seat.")
