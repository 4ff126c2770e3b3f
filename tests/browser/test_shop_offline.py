"""The shop without a network: tickets that were looked at, and nothing of whoever signed out."""

from playwright.sync_api import Page
from world import Market, book, settled


def test_tickets_are_shown_without_a_network_until_their_reader_signs_out(page: Page, market: Market) -> None:
    person = market.customer()
    booked = book(person, market.seats(1), "tok_visa")
    settled(person, booked, "CONFIRMED", "captured")
    page.goto("/en/sign-in/")
    page.fill("[name=name]", person.username)
    page.fill("[name=password]", person.password)
    page.click("main button")
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("navigator.serviceWorker.controller")
    page.goto(f"/en/bookings/{booked['id']}/")
    page.wait_for_function("async path => Boolean(await caches.match(path))", arg=f"/en/bookings/{booked['id']}/")

    page.context.set_offline(True)
    page.goto("/en/cinemas/?offline")
    page.click(f"#kept a[href='/en/bookings/{booked['id']}/']")
    assert page.locator(".codes svg").count() == 1

    page.context.set_offline(False)
    page.goto("/en/")
    page.click(".me button")
    page.wait_for_url("**/en/**")
    assert page.evaluate("async () => (await (await caches.open('tickets')).keys()).length") == 0
