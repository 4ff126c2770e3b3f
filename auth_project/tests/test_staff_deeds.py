"""Everything that staff can do to accounts is on record: who did it, and what it was before."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from factories import PASSWORD, UserFactory

from accounts.models import SecondFactorReset, Session, User
from chassis.storage.models import AuditRecord
from chassis.testing_deeds import leaving_a_record, staff_deeds
from chassis.testing_staff import enter

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/accounts/user/"


@pytest.fixture
def ada(client: Client) -> Client:
    user = UserFactory(username="ada", roles=["admin"])
    User.objects.update(created_at=timezone.now() - timedelta(days=9))
    enter(client, "admin", username="ada", account_id=user.pk, by_code=True)
    client.user = user  # type: ignore[attr-defined]
    return client


@pytest.fixture
def person(tokens_of: Callable[[User], Any]) -> User:
    made = UserFactory()
    tokens_of(made)
    return made


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    named = ("username", "email", "full_name", "phone", "language", "time_zone")
    groups = list(user.groups.values_list("pk", flat=True))
    return {
        **{name: getattr(user, name) for name in named},
        "is_active": "on",
        "groups": groups,
        "reason": "they asked",
        **changes,
    }


def add(browser: Client, person: User) -> Any:
    names = {"username": "new.clerk", "email": "new.clerk@example.com", "full_name": "", "phone": ""}
    where = {"language": person.language, "time_zone": person.time_zone}
    form = {**names, **where, "password1": PASSWORD, "password2": PASSWORD}
    return browser.post(f"{USERS}add/", {**form, "groups": [Group.objects.get(name="support").pk]})


def with_factor(person: User) -> User:
    TOTPDevice.objects.create(user=person, name="app", confirmed=True)
    return person


def asked_of(person: User) -> SecondFactorReset:
    return SecondFactorReset.objects.create(user=person, asked_by=UserFactory(roles=["admin"]), reason="x")


DEEDS: dict[str, Callable[[Client, User], Any]] = {
    "add user": add,
    "change user": lambda browser, person: browser.post(
        f"{USERS}{person.pk}/change/", form_of(person, full_name="Ada Lovelace")
    ),
    "end_sessions user": lambda browser, person: browser.post(
        USERS, {"action": "end_sessions", "_selected_action": [str(person.pk)]}
    ),
    "end_selected session": lambda browser, person: browser.post(
        "/admin/auth/accounts/session/",
        {"action": "end_selected", "_selected_action": [str(Session.objects.get(user=person).pk)]},
    ),
    "reset_second_factor user": lambda browser, person: browser.post(
        USERS, {"action": "reset_second_factor", "_selected_action": [str(with_factor(person).pk)], "reason": "x"}
    ),
    "agree secondfactorreset": lambda browser, person: browser.post(
        "/admin/auth/accounts/secondfactorreset/",
        {"action": "agree", "_selected_action": [str(asked_of(with_factor(person)).pk)]},
    ),
}


RIGHTS = "PATCH /users/{user_id}/rights"


def test_there_is_nothing_else_that_staff_can_do() -> None:
    assert staff_deeds(UserFactory(roles=["admin"])) == {*DEEDS, RIGHTS}


def test_rights_that_are_given_through_the_api_are_on_record(client_of: Callable[[User], Any], person: User) -> None:
    admin = UserFactory(roles=["admin"])
    with leaving_a_record("api") as made:
        assert client_of(admin).patch(f"/users/{person.pk}/rights", {"roles": ["support"]}).status_code == 200
    [entry] = made()
    assert (entry.actor_id, entry.action, entry.after) == (str(admin.pk), "user.roles_changed", {"roles": ["support"]})


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_done_in_the_admin_site_is_on_record(ada: Client, person: User, deed: str) -> None:
    with leaving_a_record("admin") as made:
        answer = DEEDS[deed](ada, person)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert {(entry.actor_id, entry.actor_name) for entry in made()} == {(str(ada.user.pk), "ada")}  # type: ignore[attr-defined]


def test_new_roles_are_on_record_by_their_names_and_a_password_never_is(ada: Client, person: User) -> None:
    add(ada, person)
    entry = AuditRecord.objects.get()
    assert entry.action == "user.added"
    assert entry.after["roles"] == ["support"]
    assert PASSWORD not in str(entry.after)
