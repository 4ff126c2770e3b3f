"""The desk in a browser: pages put together from the panels of five services."""

import re
from collections.abc import Callable

import pytest
from desk import assert_is_seen
from playwright.sync_api import Page, Route, expect
from waiting import wait_for
from world import Market, World, book, settled

StaffPage = Callable[[str, str], Page]

SHOWN_CARD = "4242"
FEW_CLICKS = 6


@pytest.fixture(scope="module")
def bought(world: World, market: Market) -> dict[str, str]:
    """A booking that is paid and whose customer was told so: its id, its reference, its customer."""
    customer = market.customer()
    booking = book(customer, market.seats(2), "tok_visa")
    settled(customer, booking, "CONFIRMED", "captured")
    wait_for(
        lambda: world.mail_about(customer.email, "ticket", booking["reference"]), seconds=30, what="ticket by mail"
    )
    return {"id": booking["id"], "reference": booking["reference"], "customer": customer.id, "email": customer.email}


def complete(page: Page) -> None:
    """Every panel has come, and none has a gap."""
    expect(page.locator("main")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".desk-away")).to_have_count(0)


def test_home_search_a_booking_and_its_customer_are_whole_at_390_and_1280(
    staff_page: StaffPage, bought: dict[str, str]
) -> None:
    page = staff_page("auth", "support")
    page.goto("/admin/")
    complete(page)
    expect(page.get_by_role("heading", name="Tonight")).to_be_visible()
    assert_is_seen(page, "home")
    page.goto(f"/admin/auth/search/?q={bought['email']}")
    complete(page)
    expect(page.get_by_role("link", name=bought["reference"])).to_be_visible()
    assert_is_seen(page, "search")
    # Nothing else is called so: its page comes at once.
    page.goto(f"/admin/auth/search/?q={bought['reference'].lower()}")
    page.wait_for_url(f"**/admin/booking/bookings/{bought['id']}/whole/")
    complete(page)
    line = page.locator("[data-timeline]")
    expect(line.get_by_text("told by mail").first).to_be_visible()
    times = line.locator("time").evaluate_all("all => all.map(one => Date.parse(one.dateTime))")
    assert times == sorted(times)
    said = line.inner_text()
    for part in ("seats held", "reserved on the card", "taken", "seats sold", "told by mail"):
        assert part in said, part
    assert_is_seen(page, "booking")
    page.goto(f"/admin/auth/customers/{bought['customer']}/")
    complete(page)
    for part in (bought["email"], bought["reference"]):
        expect(page.get_by_text(part).first).to_be_visible()
    assert_is_seen(page, "customer")


def test_charged_and_no_ticket_is_answered_from_the_last_four_digits_in_few_clicks(
    staff_page: StaffPage, bought: dict[str, str]
) -> None:
    page = staff_page("auth", "support")
    page.goto("/admin/")
    clicks = 0

    def click(what: object) -> None:
        nonlocal clicks
        what.click()  # type: ignore[attr-defined]  # a Locator
        clicks += 1

    box = page.get_by_role("searchbox", name="Search")
    click(box)
    box.fill(SHOWN_CARD)
    click(page.get_by_role("button", name="Search"))
    click(page.get_by_role("link", name=bought["reference"]))
    line = page.locator("[data-timeline]")
    expect(line.get_by_text(re.compile("told by mail: ticket"))).to_be_visible()
    expect(line.get_by_text(re.compile("taken"))).to_be_visible()
    ticket = page.locator("li", has_text="ticket, by email").first
    click(ticket.get_by_role("button", name="Send again"))
    page.get_by_label("Reason").fill("Charged, and no ticket.")
    click(page.get_by_role("button", name="Send again"))
    expect(page.get_by_text("1 will be sent again.")).to_be_visible()
    assert clicks <= FEW_CLICKS


def test_what_staff_are_about_to_do_shows_the_mail_that_tells_of_it(
    staff_page: StaffPage, bought: dict[str, str]
) -> None:
    page = staff_page("auth", "support")
    page.goto(f"/admin/booking/bookings/{bought['id']}/whole/")
    page.get_by_role("button", name="Cancel all of it").click()
    mail = page.locator("pre")
    expect(mail).to_contain_text("is cancelled")
    page.get_by_label("Message").fill("The projector failed.")
    expect(mail).to_contain_text("The projector failed.")
    page.go_back()
    page.get_by_role("link", name="Exchange").click()
    expect(page.get_by_role("heading", name="Exchange")).to_be_visible()


def test_a_service_that_is_away_leaves_a_gap_and_a_closed_door_none(staff_page: StaffPage) -> None:
    page = staff_page("auth", "support")

    def answer(route: Route) -> None:
        if "/payment/" in route.request.url:
            route.fulfill(status=503, body="{}")
        elif "/catalog/" in route.request.url:
            route.fulfill(status=403, body="{}")
        else:
            route.continue_()

    page.route("**/panels/**", answer)
    page.goto("/admin/")
    expect(page.get_by_text("Payments are away at the moment.").first).to_be_visible()
    expect(page.get_by_role("heading", name="Catalog")).to_have_count(0)


def test_whoever_was_signed_out_meanwhile_reads_so_and_finds_no_form_in_a_panel(staff_page: StaffPage) -> None:
    page = staff_page("auth", "support")
    page.goto("/admin/")
    complete(page)
    page.context.clear_cookies()
    page.evaluate(
        "const panel = document.querySelector('main [hx-get]'); htmx.ajax('GET', panel.getAttribute('hx-get'), panel)"
    )
    expect(page.get_by_text("You are signed out.").first).to_be_visible()
    expect(page.locator("#login-form")).to_have_count(0)
