"""What a customer does with a booking in the shop: keeps its papers, gives it back or a part of it, exchanges it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from waiting import wait_for
from world import PRICE, Choice, Market, Person, book, pay, settled, showtime_body, wait_until_on_sale

PATHS = (
    "",
    "status/",
    "cancel/",
    "calendar.ics",
    "tickets.pdf",
    "receipt/",
    "give-back/",
    "exchange/",
    "exchange/{showtime}/",
    "seats/{seat}/ticket.pkpass",
    "seats/{seat}/google/",
)
# A page asks by it how its booking stands.
LOOK = re.compile(r"/status/\?")


@pytest.fixture(scope="module")
def other(market: Market) -> str:
    """A showtime of the film at twice the price, before all others."""
    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=60)
    body = showtime_body(market.movie, market.screen, starts_at)
    body["prices"] = {"standard": {**PRICE, "amount": 2 * PRICE["amount"]}}
    made = str(market.world.staff("admin").post("/api/showtimes", body).ok(201)["id"])
    wait_until_on_sale(market.world, made)
    return made


def bought(customer: Person, choice: Choice) -> dict[str, Any]:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    wait_for(lambda: customer.get(f"/api/bookings/{booked['id']}").ok()["tickets"], what="tickets")
    return booked


def sign_in(page: Page, customer: Person) -> None:
    page.goto("/en/sign-in/")
    page.locator("#name").fill(customer.username)
    page.locator("#password").fill(customer.password)
    page.locator("main form button").click()
    expect(page.get_by_role("heading", name="My tickets")).to_be_visible()


def calendar(page: Page, address: str) -> dict[str, str]:
    """The lines of its entry."""
    text = page.request.get(f"{address}calendar.ics").text()
    return dict(line.split(":", 1) for line in text.replace("\r\n ", "").splitlines())


def test_papers_then_a_part_back_then_another_time_then_all_of_it(page: Page, market: Market, other: str) -> None:
    customer, choice = market.customer(), market.seats(2)
    booking = bought(customer, choice)
    sign_in(page, customer)
    page.get_by_role("link", name=market.movie["title"]).first.wait_for()
    address = f"/en/bookings/{booking['id']}/"
    page.goto(address)

    for name, media_type, begins in (
        ("tickets.pdf", "application/pdf", b"%PDF-"),
        (f"seats/{choice.seats[0]}/ticket.pkpass", "application/vnd.apple.pkpass", b"PK"),
        ("receipt/", "text/html", b"<!doctype html>"),
    ):
        answer = page.request.get(address + name)
        assert answer.headers["content-type"].partition(";")[0] == media_type
        assert answer.body().lower().startswith(begins.lower())
        assert "no-store" in answer.headers["cache-control"]
    assert calendar(page, address)["UID"] == booking["id"]

    page.get_by_role("link", name="Give seats back").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="What comes back?").click()
    expect(page.get_by_role("status")).to_contain_text("₫120,000 comes back. It is early enough: nothing is kept.")
    page.get_by_role("button", name="Give them back").click()
    expect(page.locator(".notes")).to_contain_text("₫120,000 goes back to where it came from.")
    expect(page.locator(".codes li")).to_have_count(1)

    page.get_by_role("link", name="Choose another time").click()
    page.locator(f"a.time[href*='{other}']").click()
    expect(page.locator(".lines tfoot")).to_have_text(re.compile(r"To pay\s*₫120,000"))
    page.get_by_role("link", name="Another time").click()
    page.locator(f"a.time[href*='{next(each for each in market.showtimes if each != choice.showtime)}']").click()
    page.get_by_role("button", name="Exchange it").click()
    expect(page.locator(".codes li")).to_have_count(1)
    settled(customer, booking, "CANCELLED")
    exchanged = page.url
    page.goto(address)
    expect(page.locator(".status")).to_contain_text("It was exchanged for another showtime.")

    page.goto(f"{exchanged}cancel/")
    expect(page.locator("main")).to_contain_text("₫120,000 comes back.")
    page.get_by_role("button", name="Cancel the booking").click()
    expect(page.locator(".status")).to_contain_text("You cancelled it.")


def test_a_dearer_time_is_paid_for_the_rest(page: Page, market: Market, other: str) -> None:
    customer = market.customer()
    booking = bought(customer, market.seats(1))
    sign_in(page, customer)
    page.goto(f"/en/bookings/{booking['id']}/exchange/{other}/")
    page.get_by_role("button", name="Go on to paying").click()
    expect(page.get_by_role("button", name="Pay ₫120,000")).to_be_visible()
    page.goto(f"/en/bookings/{booking['id']}/exchange/{other}/")
    page.get_by_role("button", name="Go on to paying").click()
    expect(page.get_by_role("alert")).to_contain_text("You hold seats in exchange for this booking already.")


def test_seats_of_an_exchange_are_chosen_and_their_price_is_seen_first(
    page: Page, plain: Page, market: Market, other: str
) -> None:
    customer = market.customer()
    booking = bought(customer, market.seats(1))
    address = f"/en/bookings/{booking['id']}/exchange/{other}/"
    sign_in(page, customer)
    page.goto(address)
    free = page.locator("input[name=seat][data-status=available]:not(:checked)")
    wanted = free.last.get_attribute("data-name")
    free.last.check()
    expect(page.locator("#price")).to_contain_text(f"Seats: {wanted}")
    expect(page.locator("input[name=seat]:checked")).to_have_count(1)

    sign_in(plain, customer)
    plain.goto(address)
    go_on = plain.get_by_role("button", name="Go on to paying")
    plain.locator("input[name=seat]:checked").uncheck()
    go_on.click()
    expect(plain.get_by_role("alert")).to_contain_text("Please choose as many seats as tickets.")
    plain.locator("input[name=seat]:checked").uncheck()
    plain.locator(f"input[data-name={wanted}]").check()
    go_on.click()
    expect(plain.locator("#price")).to_contain_text(f"Seats: {wanted}")
    expect(plain.locator("input[name=seat]:checked")).to_have_attribute("data-name", str(wanted))
    go_on.click()
    expect(plain.locator("main")).to_contain_text(f"Seats: {wanted}")
    expect(plain.get_by_role("button", name="Pay ₫120,000")).to_be_visible()
    held = customer.get("/api/bookings").ok()["results"][0]
    customer.delete(f"/api/bookings/{held['id']}").ok()


def test_a_moved_showtime_is_shown_beside_what_was_booked(page: Page, market: Market, admin: Person) -> None:
    customer = market.customer()
    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=70)
    body = showtime_body(market.movie, market.screen, starts_at)
    showtime = admin.post("/api/showtimes", body).ok(201)["id"]
    wait_until_on_sale(market.world, showtime)
    seat = customer.get(f"/api/showtimes/{showtime}/seats").ok()["seats"][0]["id"]
    booking = bought(customer, Choice(showtime, [seat]))
    address = f"/en/bookings/{booking['id']}/"
    sign_in(page, customer)
    before = calendar(page, address)
    moved = (starts_at + timedelta(hours=4)).isoformat()
    admin.patch(f"/api/showtimes/{showtime}", {"starts_at": moved}).ok()
    wait_for(lambda: calendar(page, address)["DTSTART"] != before["DTSTART"], what="the move in booking")

    after = calendar(page, address)
    own = f"/api/bookings/{booking['id']}"
    wait_for(lambda: customer.get(own).ok()["change"], what="the customer is told")
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    page.goto(address)
    told = page.locator(".moved")
    expect(told.get_by_role("row")).to_have_count(2)
    expect(told.get_by_role("link", name="Cancel for free")).to_be_visible()
    expect(told).to_contain_text("you may cancel it for free because of this change")
    expect(told).to_contain_text("you can no longer cancel for free because of this change")
    told.get_by_role("button", name="keep it").click()
    expect(page.locator(".codes li")).to_have_count(1)
    expect(told).to_have_count(0)
    assert customer.get(own).ok()["change"]["accepted"]
    assert customer.get(f"{own}/history").ok()["results"][-1]["trigger"] == "change_accepted"


@pytest.fixture
def declined(page: Page, market: Market) -> Iterator[tuple[Person, dict[str, Any]]]:
    """Somebody whose card was declined, and the booking, whose page is open. The page's clock is the test's."""
    customer = market.customer()
    booking = book(customer, market.seats(1))
    assert pay(customer, booking, "tok_card_declined").status == 402
    settled(customer, booking, "PENDING", "declined")
    sign_in(page, customer)
    page.clock.install()
    page.goto(f"/en/bookings/{booking['id']}/")
    expect(page.get_by_role("status")).to_contain_text("The card was declined. Nothing was taken.")
    yield customer, booking
    customer.delete(f"/api/bookings/{booking['id']}")


def test_how_a_booking_stands_is_said_once_and_when_it_changes(
    page: Page, declined: tuple[Person, dict[str, Any]]
) -> None:
    standing = page.get_by_role("status")
    standing.evaluate("""said => {
        said.changes = 0;
        const all = { childList: true, subtree: true, characterData: true };
        new MutationObserver(() => said.changes++).observe(said, all);
    }""")
    for _ in range(2):
        with page.expect_response(LOOK) as looked:
            page.clock.run_for(1000)
        assert looked.value.status == 204
    assert standing.evaluate("said => said.changes") == 0
    page.locator("input[name=standing]").evaluate("shown => { shown.value = 'pending-none'; }")
    page.clock.run_for(1000)
    expect(page.locator("input[name=standing]")).to_have_value("pending-declined")
    assert standing.evaluate("said => said.changes") == 1

    customer, booking = declined
    assert pay(customer, booking, "tok_visa").status == 201
    settled(customer, booking, "CONFIRMED", "captured")
    wait_for(lambda: customer.get(f"/api/bookings/{booking['id']}").ok()["tickets"], what="tickets")
    page.clock.run_for(1000)
    expect(page.locator(".codes li")).to_have_count(1)


def test_a_look_that_failed_is_repeated(page: Page, declined: tuple[Person, dict[str, Any]]) -> None:
    page.route(LOOK, lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed"):
        page.clock.run_for(1000)
    with page.expect_response(LOOK) as looked:
        page.clock.run_for(1000)
    assert looked.value.status == 204


def test_who_was_signed_out_meanwhile_signs_in_and_comes_back(
    page: Page, declined: tuple[Person, dict[str, Any]]
) -> None:
    customer, booking = declined
    page.context.clear_cookies()
    page.clock.run_for(1000)
    page.locator("#name").fill(customer.username)
    page.locator("#password").fill(customer.password)
    page.locator("main form button").click()
    page.wait_for_url(f"**/en/bookings/{booking['id']}/")


def test_waiting_for_a_card_has_an_end(page: Page, declined: tuple[Person, dict[str, Any]]) -> None:
    page.locator("input[name=since]").evaluate("began => { began.value -= 60; }")
    page.clock.run_for(1000)
    expect(page.get_by_role("status")).to_contain_text("A mail will tell you what became of it.")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(5000)
    # Whatever was asked before this has been seen by now.
    page.evaluate("fetch('/robots.txt')")
    assert [address for address in asked if "/status/" in address] == []
    assert asked


def test_what_is_somebody_elses_is_not_there(page: Page, market: Market) -> None:
    choice = market.seats(1)
    booking = bought(market.customer(), choice)
    sign_in(page, market.customer())
    found = {
        path: page.request.get(
            f"/en/bookings/{booking['id']}/{path.format(showtime=choice.showtime, seat=choice.seats[0])}",
            max_redirects=0,
        ).status
        for path in PATHS
    }
    assert found == dict.fromkeys(PATHS, 404)
