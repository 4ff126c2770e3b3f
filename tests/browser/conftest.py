"""Pages as people see them, in a real Chromium. What the other tests ask by HTTP is not asked again here: only what a
browser alone decides, what runs, what is fetched, where a click leads.

A test takes `page`, a window of its own with nobody signed in. A page that fails leaves its picture beside the test.
"""

import os
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from playwright.sync_api import Browser, Page, expect, sync_playwright
from shopping import TELEPHONE, Shopping
from stranger import Stranger
from world import PRICE, Market, Person, World, book, new_key, settled, showtime_body, wait_until_on_sale

# Milliseconds that a page, or what is waited for on it, may take; more than the slowest machine needs.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


def believing(gateway: str) -> list[str]:
    """What Chromium is started with so that it takes a gateway for who it is: the key of its certificate, if an
    authority of SSL_CERT_FILE signed that. By itself it knows only the system's."""
    where = urlsplit(gateway)
    if where.scheme != "https" or "SSL_CERT_FILE" not in os.environ:
        return []
    pem = ssl.get_server_certificate((where.hostname or "", where.port or 443), ca_certs=os.environ["SSL_CERT_FILE"])
    key = (
        load_pem_x509_certificate(pem.encode())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    return [f"--ignore-certificate-errors-spki-list={b64encode(sha256(key).digest()).decode()}"]


@pytest.fixture(scope="session")
def chromium(world: World) -> Iterator[Browser]:
    from stack import packages  # where a browser of this machine is

    with sync_playwright() as playwright:
        args = believing(world.where.gateway)
        browser = playwright.chromium.launch(executable_path=packages.browser(), args=args)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, world: World, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A window whose addresses are the gateway's. An error that no script caught there fails the test."""
    context = chromium.new_context(base_url=world.where.gateway, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    uncaught: list[str] = []
    context.on("weberror", lambda error: uncaught.append(str(error.error)))
    page = context.new_page()
    yield page
    if request.node.stash.get(FAILED, False):
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        request.node.add_report_section("teardown", "how the page looked", str(tmp_path / "page.png"))
    context.close()
    assert not uncaught


@pytest.fixture(scope="session")
def unpaid(chromium: Browser, house_for_one: str, world: World) -> Iterator[tuple[Shopping, list[str]]]:
    """A guest who looks on while the time to pay runs out, and the names of the seats."""
    context = chromium.new_context(base_url=world.where.gateway, viewport=TELEPHONE)
    shopping = Shopping(context.new_page())
    shopping.open(house_for_one)
    seats = shopping.chosen()
    shopping.go_on()
    shopping.as_guest()
    shopping.page.locator("[data-seconds]").wait_for()
    yield shopping, seats
    context.close()


@pytest.fixture(scope="session")
def unpaid_exchange(market: Market) -> tuple[Person, dict[str, Any], dict[str, Any]]:
    """Who has a booking, that, and another one that is held in exchange for it and costs more."""
    customer = market.customer()
    old = book(customer, market.seats(1), "tok_visa")
    settled(customer, old, "CONFIRMED", "captured")
    dear = house_of(market, "Dear house", amount=2 * PRICE["amount"])
    body = {"showtime_id": dear, "quantity": 1}
    return customer, old, customer.post(f"/api/bookings/{old['id']}/exchange", body, key=new_key()).ok(201)


@pytest.fixture(autouse=True)
def _begin_early(request: pytest.FixtureRequest) -> None:
    """What is not paid begins with the first test, and is mostly over by the time its own comes."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for name in {"unpaid", "unpaid_exchange"} & wanted:
        request.getfixturevalue(name)


@pytest.fixture
def plain(chromium: Browser, world: World) -> Iterator[Page]:
    """A telephone's window of a browser without JavaScript."""
    context = chromium.new_context(base_url=world.where.gateway, viewport=TELEPHONE, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def cookies(chromium: Browser, world: World) -> Callable[[str, str], Any]:
    """cookies(service, role): of somebody of that role, who has signed in at the service's admin site; once for all."""

    @cache
    def signed_in(service: str, role: str) -> Any:
        account = world.where.accounts[role]
        with chromium.new_context(base_url=world.where.gateway) as context:
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(f"/admin/{service}/login/?next=/admin/{service}/")
            page.get_by_label("Username").fill(account["username"])
            page.get_by_label("Password").fill(account["password"])
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("button", name="Log out").wait_for()
            return context.cookies()

    return signed_in


@pytest.fixture
def staff_page(page: Page, cookies: Callable[[str, str], Any]) -> Callable[[str, str], Page]:
    """staff_page(service, role): the window, with somebody of that role signed in at the service's admin site."""

    def signed_in(service: str, role: str) -> Page:
        page.context.add_cookies(cookies(service, role))
        return page

    return signed_in


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with Stranger() as running:
        yield running


@pytest.fixture(scope="session")
def small_house(market: Market) -> str:
    """A showtime with every kind of seat, of which the tests of the shop may take any."""
    return house_of(market, "Small house")


@pytest.fixture(scope="session")
def house_for_one(market: Market) -> str:
    """Another one like it, in which nobody else takes a seat."""
    return house_of(market, "House for one")


def house_of(market: Market, name: str, *, amount: int = PRICE["amount"]) -> str:
    """A new showtime with every kind of seat, each for that much."""
    kinds = ["standard"] * 4 + ["premium"] * 2 + ["couple"]
    places = [
        {"row": chr(65 + y), "number": x, "x": x, "y": y + 1, "category": kind}
        for y, kind in enumerate(kinds)
        for x in range(1, 11)
    ]
    places[0]["category"], places[1]["category"] = "accessible", "companion"
    admin = market.world.staff("admin")
    screens = f"/api/theaters/{market.theater['id']}/screens"
    screen = admin.post(screens, {"name": name, "seats": places}).ok(201)
    body = showtime_body(market.movie, screen, datetime.now(UTC).replace(microsecond=0) + timedelta(days=2))
    price = {**PRICE, "amount": amount}
    body["prices"] = dict.fromkeys((*kinds, "accessible", "companion"), price)
    showtime = str(admin.post("/api/showtimes", body).ok(201)["id"])
    wait_until_on_sale(market.world, showtime)
    return showtime
