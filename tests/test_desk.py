"""The desk as each role meets it: its menu leads nowhere that is closed, and every panel asks for its own right."""

import re
from collections.abc import Callable
from functools import cache

import pytest
from admin_site import joined, sign_in_to_admin
from client import Answer
from endpoints import NOWHERE, SERVICES
from rights import promised
from world import World

ROLES = sorted({role for _, role in promised()})
# Of each page and panel below /admin/: whose right it asks for, and what it answers of a thing that is not there.
ASKED = {
    "auth/search/": ("view_user", 200),
    "auth/second-factor/": ("view_user", 200),
    "auth/second-factor/keys/": ("view_user", 405),
    "auth/second-factor/keys/ask/": ("view_user", 405),
    f"auth/second-factor/keys/{NOWHERE}/remove/": ("view_user", 405),
    "catalog/board/": ("view_showtime", 200),
    "catalog/panels/theaters/": ("view_theater", 200),
    "booking/tonight/": ("view_showtime", 200),
    "booking/panels/tonight/": ("view_showtime", 200),
    f"booking/showtimes/{NOWHERE}/map/": ("view_showtime", 302),
    f"booking/bookings/{NOWHERE}/tickets/": ("sell_booking", 405),
    f"booking/showtimes/{NOWHERE}/counter/": ("sell_booking", 302),
    f"booking/bookings/{NOWHERE}/counter/": ("sell_booking", 404),
    f"booking/panels/counter/{NOWHERE}/": ("sell_booking", 404),
    "booking/door/": ("check_in_booking", 200),
    f"booking/door/{NOWHERE}/": ("check_in_booking", 302),
    f"booking/door/{NOWHERE}/codes/": ("check_in_booking", 404),
    "payment/takings/": ("view_takings", 200),
    "payment/takings/export.csv": ("view_takings", 200),
    "payment/reconciliation/": ("view_reconciliation", 200),
    f"auth/customers/{NOWHERE}/": ("view_user", 404),
    f"auth/panels/customers/{NOWHERE}/person/": ("view_user", 200),
    "booking/panels/houses/": ("view_showtime", 200),
    "booking/panels/occupancy/": ("view_occupancy", 200),
    "booking/occupancy/export.csv": ("view_occupancy", 400),
    f"booking/panels/customers/{NOWHERE}/bookings/": ("view_booking", 200),
    f"booking/bookings/{NOWHERE}/whole/": ("view_booking", 404),
    f"booking/bookings/{NOWHERE}/exchange/": ("view_booking", 404),
    "payment/panels/takings-today/": ("view_takings", 200),
    f"payment/panels/bookings/{NOWHERE}/money/": ("view_payment", 200),
    f"payment/panels/bookings/{NOWHERE}/steps/": ("view_payment", 200),
    f"payment/panels/customers/{NOWHERE}/money/": ("view_payment", 200),
    f"notify/panels/bookings/{NOWHERE}/messages/": ("view_notification", 200),
    f"notify/panels/bookings/{NOWHERE}/steps/": ("view_notification", 200),
    f"notify/panels/customers/{NOWHERE}/messages/": ("view_notification", 200),
    f"notify/panels/messages/{NOWHERE}/": ("view_notification", 404),
    "notify/panels/previews/booking_cancelled/": ("view_notification", 200),
    **{f"notify/wordings/1/{what}/": ("change_notificationtemplate", 405) for what in ("look", "try", "back")},
}
FOR_ALL_STAFF = ["", *(f"{service}/panels/{name}/" for service in SERVICES for name in ("needs", "search"))]

Ask = Callable[[str, str], Answer]


@pytest.fixture(scope="module")
def ask(world: World) -> Ask:
    """ask("support", "booking/panels/houses/"): as somebody of that role, signed in once for all five sites."""

    @cache
    def cookies(role: str) -> str:
        status, given = sign_in_to_admin(world, "auth", world.where.accounts[role])
        assert status == 302, role
        return joined(given)

    return lambda role, path: world.anybody.get(f"/admin/{path}", Cookie=cookies(role), Accept="text/html")


@pytest.mark.parametrize("role", ROLES)
def test_every_panel_asks_for_its_own_right(ask: Ask, role: str) -> None:
    wanted, found = {}, {}
    for path, (permission, status) in ASKED.items():
        allowed = promised()[path.partition("/")[0], role].may(permission)
        wanted[path], found[path] = status if allowed else 403, ask(role, path).status
    for path in FOR_ALL_STAFF:
        wanted[path], found[path] = 200, ask(role, path).status
    assert found == wanted


def test_nobody_reads_a_panel_who_is_not_signed_in(world: World) -> None:
    for path in (*ASKED, *FOR_ALL_STAFF):
        answer = world.anybody.get(f"/admin/{path}", Accept="text/html")
        assert answer.status == 302, path
        assert "/login/" in answer.headers["Location"]


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_leads_to_what_is_open_to_its_reader_and_to_all_of_it(ask: Ask, role: str) -> None:
    every, own = _menu(ask("admin", "")), _menu(ask(role, ""))
    assert len(every) > 15
    assert own <= every
    # A page that this release does not have is not there for anybody.
    answers = {path: ask(role, path).status for path in every if ask("admin", path).status != 404}
    assert {path for path, status in answers.items() if status == 200} == own & answers.keys()
    assert {status for path, status in answers.items() if path not in own} <= {403}


def _menu(page: Answer) -> set[str]:
    """Where the menu leads, below /admin/."""
    [menu] = re.findall(r'<nav class="desk-menu".*?</nav>', page.body.decode(), re.DOTALL)
    return set(re.findall(r'href="/admin/([^"]*)"', menu))
