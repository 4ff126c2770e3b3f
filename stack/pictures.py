"""`python -m stack.pictures shop|desk|icons`: pictures that a command makes, with the browser of the tests.

shop: the first picture of README.md, and desk: those of docs/staff.md, of the running instance that MARQUEE_STATE names
(`make pictures`).
icons: the shop's icons as PNG, from its SVG.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright

from stack import demo, lifecycle, packages, variables
from stack.demo import Account
from stack.instance import ROOT, Instance
from stack.lifecycle import Stack
from stack.services import FRONTEND_FOLDER

SHOP = ROOT / "docs" / "pictures" / "shop.png"
STATIC = FRONTEND_FOLDER / "shop" / "static" / "shop"
# What a launcher cuts off of a maskable icon is a tenth on each side: https://www.w3.org/TR/appmanifest/#icon-masks
ICONS = {"icon-192": (192, 0), "icon-512": (512, 0), "icon-maskable-512": (512, 52)}
SETTLED_SELECTOR = ".film"
DESK = {
    "search": "/admin/auth/search/?q=Mai+Tran",
    "tonight": "/admin/booking/tonight/",
    "board": "/admin/catalog/board/",
    "takings": "/admin/payment/takings/",
    "reconciliation": "/admin/payment/reconciliation/",
    "second-factor": "/admin/auth/second-factor/",
}
PAY_OUTS = "/admin/payment/payments/payout/"
# Forms that are filled in and not sent: what is chosen in which field of them, and what is typed.
FORMS = {
    "promotion": (
        "/admin/booking/bookings/promotion/add/",
        {"off": "percent"},
        {"name": "Rainy Tuesdays", "label": "A quarter off on Tuesdays", "value": "25"},
    ),
    "gift-cards": (
        "/admin/payment/payments/giftcardissue/add/",
        {"origin": "sold"},
        {"count": "10", "amount": "500000", "currency": "VND", "reason": "Sold at the till, paid in cash."},
    ),
}


def icons(browser: Browser) -> None:
    drawing = (STATIC / "icon.svg").read_text()
    for name, (size, margin) in ICONS.items():
        page = browser.new_page(viewport={"width": size, "height": size})
        style = f"margin:0;background:#14121f;display:grid;padding:{margin}px;width:{size}px;box-sizing:border-box"
        page.set_content(f'<body style="{style}">{drawing}')
        page.screenshot(path=STATIC / f"{name}.png")
        page.close()


def shop(browser: Browser, gateway: str) -> None:
    SHOP.parent.mkdir(exist_ok=True)
    page = browser.new_page(viewport={"width": 1280, "height": 800}, base_url=gateway)
    page.goto("/en/")
    page.wait_for_selector(SETTLED_SELECTOR)
    page.screenshot(path=SHOP)


def desk(browser: Browser, stack: Stack) -> None:
    """Each page as an admin of the demo sees it, on the day of the ticket that `make up` has bought."""
    page = browser.new_page(
        viewport={"width": 1280, "height": 800}, base_url=variables.gateway_url(stack.instance, stack.ports)
    )
    page.route("**/*", _patiently)
    _shoot(page, "sign-in", "/admin/")
    _sign_in(page, demo.accounts(stack)["admin"])
    _shoot(page, "home", "/admin/")
    page.goto("/admin/booking/bookings/booking/?status__exact=CONFIRMED")
    reference = page.locator("#result_list tbody th").first.inner_text().split()[0]
    page.goto(f"/admin/auth/search/?q={reference}")
    page.wait_for_url("**/whole/")
    _shoot(page, "booking", page.url)
    _shoot(page, "customer", page.locator('a[href^="/admin/auth/customers/"]').first.get_attribute("href") or "")
    page.go_back()
    _exchange(page, page.url.replace("/whole/", "/exchange/"))
    _refund(page)
    page.goto(f"/admin/auth/search/?q={reference}")
    page.wait_for_url("**/whole/")
    chart = page.locator('a[href$="/map/"]').first.get_attribute("href")
    _shoot(page, "map", chart or "/admin/booking/tonight/")
    _choose_seats(page)
    _shoot(page, "counter", page.url)
    _sell_and_cancel(page)
    _shoot(page, "pay-outs", PAY_OUTS)
    for name, (address, chosen, typed) in FORMS.items():
        page.goto(address)
        for field, choice in chosen.items():
            page.select_option(f"[name={field}]", choice)
        for field, text in typed.items():
            page.fill(f"[name={field}]", text)
        _keep(page, name)
    _copy(page)
    page.goto("/admin/notify/notifications/notificationtemplate/?code__exact=ticket")
    _shoot(page, "wording", page.locator("#result_list tbody th a").first.get_attribute("href") or "")
    for name, address in DESK.items():
        _shoot(page, name, address)
    page.set_viewport_size({"width": 390, "height": 800})
    _shoot(page, "door", "/admin/booking/door/")


# Of a request that the gateway had too much of.
TRIES = 5


def _patiently(route: Route) -> None:
    """What the gateway had too much of is asked for again: so many pages one after the other no person opens."""
    for _ in range(TRIES):
        answer = route.fetch(max_redirects=0)
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            break
        time.sleep(int(answer.headers["retry-after"]))
    route.fulfill(response=answer)


def _sign_in(page: Page, account: Account) -> None:
    page.goto("/admin/")
    page.fill("[name=username]", account["username"])
    page.fill("[name=password]", account["password"])
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")


def _choose_seats(page: Page) -> None:
    """Two free ones on the map, to be sold."""
    free = page.locator("input[name=seat][aria-label*='on sale']")
    for place in range(2):
        free.nth(place).check()
    page.click("[name=what][value=sell]")
    page.wait_for_url("**/counter/**")


def _exchange(page: Page, address: str) -> None:
    """What it comes to, for the first seats of another showtime."""
    page.goto(address)
    page.locator('#content a[href^="?showtime="]').first.click()
    page.locator("input[name=seat]").first.check()
    page.get_by_role("button", name="See what it comes to").click()
    _keep(page, "exchange")


def _refund(page: Page) -> None:
    page.goto("/admin/payment/payments/payment/?status__exact=captured")
    page.locator("[name=_selected_action]").first.check()
    page.select_option("select[name=action]", "refund")
    page.click("button[name=index]")
    _keep(page, "refund")


def _sell_and_cancel(page: Page) -> None:
    """The seats that are chosen at the counter: so the till owes what they cost, unless it owes something already."""
    counter = page.url
    page.goto(PAY_OUTS)
    if page.locator("#result_list tbody tr").count():
        return
    page.goto(counter)
    page.get_by_role("button", name="Sell for").click()
    page.get_by_text("Sold:").wait_for()
    page.goto(page.url.partition("/counter/")[0] + "/whole/")
    page.get_by_role("button", name="Cancel all of it").click()
    page.fill("[name=reason]", "The projector is broken.")
    page.locator("#content [type=submit]").first.click()
    while not page.locator("#result_list tbody tr").count():
        page.goto(PAY_OUTS)


def _copy(page: Page) -> None:
    """Today at the first theater, which would be shown once more four weeks later."""
    today = datetime.now(UTC).date()
    page.goto("/admin/catalog/catalog/showtime/copy/")
    page.select_option("[name=theater]", index=1)
    page.get_by_role("button", name="Go on").click()
    page.fill("[name=first]", today.isoformat())
    page.fill("[name=begins]", (today + timedelta(weeks=4)).isoformat())
    page.select_option("[name=days]", label="A day")
    page.get_by_role("button", name="Look what fits").click()
    page.get_by_role("heading", name="showtime").scroll_into_view_if_needed()
    _keep(page, "copy")


def _shoot(page: Page, name: str, address: str) -> None:
    page.goto(address)
    _keep(page, name)


def _keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=SHOP.parent / f"desk-{name}.png")


def main(what: str) -> Path:
    """Where the last picture is."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=packages.browser())
        if what == "icons":
            icons(browser)
            return STATIC
        stack = lifecycle.load(Instance.at(Path(os.environ["MARQUEE_STATE"])))
        if what == "desk":
            desk(browser, stack)
            return SHOP.parent
        shop(browser, variables.gateway_url(stack.instance, stack.ports))
        return SHOP


if __name__ == "__main__":
    print(main(sys.argv[1] if len(sys.argv) > 1 else "shop"))
