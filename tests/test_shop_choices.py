"""Two tabs of one browser: each goes on with what was chosen in it."""

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from browsing import Browser, Page
from waiting import wait_for
from world import Choice, Market, World, book

GUEST = "Go on as a guest"
# As many as a session keeps choices, less the one that is there; each round is another chance for them to meet.
TABS, ROUNDS = 4, 5


@pytest.fixture
def nobody(world: World) -> Browser:
    return Browser(world)


def choose(browser: Browser, choice: Choice) -> Page:
    """The page that asks for whom these seats are."""
    who = browser.submit(browser.get(f"/en/showtimes/{choice.showtime}/"), seat=choice.seats)
    assert (who.path, who.status, GUEST in who.text) == ("/en/who/", 200, True)
    return who


def names(world: World, choice: Choice) -> str:
    """The choice's seats, as pages name them."""
    seats = world.anybody.get(f"/api/showtimes/{choice.showtime}/seats").ok()["seats"]
    return ", ".join(f"{seat['row']}{seat['number']}" for seat in seats if seat["id"] in choice.seats)


def as_guest(browser: Browser, who: Page) -> Page:
    return browser.submit(who, email=f"guest-{secrets.token_hex(6)}@customers.example")


def link(page: Page, path: str) -> str:
    (found,) = re.findall(rf'href="({path}\?[^"]+)"', page.text)
    return unescape(found)


def link_of(who: Page) -> str:
    """The address of a page that asks for whom seats are."""
    return dict(parse_qsl(urlsplit(link(who, "/en/sign-in/")).query))["next"]


def test_each_tab_goes_on_with_its_own_seats(world: World, market: Market, nobody: Browser) -> None:
    first, second = market.seats(), market.seats()
    pages = choose(nobody, first), choose(nobody, second)
    for page, choice in zip(pages, (first, second), strict=True):
        assert market.movie["title"] in page.text
        assert market.theater["name"] in page.text
        assert f"Seats: {names(world, choice)}<" in page.text
    paying = as_guest(nobody, pages[0])
    assert (paying.path.endswith("/pay/"), f"Seats: {names(world, first)}<" in paying.text) == (True, True)
    other_tab = nobody.get(link_of(pages[1]))
    assert f"Seats: {names(world, second)}<" in other_tab.text
    assert other_tab.path != paying.path


def test_what_is_chosen_in_several_tabs_at_once_is_all_there(world: World, market: Market, nobody: Browser) -> None:
    choose(nobody, market.seats())
    for _ in range(ROUNDS):
        chosen = [market.seats() for _ in range(TABS)]
        forms = [nobody.get(f"/en/showtimes/{choice.showtime}/") for choice in chosen]
        with ThreadPoolExecutor(TABS) as pool:
            pages = list(pool.map(lambda form, choice: nobody.submit(form, seat=choice.seats), forms, chosen))
        for page, choice in zip(pages, chosen, strict=True):
            again = nobody.get(link_of(page))
            assert (again.path, f"Seats: {names(world, choice)}<" in again.text) == ("/en/who/", True)


def test_a_promo_code_that_is_none_is_told_before_anybody_says_who_they_are(
    world: World, market: Market, nobody: Browser
) -> None:
    choice = market.seats()
    form = nobody.get(f"/en/showtimes/{choice.showtime}/")
    told = nobody.submit(form, seat=choice.seats, promo_code="NO-SUCH-CODE")
    assert (told.path, 400 <= told.status < 500) == (f"/en/showtimes/{choice.showtime}/", True)
    assert "This promo code is not valid." in told.text
    assert 'value="NO-SUCH-CODE"' in told.text
    assert "In all" in told.text
    who = nobody.submit(told, seat=choice.seats, promo_code="")
    assert (who.path, who.status) == ("/en/who/", 200)


def test_who_had_forgotten_the_password_comes_back_to_the_seats(world: World, market: Market, nobody: Browser) -> None:
    choice, person = market.seats(), world.new_customer(proven=True)
    who = choose(nobody, choice)
    sign_in = nobody.get(link(who, "/en/sign-in/"))
    asked = nobody.submit(nobody.get(link(sign_in, "/en/reset/")), email=person.email)
    assert "Look into your mailbox" in asked.text
    mark = "/reset?token="
    mail = wait_for(lambda: world.mail_about(person.email, mark), what="mail with a link")
    new = "another-phrase-42"
    page = nobody.get(mark + mail["text"].split(mark)[1].split()[0])
    done = nobody.submit(page, password=new, again=new)
    form = nobody.get(link(done, "/en/sign-in/"))
    paying = nobody.submit(form, name=person.username, password=new)
    assert (paying.path.endswith("/pay/"), f"Seats: {names(world, choice)}<" in paying.text) == (True, True)


