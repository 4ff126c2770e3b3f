"""What search engines and telephones ask the shop for."""

import json
import re
import secrets
from datetime import UTC, datetime
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from browsing import Browser
from world import World

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LINK = "{http://www.w3.org/1999/xhtml}link"
LANGUAGES = {"en", "vi", "de", "ja"}


@pytest.fixture(scope="module")
def browser(world: World) -> Browser:
    return Browser(world)


def links(page: str, relation: str) -> list[str]:
    return re.findall(rf'<link rel="{relation}"[^>]* href="([^"]+)"', page)


def test_the_sitemap_names_every_film_and_cinema_in_every_language(world: World, browser: Browser) -> None:
    assert f"Sitemap: {world.where.gateway}/sitemap.xml" in browser.get("/robots.txt").text
    root = ElementTree.fromstring(browser.get("/sitemap.xml").text)
    entries = {entry.findtext(f"{SITEMAP}loc"): entry for entry in root}
    theater = world.anybody.get("/api/theaters?page_size=1").ok()["results"][0]
    [film] = world.anybody.get("/api/movies?now_showing=true&page_size=1").ok()["results"]
    for path in (f"films/{film['slug']}/", f"cinemas/{theater['id']}/"):
        urls = {f"{world.where.gateway}/{language}/{path}" for language in LANGUAGES}
        assert urls <= entries.keys()
        for url in urls:
            told = {link.attrib["hreflang"]: link.attrib["href"] for link in entries[url].iter(LINK)}
            assert told.keys() == LANGUAGES | {"x-default"}
            assert set(told.values()) == urls


def test_a_page_names_itself_and_its_likes_without_what_was_asked_for(world: World, browser: Browser) -> None:
    page = browser.get("/vi/cinemas/?from=somewhere").text
    assert links(page, "canonical") == [f"{world.where.gateway}/vi/cinemas/"]
    alternates = links(page, "alternate")
    assert len(alternates) == len(LANGUAGES) + 1
    assert set(alternates) == {f"{world.where.gateway}/{language}/cinemas/" for language in LANGUAGES}


def test_a_film_says_its_showtimes_to_machines_as_it_does_to_people(world: World, browser: Browser) -> None:
    showtime = world.anybody.get("/api/showtimes?page_size=1").ok()["results"][0]
    film = world.anybody.get(f"/api/movies/{showtime['movie']['id']}", Accept_Language="en").ok()
    page = browser.get(f"/en/films/{film['slug']}/?cinema={showtime['theater']['id']}").text
    [text] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    movie, *events = json.loads(text)["@graph"]
    assert (movie["@type"], movie["name"]) == ("Movie", film["title"])
    assert events
    for event in events:
        assert event["@type"] == "ScreeningEvent"
        assert event["url"].removeprefix(world.where.gateway) in page or event["offers"]["availability"].endswith(
            "SoldOut"
        )


def test_what_installs_it_is_there_and_every_icon_is_what_it_says(world: World, browser: Browser) -> None:
    manifest = world.anybody.get("/manifest.webmanifest").ok()
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        answer = world.anybody.get(icon["src"])
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        width, height = (int.from_bytes(answer.body[start : start + 4], "big") for start in (16, 20))
        assert f"{width}x{height}" == icon["sizes"]
    assert world.anybody.get("/sw.js").headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["search/?q=the", "coming/", "help/", "terms/", "accessibility/", "offline/"])
def test_pages_that_are_read_are_everybodys(browser: Browser, path: str) -> None:
    shown = browser.get(f"/en/{path}")
    assert (shown.status, shown.headers["Cache-Control"]) == (200, "public, max-age=0")
    assert "Set-Cookie" not in shown.headers


def test_who_names_no_day_and_no_cinema_is_led_to_one_with_something_to_see(world: World, browser: Browser) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    showtime = world.anybody.get(f"/api/showtimes?page_size=1&{urlencode({'starts_after': now})}").ok()["results"][0]
    cinema, film = showtime["theater"]["id"], world.anybody.get(f"/api/movies/{showtime['movie']['id']}").ok()
    assert "/showtimes/" in browser.get(f"/en/?cinema={cinema}").text
    assert "/showtimes/" in browser.get(f"/en/films/{film['slug']}/").text

    # Which the shop's list of cinemas, of a minute ago, does not have yet.
    where = {"city": "Hanoi", "address": "1 Test Street", "time_zone": "Asia/Ho_Chi_Minh", "currency": "VND"}
    opened = world.staff("admin").post("/api/theaters", {"name": f"Just opened {secrets.token_hex(3)}", **where})
    elsewhere = opened.ok(201)["id"]
    page = browser.get(f"/en/films/{film['slug']}/?cinema={elsewhere}").text
    assert f'<a href="?cinema={cinema}">' in page
