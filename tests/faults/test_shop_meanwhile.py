"""Something behind the shop is away: it says so in words, and the rest of it works."""

from uuid import uuid4

import pytest
from browsing import Browser
from waiting import wait_for
from world import Choice, Market, Person, World, book, settled

from stack import control

PROGRAMME = "The programme cannot be shown right now"
SEATS = "Seats and bookings cannot be shown right now"
SIGNING_IN = "Signing in and choosing seats do not work right now"


def fresh(path: str) -> str:
    """An address that no cache at the gateway knows."""
    return f"{path}{'&' if '?' in path else '?'}fresh={uuid4()}"


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world)


def test_each_service_that_is_away_is_said_in_words_and_the_rest_is_shown(
    world: World, browser: Browser, customer: Person, choice: Choice
) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    signed_in = browser.sign_in(customer.username, customer.password)
    assert booked["reference"] in signed_in.text
    [film] = world.anybody.get("/api/movies?now_showing=true&page_size=1").ok()["results"]
    theater = world.anybody.get("/api/theaters?page_size=1").ok()["results"][0]["id"]

    control.stop("catalog-web")
    gone = browser.get(fresh(f"/en/films/{film['slug']}/"))
    assert (gone.status, PROGRAMME in gone.text) == (503, True)
    assert int(gone.headers["Retry-After"]) > 0
    assert booked["reference"] in browser.get("/en/bookings/").text
    control.start("catalog-web")

    control.stop("booking-web")
    gone = browser.get(fresh("/en/bookings/"))
    assert (gone.status, SEATS in gone.text) == (503, True)
    shown = browser.get(fresh(f"/en/?cinema={theater}"))
    assert (shown.status, film["title"] in shown.text or "/en/showtimes/" in shown.text) == (200, True)
    control.start("booking-web")

    control.stop("frontend-web")
    page = browser.get(fresh("/vi/"))
    assert (page.status, "Vé bạn đã mua" in page.text) == (503, True)
    customer.get(f"/api/bookings/{booked['id']}").ok()


def test_without_redis_the_programme_is_shown_and_nobody_is_signed_out(
    world: World, browser: Browser, market: Market
) -> None:
    person = market.customer()
    browser.sign_in(person.username, person.password)
    stranger = Browser(world)

    control.stop("redis")
    assert stranger.get(fresh("/en/cinemas/")).status == 200
    refused = stranger.sign_in(person.username, person.password)
    assert (refused.status, SIGNING_IN in refused.text) == (503, True)
    mine = browser.get("/en/bookings/")
    assert (mine.status, SIGNING_IN in mine.text) == (503, True)

    control.start("redis")
    control.wait_ready("redis")
    # Redis kept the session, or lost it with its memory: the cookie is still there in either case. The shop asks it
    # again a moment after it is back.
    wait_for(lambda: browser.get("/en/me/").status == 200, what="the shop's head with its reader's name")