def test_a_guest_stays_the_same_one_in_the_other_tab(world: World, market: Market, nobody: Browser) -> None:
    first, second = market.seats(), market.seats()
    pages = choose(nobody, first), choose(nobody, second)
    paying = nobody.submit(pages[0], email=(address := f"guest-{secrets.token_hex(6)}@customers.example"))
    other = as_guest(nobody, pages[1])
    assert f"You are here as {address} already" in other.text
    for tab, choice in ((paying, first), (other, second)):
        assert f"Seats: {names(world, choice)}<" in nobody.get(tab.path).text


def test_who_signs_in_goes_on_with_the_seats_of_that_tab(world: World, market: Market, nobody: Browser) -> None:
    first, second = market.seats(), market.seats()
    page = choose(nobody, first)
    choose(nobody, second)
    person = world.new_customer()
    form = nobody.get(link(page, "/en/sign-in/"))
    paying = nobody.submit(form, name=person.username, password=person.password)
    assert (paying.path.endswith("/pay/"), f"Seats: {names(world, first)}<" in paying.text) == (True, True)


def test_seats_that_went_meanwhile_are_named_however_often_it_is_looked(
    world: World, market: Market, nobody: Browser
) -> None:
    choice = market.seats()
    who = choose(nobody, choice)
    lost = Choice(choice.showtime, choice.seats[:1])
    book(market.customer(), lost)
    again = as_guest(nobody, who)
    assert (again.path, again.status) == (f"/en/showtimes/{choice.showtime}/", 200)
    for page in (again, nobody.get(link(again, again.path.replace("/en/", "/de/")).replace("/de/", "/en/"))):
        assert f"a seat that you chose is taken. {names(world, lost)}" in page.text
        assert re.search(rf'value="{choice.seats[1]}"[^>]* checked', page.text)


def test_a_choice_that_is_gone_is_said_on_its_showtimes_page(market: Market, nobody: Browser) -> None:
    showtime = market.seats(1).showtime
    page = nobody.get(f"/en/who/?showtime={showtime}&choice=gone")
    assert (page.path, page.status) == (f"/en/showtimes/{showtime}/", 200)
    assert "Your choice was not kept." in page.text


def test_seats_whose_session_another_tab_has_ended_are_still_chosen_on_their_showtimes_page(
    world: World, market: Market, nobody: Browser
) -> None:
    choice, person = market.seats(), world.new_customer()
    who = choose(nobody, choice)
    nobody.sign_in(person.username, person.password)
    nobody.submit(nobody.get("/en/account/"), "/en/sign-out/")
    again = as_guest(nobody, who)
    assert (again.path, again.status) == (f"/en/showtimes/{choice.showtime}/", 200)
    assert "Your choice was not kept." in again.text
    for seat in choice.seats:
        assert re.search(rf'value="{seat}"[^>]* checked', again.text)


def test_a_mistyped_gift_card_leaves_the_card_and_what_was_typed(market: Market, nobody: Browser) -> None:
    paying = as_guest(nobody, choose(nobody, market.seats()))
    entered = nobody.submit(nobody.get(paying.path.replace("/pay/", "/card/")), "/card-entered")
    assert "••••" in entered.text
    refused = nobody.submit(entered, gift_card="MISTYPED-CODE")
    assert "This gift card is not valid." in refused.text
    assert ('value="MISTYPED-CODE"' in refused.text, "••••" in refused.text) == (True, True)
    paid = nobody.submit(refused, gift_card="")
    assert re.fullmatch(r"/en/bookings/[0-9a-f-]{36}/", paid.path)


def test_cards_of_two_bookings_are_entered_in_two_tabs(market: Market, nobody: Browser) -> None:
    first = as_guest(nobody, choose(nobody, market.seats()))
    choice = market.seats()
    second = nobody.submit(nobody.get(f"/en/showtimes/{choice.showtime}/"), seat=choice.seats)
    entering = [nobody.get(tab.path.replace("/pay/", "/card/")) for tab in (first, second)]
    for tab, page in zip((first, second), entering, strict=True):
        entered = nobody.submit(page, "/card-entered")
        assert (entered.path, "••••" in entered.text) == (tab.path, True)
    assert nobody.submit(nobody.get(first.path)).path == first.path.replace("/pay/", "/")
    assert "••••" in nobody.get(second.path).text
