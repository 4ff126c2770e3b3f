"""Somebody buys a ticket in the shop, as people do: by mouse, by keyboard, without JavaScript, beside others."""

import pytest
from playwright.sync_api import Page, expect
from shopping import DECLINED, GOOD, TELEPHONE, Shopping
from world import Choice, Market, book


@pytest.fixture
def telephone(page: Page) -> Page:
    page.set_viewport_size(TELEPHONE)
    return page


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_guest_buys_on_a_telephone(telephone: Page, small_house: str, market: Market, language: str) -> None:
    address = Shopping(telephone, language).buy_as_guest(small_house)
    assert market.world.mails(address)


def test_a_ticket_is_bought_by_keyboard_alone(page: Page, small_house: str) -> None:
    shopping = Shopping(page)
    shopping.open(small_house)

    def go_to(name: str, *, limit: int = 60) -> None:
        """Tab until what has the focus is called so."""
        for _ in range(limit):
            page.keyboard.press("Tab")
            focused = page.locator("body :focus").evaluate_all("found => found.map(at => at.ariaLabel || at.innerText)")
            if any(name in each for each in focused):
                return
        raise AssertionError(f"{name} cannot be reached")

    go_to("Row ")
    [first, _] = shopping.chosen()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    assert first not in shopping.chosen()
    go_to("Go on with these seats")
    page.keyboard.press("Enter")
    expect(page.locator("#email")).to_be_visible()
    page.locator("#email").focus()
    page.keyboard.type("keyboard@customers.example")
    go_to("Go on as a guest")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pay")).to_be_visible()
    go_to("Enter a card")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=GOOD)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio")).to_be_checked()
    go_to("Pay ₫")
    page.keyboard.press("Enter")
    shopping.sees_tickets(2)


def test_a_ticket_is_bought_without_javascript(plain: Page, small_house: str) -> None:
    shopping = Shopping(plain)
    shopping.open(small_house)
    plain.locator("input[name=seat]:checked").first.uncheck()
    shopping.go_on()
    expect(plain.locator(".errors").first).to_contain_text("as many seats as tickets")
    plain.locator("#numbers button").click()
    shopping.go_on()
    shopping.as_guest()
    shopping.enter_card(GOOD)
    shopping.pay()
    for _ in range(30):
        if plain.locator(".codes li").count() == 2:
            return
        plain.get_by_role("link", name="Look again").click()
    raise AssertionError("the tickets did not come")


def test_a_declined_card_leaves_the_seats_and_another_one_pays(page: Page, small_house: str) -> None:
    shopping = Shopping(page)
    shopping.open(small_house)
    shopping.go_on()
    shopping.as_guest()
    shopping.enter_card(DECLINED)
    shopping.pay()
    expect(page.get_by_role("alert").filter(has_text="declined")).to_be_visible()
    shopping.enter_card(GOOD)
    shopping.pay()
    shopping.sees_tickets(2)


def test_a_seat_that_goes_while_choosing_is_named_and_the_rest_stays(
    page: Page, small_house: str, market: Market
) -> None:
    shopping = Shopping(page)
    shopping.open(small_house)
    [lost, kept] = shopping.chosen()
    seat = page.locator(f"input[data-name='{lost}']").get_attribute("value") or ""
    book(market.customer(), Choice(small_house, [seat]), "tok_visa")
    expect(page.locator("#said")).to_contain_text(lost)
    assert shopping.chosen() == [kept]
    page.locator("#offer button").click()
    assert len(shopping.chosen()) == 2
    shopping.go_on()
    expect(page.locator("#email")).to_be_visible()


def test_a_seat_that_went_unseen_is_named_by_the_server_and_the_rest_stays_chosen(
    plain: Page, small_house: str, market: Market
) -> None:
    shopping = Shopping(plain)
    shopping.open(small_house)
    [lost, kept] = shopping.chosen()
    shopping.go_on()
    seat = next(
        each["id"]
        for each in market.world.anybody.get(f"/api/showtimes/{small_house}/seats").ok()["seats"]
        if f"{each['row']}{each['number']}" == lost
    )
    book(market.customer(), Choice(small_house, [seat]), "tok_visa")
    shopping.as_guest()
    expect(plain.locator(".errors").first).to_contain_text(lost)
    assert shopping.chosen() == [kept]


def test_a_page_is_there_in_each_language(page: Page, small_house: str) -> None:
    page.goto("/")
    expect(page).to_have_url(f"{page.url.split('/en')[0]}/en/")
    Shopping(page).open(small_house)
    for language, name in (("vi", "Tiếng Việt"), ("de", "Deutsch"), ("ja", "日本語")):
        page.get_by_role("link", name=name).click()
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert f"/{language}/showtimes/{small_house}/" in page.url
