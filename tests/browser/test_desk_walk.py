"""Every page that the menu of the desk leads to: nothing is cut, drawn over or in code."""

import re
from collections.abc import Callable

import pytest
from desk import PANELS_CAME
from everybody import overhang
from playwright.sync_api import Page

WIDTHS = (390, 1280)
# An id, a day as programmes write it, and a cell that says what Python does.
IN_CODE = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-\S+|\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b\S*|(?:^|\t)(?:None|True|False)(?=$|\t)", re.MULTILINE
)
# What stands in the way of a heading, and buttons of which the words touch the edge.
DRAWN_OVER = """
() => [...document.querySelectorAll('#content h1, #content h2')].filter(heading => {
  const range = document.createRange()
  range.selectNodeContents(heading)
  return [...range.getClientRects()].some(box => {
    const [x, y] = [box.right - 4, box.top + box.height / 2]
    const there = document.elementFromPoint(x, y)
    return there && x < innerWidth && y > 0 && y < innerHeight && !heading.contains(there) && !there.contains(heading)
  })
}).map(heading => heading.innerText)
"""
TIGHT = """
() => [...document.querySelectorAll('a.button, button.button')].filter(button => {
  const style = getComputedStyle(button)
  return button.offsetParent && (parseFloat(style.paddingLeft) < 8 || button.offsetHeight < 24)
}).map(button => button.innerText)
"""


@pytest.mark.parametrize("role", ["support", "manager", "admin"])
def test_what_the_menu_leads_to_is_whole_and_in_words(staff_page: Callable[[str, str], Page], role: str) -> None:
    page = staff_page("booking", role)
    page.goto("/admin/")
    led = page.locator(".desk-menu a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(led) > 15
    for address in dict.fromkeys(led):
        page.goto(address)
        page.wait_for_function(PANELS_CAME)
        assert page.locator(".desk-menu").count() == 1, address
        for width in WIDTHS:
            assert overhang(page, width) == 0, f"{address} at {width}"
            assert page.evaluate(DRAWN_OVER) == [], f"{address} at {width}"
            assert page.evaluate(TIGHT) == [], f"{address} at {width}"
        said = page.locator("#content").inner_text()
        assert IN_CODE.findall(said) == [], address
