"""What the desk's pages have in common."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory

from chassis.web.desk import Panel, Step, zone_of
from chassis.web.desk_menu import LISTS, PAGES, menu_of

EVERY = [*PAGES, *(entry for entries in LISTS for entry in entries)]


@pytest.mark.parametrize("role", ["support", "manager", "admin"])
def test_the_menu_has_what_one_of_the_roles_of_its_reader_opens(role: str) -> None:
    menu = menu_of({"customer", role})
    shown = [*menu.pages, *(entry for entries in menu.lists for entry in entries)]
    assert shown == [entry for entry in EVERY if role in entry.roles]
    assert all(entry.address.startswith("/admin/") and entry.address.endswith("/") for entry in EVERY)


def test_nobody_without_a_role_of_staff_has_a_menu() -> None:
    menu = menu_of({"customer"})
    assert [*menu.pages, *(entry for entries in menu.lists for entry in entries)] == []


def test_a_step_is_shown_by_the_clock_that_it_is_told_of() -> None:
    at = datetime(2026, 11, 28, 19, 46, 21, tzinfo=UTC)
    assert Step(at, "taken").clock == "28 Nov 19:46:21"
    assert Step(at, "taken", zone=ZoneInfo("Asia/Ho_Chi_Minh")).clock == "29 Nov 02:46:21"


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh"),
        ("Nowhere/Atall", "UTC"),
        ("America", "UTC"),
        ("../x", "UTC"),
        ("", "UTC"),
    ],
)
def test_a_zone_that_is_none_is_utc(said: str, zone: str) -> None:
    assert zone_of(RequestFactory().get("/", {"zone": said})) == ZoneInfo(zone)


def test_a_panel_is_its_services() -> None:
    panel = Panel("payment", "Money", "bookings/7/money/")
    assert panel.address == "/admin/payment/panels/bookings/7/money/"
    assert panel.away == "Payments are away at the moment."
