"""One sign-in for the five admin sites, on the real ones: in at all, out of all, and with a second factor."""

import base64
import re
import time

import pytest
from admin_site import Visitor, joined, sign_in_to_admin
from django_otp.oath import TOTP
from endpoints import SERVICES
from test_staff_rights import give_roles
from world import Person, World


def statuses(visitor: Visitor) -> dict[str, int]:
    return {service: visitor.at(service).status("") for service in SERVICES}


EVERYWHERE = dict.fromkeys(SERVICES, 200)
NOWHERE = dict.fromkeys(SERVICES, 302)


@pytest.mark.parametrize("service", SERVICES)
def test_who_signs_in_at_one_is_in_at_all_and_out_of_all_together(world: World, service: str) -> None:
    visitor = Visitor(world, service, world.where.accounts["support"])
    assert statuses(visitor) == EVERYWHERE
    other = Visitor(world, service, world.where.accounts["support"])
    assert visitor.at(service).save("", {}, to="logout/") == 302
    assert statuses(visitor) == NOWHERE
    assert statuses(other) == EVERYWHERE


def test_the_cookie_is_for_the_desk_alone(world: World) -> None:
    _, cookies = sign_in_to_admin(world, "booking", world.where.accounts["support"])
    assert set(cookies) == {"staff", "booking_csrf"}
    token = cookies["staff"]
    assert world.anybody.get("/api/bookings", Authorization=f"Bearer {token}").status == 401
    assert world.anybody.get("/api/bookings", Cookie=joined(cookies)).status == 401


@pytest.mark.parametrize("path", ["staff/sessions", "staff/sessions/renew", "staff/sessions/end", "staff/keys"])
def test_what_the_sites_ask_auth_nobody_asks_through_the_gateway(world: World, path: str) -> None:
    assert world.anybody.post(f"/api/auth/{path}", {}).status == 404


def test_a_session_given_to_a_browser_before_is_not_the_one_that_begins(world: World) -> None:
    """Fixation: what an attacker put there is neither taken over nor left."""
    account = world.where.accounts["support"]
    _, known_to_another = sign_in_to_admin(world, "booking", account)
    _, begun = sign_in_to_admin(world, "booking", account, cookies={"staff": known_to_another["staff"]})
    assert begun["staff"] != known_to_another["staff"]


@pytest.fixture
def clerk(world: World) -> Person:
    person = world.new_customer()
    give_roles(world, person, "customer", "support")
    return person


def test_a_second_factor_is_set_up_on_a_page_and_asked_for_at_every_door(world: World, clerk: Person) -> None:
    account = {"username": clerk.username, "password": clerk.password}
    page = Visitor(world, "auth", account)
    text = page.page("second-factor/").body.decode()
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", text)
    assert key
    secret = base64.b32decode(key[1].replace(" ", ""))

    def code(at: float) -> str:
        totp = TOTP(secret)
        totp.time = at
        return f"{totp.token():06}"

    assert page.save("second-factor/", {"code": code(time.time() - 30), "password": clerk.password}) == 200
    for service in ("auth", "booking"):
        assert sign_in_to_admin(world, service, account)[0] == 200
    world.anybody.post("/api/auth/token", account).problem(401, "second_factor_required")
    status, cookies = sign_in_to_admin(world, "booking", account, code=code(time.time()))
    assert status == 302
    assert "staff" in cookies
