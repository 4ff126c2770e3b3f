"""Every page that the five sites have of their models, as each role opens it: its list, its forms, what asks first."""

from collections.abc import Callable, Iterator

import pytest
from admin_pages import Opened, models_of, pages_of
from admin_site import Visitor, sell
from axe_playwright_python.sync_playwright import Axe
from desk import PANELS_CAME, WIDTHS, assert_is_seen
from endpoints import SERVICES
from everybody import overhang
from playwright.sync_api import Page, expect
from world import Market, new_key, payment_of, settled

StaffPage = Callable[[str, str], Page]

# Rows of a list are alike, and choices of a filter: axe takes long, and looks at the first ones.
TAKE_FURTHER_AWAY = """
() => document.querySelectorAll(
  '#result_list tbody tr:nth-child(n + 6), #changelist-filter li:nth-child(n + 6)'
).forEach(one => one.remove())
"""
# Of what only faults make, or an hour's wait, there may be no row.
MAY_BE_EMPTY = {
    "auth/accounts/secondfactorreset",
    "payment/payments/webhookdelivery",
    "auth/chassis/idempotencykey",
    "auth/chassis/outboxmessage",
}
# Some of the actions that ask before they act, each of another page.
ASKING = {"reset_second_factor", "make", "approve", "refund", "cancel", "delete_selected"}
# Pages of an admin: fewer would say that the walk has lost its way.
MANY = 100


@pytest.fixture(scope="module")
def everything(market: Market) -> None:
    """A row of each kind that people and staff make."""
    world, customer, choice = market.world, market.customer(), market.seats(2)
    admin, manager = world.staff("admin"), world.staff("manager")
    customer.post("/api/payments/methods", {"token": "tok_visa"}).ok(201)
    world.anybody.post("/api/auth/password/reset", {"email": customer.email})
    left = world.new_customer()
    admin.patch(f"/api/auth/users/{left.id}/rights", {"roles": ["customer", "support"]}).ok()

    word = f"WALK{new_key()[:8].upper()}"
    promotion = {"name": "The walk", "label": "A tenth off", "off": "percent", "value": 10}
    promotion = admin.post("/api/promotions", promotion).ok(201)
    admin.post(f"/api/promotions/{promotion['id']}/codes", {"word": word}).ok(201)
    admin.post(f"/api/showtimes/{choice.showtime}/seats/blocked", {"seat_ids": choice.seats[1:]}).ok(204)
    asked = {"showtime_id": choice.showtime, "seat_ids": choice.seats[:1], "promo_code": word}
    body = {**asked, "payment_method": {"token": "tok_visa"}}
    booked = settled(customer, customer.post("/api/bookings", body, key=new_key()).ok(201), "CONFIRMED", "captured")
    refund = {"payment_id": payment_of(customer, booked)["id"], "amount": 1000, "reason": "The sound was bad."}
    manager.post("/api/refunds", refund, key=new_key()).ok(201)

    for amount in (1000, 9_000_000):
        issue = {"origin": "sold", "amount": {"amount": amount, "currency": "VND"}, "reason": "Paid in cash."}
        made = manager.post("/api/gift-cards/issues", issue, key=new_key()).ok(201)
        if made["status"] == "approved":
            manager.post(f"/api/gift-cards/issues/{made['id']}/codes").ok(201)

    desk = Visitor(world, "booking", world.where.accounts["support"])
    paid = {"id": sell(desk, market.seats(1), handed="999999")}
    settled(manager, paid, "CONFIRMED", "captured")
    manager.delete(f"/api/bookings/{paid['id']}", {"reason": "The customer is ill."}).ok()
    settled(manager, paid, "CANCELLED", "refunded")


def every_page(page: Page) -> Iterator[Opened]:
    """Opens each in turn, and waits for its panels. What all sites have is the same everywhere: of the first one."""
    seen: set[str] = set()
    for service in SERVICES:
        for listed, add in models_of(page, service):
            model = listed.removeprefix(f"/admin/{service}/")
            if model in seen:
                continue
            seen.add(model)
            for each in pages_of(page, listed, add):
                assert page.locator("#content h1").count() == 1, f"{each} is no page of the desk: {page.url}"
                page.wait_for_function(PANELS_CAME)
                yield each


@pytest.mark.usefixtures("everything")
def test_every_page_of_every_model_is_for_everybody(staff_page: StaffPage) -> None:
    page, opened = staff_page("booking", "admin"), []
    page.add_init_script(Axe().axe_script)
    for each in every_page(page):
        assert [overhang(page, width) for width in WIDTHS] == [0, 0], str(each)
        page.evaluate(TAKE_FURTHER_AWAY)
        assert_is_seen(page, str(each))
        opened.append(each)
    of_a_row = {each.model for each in opened if each.kind == "row"}
    assert {each.model for each in opened} - of_a_row <= MAY_BE_EMPTY
    assert {each.kind for each in opened} >= ASKING
    assert len(opened) > MANY


@pytest.mark.parametrize("role", ["support", "manager"])
@pytest.mark.usefixtures("everything")
def test_every_page_of_every_model_opens_and_is_not_moved_sideways(staff_page: StaffPage, role: str) -> None:
    page, kinds = staff_page("booking", role), set()
    for each in every_page(page):
        assert [overhang(page, width) for width in WIDTHS] == [0, 0], str(each)
        kinds.add(each.kind)
    assert kinds >= {"list", "row", "history"}


def test_a_choice_among_many_has_its_name_while_it_is_made(staff_page: StaffPage) -> None:
    page = staff_page("catalog", "admin")
    page.goto("/admin/catalog/catalog/showtime/add/")
    movie = page.get_by_role("combobox", name="Movie:")
    movie.click()
    offered = page.get_by_role("listbox", name="Choices").get_by_role("option")
    expect(offered.nth(1)).to_be_visible()
    assert_is_seen(page, "choosing")
    title = offered.nth(1).inner_text()
    offered.nth(1).click()
    expect(page.get_by_role("combobox", name=f"Movie: {title}")).to_be_visible()
