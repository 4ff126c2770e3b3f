"""Whatever staff and customers type, the shop shows it as text: nothing of it becomes a part of a page."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page
from shopping import GOOD, Shopping
from world import PRICE, Market, showtime_body, wait_until_on_sale

# Becomes an element wherever it is not escaped: in text, in an attribute, in a script's data.
MARKUP = "</title></script>\"'><img src=x class=pwned onerror=alert(1)>"
NAME = "pwned"


@pytest.fixture(scope="module")
def typed(market: Market) -> dict[str, str]:
    """What staff may call things, and where each is seen: kinds of pages by their path."""
    admin, mark = market.world.staff("admin"), f"{MARKUP}{secrets.token_hex(4)}"
    movie = admin.post(
        "/api/movies",
        {
            "title": mark,
            "original_title": mark,
            "synopsis": mark,
            "duration_minutes": 95,
            "rating": "<b>T16",
            "genres": ["drama"],
            "languages": ["en"],
            "release_date": "2026-01-01",
            "people": [{"name": mark, "role": "director"}],
        },
    ).ok(201)
    theater = admin.post(
        "/api/theaters",
        {
            "name": mark[:100],
            "city": f"Zzz {mark}"[:80],
            "address": mark,
            "description": mark,
            "time_zone": "Europe/Berlin",
            "currency": PRICE["currency"],
        },
    ).ok(201)
    seats = [{"row": "A", "number": x, "x": x, "y": 1, "category": "standard"} for x in range(1, 9)]
    body = {"name": mark[:60], "seats": seats}
    screen = admin.post(f"/api/theaters/{theater['id']}/screens", body).ok(201)
    admin.post(
        f"/api/theaters/{theater['id']}/ticket-types",
        {"code": "odd", "name": mark[:60], "hints": {"en": mark[:60]}},
    ).ok(201)
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    showtime = admin.post("/api/showtimes", showtime_body(movie, screen, starts_at)).ok(201)
    wait_until_on_sale(market.world, showtime["id"])
    slug = admin.get(f"/api/movies/{movie['id']}").ok()["slug"]
    return {
        "programme": f"/en/?cinema={theater['id']}&day={starts_at:%F}",
        "film": f"/en/films/{slug}/?cinema={theater['id']}",
        "cinema": f"/en/cinemas/{theater['id']}/",
        "cinemas": "/en/cinemas/",
        "search": f"/en/search/?q={MARKUP}",
        "showtime": f"/en/showtimes/{showtime['id']}/",
    }


def clean(page: Page, where: str, *, shows: bool = True) -> None:
    """Nothing of what was typed is an element; shows: and it is there as text."""
    assert page.locator(f".{NAME}, main b b").count() == 0, where
    if shows:
        assert f"class={NAME}" in page.locator("body").inner_text(), where


def test_nothing_that_is_typed_becomes_a_part_of_a_page(page: Page, typed: dict[str, str]) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for kind, path in typed.items():
        page.goto(path)
        # The list of cinemas is read once a minute.
        clean(page, kind, shows=kind not in ("cinemas", "search"))
    shopping = Shopping(page)
    page.locator("#promo_code").fill(MARKUP)
    shopping.go_on()
    # The code is none: the seats again, and on without it.
    page.get_by_role("alert").wait_for()
    clean(page, "seats again")
    page.locator("#promo_code").fill("")
    shopping.go_on()
    page.locator("#email").fill(f"{NAME}@customers.example")
    page.locator("#full_name").fill(MARKUP)
    page.get_by_role("button", name="Go on as a guest").click()
    # A name is letters: the form comes back, with what was typed in its field.
    clean(page, "who", shows=False)
    assert page.locator("#full_name").input_value() == MARKUP
    page.locator("#full_name").fill("")
    page.get_by_role("button", name="Go on as a guest").click()
    shopping.enter_card(GOOD)
    clean(page, "checkout")
    page.locator("form.form > button.button").click()
    shopping.sees_tickets(2)
    clean(page, "tickets")
