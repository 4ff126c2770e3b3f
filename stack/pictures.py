"""`python -m stack.pictures shop|desk|icons`: pictures that a command makes, with the browser of the tests.

shop: the first picture of README.md, and desk: those of docs/staff.md, of the running instance that MARQUEE_STATE names
(`make pictures`).
icons: the shop's icons as PNG, from its SVG.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

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
    _sign_in(page, demo.accounts(stack)["admin"])
    _shoot(page, "home", "/admin/")
    page.goto("/admin/booking/bookings/booking/?status__exact=CONFIRMED")
    reference = page.locator("#result_list tbody th").first.inner_text().split()[0]
    page.goto(f"/admin/auth/search/?q={reference}")
    page.wait_for_url("**/whole/")
    _shoot(page, "booking", page.url)
    _shoot(page, "customer", page.locator('a[href^="/admin/auth/customers/"]').first.get_attribute("href") or "")
    page.go_back()
    chart = page.locator('a[href$="/map/"]').first.get_attribute("href")
    _shoot(page, "map", chart or "/admin/booking/tonight/")
    _choose_seats(page)
    _shoot(page, "counter", page.url)
    for name, address in DESK.items():
        _shoot(page, name, address)
    page.set_viewport_size({"width": 390, "height": 800})
    _shoot(page, "door", "/admin/booking/door/")


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


def _shoot(page: Page, name: str, address: str) -> None:
    page.goto(address)
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
