"""`python -m stack.pictures shop|icons`: pictures that are made by a command, with the browser that the tests have.

shop: the first picture of README.md, of the running instance that MARQUEE_STATE names (`make pictures`).
icons: the shop's icons as PNG, from its SVG.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from stack import lifecycle, packages, variables
from stack.instance import ROOT, Instance
from stack.services import FRONTEND_FOLDER

SHOP = ROOT / "docs" / "pictures" / "shop.png"
STATIC = FRONTEND_FOLDER / "shop" / "static" / "shop"
# What a launcher cuts off of a maskable icon is a tenth on each side: https://www.w3.org/TR/appmanifest/#icon-masks
ICONS = {"icon-192": (192, 0), "icon-512": (512, 0), "icon-maskable-512": (512, 52)}
SETTLED_SELECTOR = ".film"


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


def main(what: str) -> Path:
    """Where the last picture is."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=packages.browser())
        if what == "icons":
            icons(browser)
            return STATIC
        stack = lifecycle.load(Instance.at(Path(os.environ["MARQUEE_STATE"])))
        shop(browser, variables.gateway_url(stack.instance, stack.ports))
        return SHOP


if __name__ == "__main__":
    print(main(sys.argv[1] if len(sys.argv) > 1 else "shop"))
