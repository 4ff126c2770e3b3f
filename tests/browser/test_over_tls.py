"""The shop over TLS, as a browser meets it: a ticket is bought and kept, and nothing of it goes another way.

For a stack that speaks TLS everywhere: `make test SUITE="over TLS"`.
"""

from urllib.parse import urlsplit

from playwright.sync_api import Page, expect
from shopping import Shopping
from world import World


def origin_of(address: str) -> str:
    where = urlsplit(address)
    return f"{where.scheme}://{where.netloc}"


def test_a_ticket_is_bought_and_shown_without_a_network(page: Page, small_house: str, world: World) -> None:
    gateway = world.where.gateway
    assert gateway.startswith("https://")
    asked: set[str] = set()
    sockets: set[str] = set()
    page.on("request", lambda request: asked.add(origin_of(request.url)))
    page.on("websocket", lambda socket: sockets.add(origin_of(socket.url)))

    page.goto("/en/")
    assert page.evaluate("async () => (await navigator.serviceWorker.ready).active.scriptURL") == f"{gateway}/sw.js"
    page.wait_for_function("navigator.serviceWorker.controller")
    Shopping(page).buy_as_guest(small_house)
    bought = urlsplit(page.url).path
    page.wait_for_function("async path => Boolean(await caches.match(path))", arg=bought)

    assert asked == {gateway}
    assert sockets == {gateway.replace("https://", "wss://")}
    assert [cookie["name"] for cookie in page.context.cookies() if not cookie["secure"]] == []

    page.context.set_offline(True)
    page.goto("/en/cinemas/?offline")
    page.click(f"#kept a[href='{bought}']")
    expect(page.locator(".codes svg")).to_have_count(2)
