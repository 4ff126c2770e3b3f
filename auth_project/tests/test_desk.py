"""The desk's pages that auth puts together, and the frame that all of its pages have."""

from typing import Any

import pytest
from django.test import Client
from factories import PASSWORD, UserFactory

from accounts.models import Session, User
from chassis.ids import uuid7
from chassis.messaging.dead_letters import DeadLetters

pytestmark = pytest.mark.django_db
ASKED_BY_SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def enter(client: Client) -> Any:
    """enter("support") → a browser of somebody with that role."""

    def sign_in(role: str) -> Client:
        UserFactory(username=role, roles=[role])
        assert client.post("/admin/auth/login/", {"username": role, "password": PASSWORD}).status_code == 302
        return client

    return sign_in


def read(browser: Client, address: str, **headers: str) -> str:
    answer = browser.get(address, headers=headers)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_the_first_page_asks_each_service_for_its_panels_and_is_left_by_its_own_form(
    enter: Any, client: Client
) -> None:
    assert client.get("/admin/")["Location"] == "/admin/auth/login/?next=/admin/"
    browser = enter("support")
    assert browser.cookies["auth_csrf"]["path"] == "/admin/"
    page = read(browser, "/admin/")
    for service in ("auth", "catalog", "booking", "payment", "notify"):
        assert f'hx-get="/admin/{service}/panels/needs/"' in page
    assert 'hx-get="/admin/booking/panels/houses/"' in page
    assert 'action="/admin/auth/logout/"' in page


@pytest.mark.parametrize(("role", "sees"), [("support", True), ("manager", False)])
def test_the_menu_shows_what_its_reader_may_open(enter: Any, role: str, sees: bool) -> None:
    page = read(enter(role), "/admin/")
    assert ('href="/admin/auth/accounts/session/"' in page) is sees
    assert 'aria-current="page">Home' in page


def test_a_panel_is_a_fragment_for_a_script_and_a_page_for_a_reader(enter: Any) -> None:
    browser, known = enter("support"), UserFactory(full_name="Ada Vy", phone="+84901234567")
    place = f"/admin/auth/panels/customers/{known.id}/person/"
    fragment, page = read(browser, place, **ASKED_BY_SCRIPT), read(browser, place)
    assert "<html" not in fragment
    assert "<html" in page
    for said in ("Ada Vy", known.email, "+84901234567", f"/admin/auth/customers/{known.id}/"):
        assert said in fragment
        assert said in page
    assert "No account" in read(browser, f"/admin/auth/panels/customers/{uuid7()}/person/")


def test_people_are_found_by_what_staff_know_of_them(enter: Any) -> None:
    browser = enter("manager")
    known = UserFactory(username="ada.vy", email="ada@example.com", full_name="Ada Vy", phone="+84901234567")
    UserFactory(username="somebody.else", phone="")
    phone = ("4901234567", "%2B84 90 123-45-67")
    for term in ("ada.vy", "ada@example.com", "Vy Ada", *phone, str(known.id), "ADA"):
        found = read(browser, f"/admin/auth/panels/search/?q={term}", **ASKED_BY_SCRIPT)
        assert f"/admin/auth/customers/{known.id}/" in found, term
        assert "somebody.else" not in found
    for odd in ("", "x" * 300, "%27%22%5C%25"):
        assert "Nothing." in read(browser, f"/admin/auth/panels/search/?q={odd}", **ASKED_BY_SCRIPT)


def test_of_many_the_newest_are_shown_and_it_says_so(enter: Any) -> None:
    browser = enter("support")
    User.objects.bulk_create(
        User(username=f"group.{number}", email=f"group{number}@example.com") for number in range(12)
    )
    found = read(browser, "/admin/auth/panels/search/?q=group", **ASKED_BY_SCRIPT)
    assert found.count("/admin/auth/customers/") == 10
    assert "group.11" in found
    assert "there are more" in found


def test_the_search_asks_every_service_for_the_same(enter: Any) -> None:
    page = read(enter("support"), "/admin/auth/search/?q=ada+%26+vy")
    for service in ("auth", "catalog", "booking", "payment", "notify"):
        assert f'hx-get="/admin/{service}/panels/search/?q=ada+%26+vy"' in page
    assert 'value="ada &amp; vy"' in page


def test_a_customer_whole_has_their_sessions_for_whoever_may_see_them(enter: Any) -> None:
    known = UserFactory(full_name="Ada Vy", time_zone="Asia/Ho_Chi_Minh")
    place = f"/admin/auth/customers/{known.id}/"
    page = read(enter("support"), place)
    assert "All sessions" in page
    for panel in ("booking", "payment", "notify"):
        assert f'hx-get="/admin/{panel}/panels/customers/{known.id}/' in page
    assert "?zone=Asia%2FHo_Chi_Minh" in page
    assert Session.objects.count() == 1  # of whoever looks
    assert "All sessions" not in read(enter("manager"), place)


@pytest.mark.parametrize("place", ["/admin/auth/customers/{id}/", "/admin/auth/customers/x/"])
def test_nobody_is_shown_who_is_not_there(enter: Any, place: str) -> None:
    assert enter("support").get(place.format(id=uuid7())).status_code in {302, 404}


@pytest.mark.parametrize(
    ("dead", "said"), [(0, "Nothing waits"), (1, "<strong>1</strong> dead letter<"), (500, "100+")]
)
def test_what_needs_somebody_is_counted_up_to_a_bound(
    enter: Any, monkeypatch: pytest.MonkeyPatch, dead: int, said: str
) -> None:
    monkeypatch.setattr(DeadLetters, "counts", lambda _: {"auth.dead": dead, "unrouted": 7})
    assert said in read(enter("support"), "/admin/auth/panels/needs/", **ASKED_BY_SCRIPT)


def test_a_broker_that_is_away_is_said_to_be(enter: Any, settings: Any) -> None:
    settings.RABBITMQ_URL = "amqp://127.0.0.1:9/"
    assert "RabbitMQ does not answer" in read(enter("support"), "/admin/auth/panels/needs/", **ASKED_BY_SCRIPT)
