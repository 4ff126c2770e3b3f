"""Every role signs in to every admin site, and finds what docs/staff-rights.md says: no more and no less."""

import re
from collections.abc import Callable
from functools import cache

import pytest
from admin_site import Visitor
from endpoints import NOWHERE, SERVICES
from rights import Rights, promised
from waiting import wait_for
from world import Person, World

ROLES = sorted({role for _, role in promised()})

# The page of each verb below a list, and how it answers whoever may see it: of a thing that is not there, with the way
# back to the front page.
PAGES = {
    "view": ("", 200),
    "add": ("add/", 200),
    "change": (f"{NOWHERE}/change/", 302),
    "delete": (f"{NOWHERE}/delete/", 302),
}


def verbs_of(rights: Rights, path: str, *, ours: bool) -> set[str]:
    """What a role may do on the pages below a list. Whoever may change may view; who may view opens the page of one."""
    model = path.split("/")[1]
    verbs = {verb for verb in PAGES if rights.everything or (ours and rights.may(f"{verb}_{model}"))}
    return verbs | {"view", "change"} if verbs & {"view", "change"} else verbs


def app_of(lists: set[str]) -> str:
    """The service's own app: the others are the same in every service."""
    [app] = {path.split("/")[0] for path in lists} - {"auth", "chassis"}
    return app


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def visitors(world: World, service: str) -> Callable[[str], Visitor]:
    """Staff by their role, each signed in once."""
    return cache(lambda role: Visitor(world, service, world.where.accounts[role]))


@pytest.fixture(scope="module")
def offered(visitors: Callable[[str], Visitor]) -> dict[str, dict[str, int]]:
    """By list and verb, how the page answers a superuser: what it refuses them, it offers to nobody."""
    superuser = visitors("admin")
    return {
        path: {verb: superuser.status(path + page) for verb, (page, _) in PAGES.items()}
        for path in sorted(superuser.lists())
    }


def test_an_admin_is_a_superuser_everywhere(service: str) -> None:
    assert promised()[service, "admin"].everything


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_the_pages_it_was_promised_and_no_other(
    visitors: Callable[[str], Visitor], service: str, offered: dict[str, dict[str, int]], role: str
) -> None:
    visitor = visitors(role)
    assert len(offered) >= 4
    app = app_of(set(offered))
    expected, found = {}, {}
    for path, statuses in offered.items():
        ours = path.startswith((f"{app}/", "chassis/"))
        allowed = verbs_of(promised()[service, role], path, ours=ours)
        for verb, (page, opened) in PAGES.items():
            assert statuses[verb] in {opened, 403}, path + page
            expected[path + page] = statuses[verb] if verb in allowed else 403
            # What a superuser is offered has been seen as one.
            found[path + page] = statuses[verb] if role == "admin" else visitor.status(path + page)
    assert found == expected
    assert visitor.lists() == {path for path in offered if expected[path] == 200}


@pytest.mark.parametrize("role", ROLES)
def test_all_staff_look_at_the_dead_letters(visitors: Callable[[str], Visitor], role: str) -> None:
    assert visitors(role).status("dead-letters/") == 200


def give_roles(world: World, person: Person, *roles: str) -> None:
    """As an admin does, at auth's admin site."""
    admin, path = Visitor(world, "auth", world.where.accounts["admin"]), f"accounts/user/{person.id}/change/"
    page = admin.page(path).body.decode()
    numbers = {name: number for number, name in re.findall(r'<option value="(\d+)"[^>]*>(\w+)</option>', page)}
    form = {"username": person.username, "email": person.email, "full_name": "", "phone": "", "is_active": "on"}
    form["reason"] = "a new post"
    assert admin.save(path, {**form, "groups": [numbers[role] for role in roles]}) == 302


def test_who_loses_their_role_is_out_of_every_site_within_a_second(world: World) -> None:
    leaver = world.new_customer()
    give_roles(world, leaver, "customer", "support")
    account = {"username": leaver.username, "password": leaver.password}
    sites = {service: Visitor(world, service, account) for service in SERVICES}
    assert {service: site.status("") for service, site in sites.items()} == dict.fromkeys(SERVICES, 200)
    give_roles(world, leaver, "customer")
    wait_for(
        lambda: [site.status("") for site in sites.values()] == [302] * len(sites),
        seconds=1,
        what="way out of every site",
    )
