"""Pages for everybody: what axe finds on them (WCAG 2.2 AA), and whether they scroll sideways."""

from collections.abc import Mapping, Sequence
from typing import Any

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
LOOKS = [(width, scheme) for width in (390, 768, 1280) for scheme in ("light", "dark")]
# What another scheme of colours can change of a page that was looked at whole in one.
COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
NARROWEST = 320
# What heeds the width of the window has done so by the frame after the next.
AXE = """
rules => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() => axe.run(rules))
"""


def assert_is_for_everybody(
    page: Page, name: str, looks: Sequence[tuple[int, str]] = LOOKS, *, again: Mapping[str, Any] = RULES
) -> None:
    """Axe finds nothing, whatever the window and the scheme of colours. again: the rules of a width the second time."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    seen: set[int] = set()
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal of the two
        found = AxeResults(page.evaluate(AXE, again if width in seen else RULES))
        assert found.violations_count == 0, f"{name} at {width}, {scheme}:\n{found.generate_report()}"
        seen.add(width)


def overhang(page: Page, width: int) -> int:
    """By how many pixels a page is wider than such a window; what scrolls by itself may be as wide as it is."""
    page.set_viewport_size({"width": width, "height": 900})
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
