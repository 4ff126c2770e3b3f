"""The pages that an admin site has of a model: its list, its forms, its history, and what asks before it acts."""

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Locator, Page


@dataclass(frozen=True, slots=True)
class Opened:
    """A page of a model that is open now. kind: "list", "add", "row", or a link or an action of its row."""

    model: str
    kind: str

    def __str__(self) -> str:
        return f"{self.model} {self.kind}"


# What else a list offers, but for its files.
BESIDE_A_LIST = '.object-tools a:not(.addlink):not([href^="export."])'
# Where a row's own page leads: its history, what asks before it is deleted, a new password for an account.
BESIDE_A_ROW = (".historylink", ".deletelink", '#content a[href$="/password/"]')


def models_of(page: Page, service: str) -> list[tuple[str, str | None]]:
    """Of each model that the front page of the service's site names: its list, and the form that adds one."""
    page.goto(f"/admin/{service}/")
    rows = page.locator('#content-main tr[class^="model-"]')
    found: list[tuple[str, str | None]] = rows.evaluate_all(
        """rows => rows.map(row => [
          row.querySelector('th a')?.getAttribute('href'), row.querySelector('.addlink')?.getAttribute('href') ?? null
        ])"""
    )
    return found


def pages_of(page: Page, listed: str, add: str | None) -> Iterator[Opened]:
    """Opens one page of a model after the other. listed, add: as models_of has them."""
    model = listed.removeprefix("/admin/").strip("/")
    page.goto(listed)
    addresses, asking = _of_the_first_row(page, listed), _asking(page)
    tools = page.locator(BESIDE_A_LIST).evaluate_all("links => links.map(link => link.href)")
    yield Opened(model, "list")
    for tool in tools:
        page.goto(tool)
        yield Opened(model, tool.strip("/").rpartition("/")[-1])
    if add:
        page.goto(add)
        yield Opened(model, "add")
    for address in addresses:
        page.goto(address)
        beside = [link for name in BESIDE_A_ROW if (link := _address(page.locator(name)))]
        yield Opened(model, "row")
        for link in beside:
            page.goto(link)
            yield Opened(model, link.strip("/").rpartition("/")[-1])
    for action in asking:
        page.goto(listed)
        page.locator("input[name=_selected_action]").first.check()
        page.locator("select[name=action]").select_option(action)
        page.locator("button[name=index]").click()
        page.wait_for_load_state()
        yield Opened(model, action)


def _address(link: Locator) -> str:
    """Whole; "": there is no such link."""
    return str(link.first.evaluate("link => link.href")) if link.count() else ""


def _of_the_first_row(page: Page, listed: str) -> list[str]:
    """The page that the first row leads to, and the one with all its fields where that is another one."""
    row = page.locator("#result_list tbody tr").first
    if not row.count():
        return []
    led, key = row.locator("th a, td a").first.get_attribute("href") or "", row.locator("[name=_selected_action]")
    fields = f"{listed}{key.get_attribute('value')}/change/" if key.count() else led
    return list(dict.fromkeys([led, fields]))


def _asking(page: Page) -> list[str]:
    """The actions of the list that ask before they act: by their names, as Django's own does that deletes."""
    if not page.locator("input[name=_selected_action]").count():
        return []
    options = page.locator("select[name=action] option").evaluate_all("all => all.map(one => [one.value, one.text])")
    return [value for value, words in options if words.endswith("…") or value == "delete_selected"]
