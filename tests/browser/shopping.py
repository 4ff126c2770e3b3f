"""The shop as a customer goes through it, page by page."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, ViewportSize, expect

# A part of each page's words by language, as a person would look for them.
WORDS = {
    "en": {"go_on": "Go on with these seats", "guest": "Go on as a guest", "enter": "Enter a card", "pay": "Pay ₫"},
    "vi": {
        "go_on": "Tiếp tục với các ghế này",
        "guest": "Tiếp tục với tư cách khách",
        "enter": "Nhập thẻ",
        "pay": "Thanh toán",
    },
    "de": {
        "go_on": "Weiter mit diesen Sitzplätzen",
        "guest": "Als Gast fortfahren",
        "enter": "Karte eingeben",
        "pay": "₫ bezahlen",
    },
    "ja": {
        "go_on": "この座席で進む",
        "guest": "ゲストとして続ける",
        "enter": "カードを入力する",
        "pay": "を支払う",
    },
}
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
GOOD = "4242"
DECLINED = "0002"


@dataclass(frozen=True)
class Shopping:
    """One who buys. javascript: whether the browser has it."""

    page: Page
    language: str = "en"

    @property
    def words(self) -> dict[str, str]:
        return WORDS[self.language]

    def open(self, showtime: str) -> None:
        self.page.goto(f"/{self.language}/showtimes/{showtime}/")

    def chosen(self) -> list[str]:
        """The names of the seats that are chosen, in the order of the map."""
        found: list[str] = self.page.eval_on_selector_all(
            "input[name=seat]:checked", "boxes => boxes.map(box => box.dataset.name)"
        )
        return found

    def go_on(self) -> None:
        self.page.get_by_role("button", name=self.words["go_on"]).click()

    def as_guest(self) -> str:
        """Gives an address, which comes back."""
        address = f"shop-{secrets.token_hex(6)}@customers.example"
        self.page.locator("#email").fill(address)
        self.page.get_by_role("button", name=self.words["guest"]).click()
        return address

    def enter_card(self, last4: str) -> None:
        """At the card company, and back."""
        self.page.locator("a[href$='/card/']").click()
        self.page.get_by_role("button", name=last4).click()

    def pay(self) -> None:
        self.page.get_by_role("button", name=self.words["pay"]).click()

    def buy_as_guest(self, showtime: str, *, on_each_page: Callable[[], object] = lambda: None) -> str:
        """Two tickets for the seats that are proposed; the address of who buys comes back."""
        self.open(showtime)
        seats = self.chosen()
        assert len(seats) == 2
        on_each_page()
        self.go_on()
        on_each_page()
        address = self.as_guest()
        on_each_page()
        self.enter_card(GOOD)
        self.page.locator("input[value=card]:checked").wait_for()
        on_each_page()
        self.pay()
        self.sees_tickets(2)
        on_each_page()
        assert all(seat in self.page.locator("main").inner_text() for seat in seats)
        return address

    def sees_tickets(self, count: int) -> None:
        expect(self.page.locator(".codes li")).to_have_count(count)
