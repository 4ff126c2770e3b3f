"""Somebody of staff may be limited to theaters: who says so, what their tokens say, and that it counts at once."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from factories import PASSWORD, UserFactory

from accounts import services, sessions, sign_on
from accounts.domain import may_give_theaters
from accounts.models import User
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter
from chassis.theaters import MOST
from chassis.web.problems import OtherTheater, Unauthenticated
from chassis.web.staff_tokens import COOKIE
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/accounts/user/"
HANOI, HUE = uuid7(), uuid7()


@pytest.fixture
def admin(client: Client) -> Client:
    enter(client, "admin", account_id=UserFactory(roles=["customer", "admin"]).pk)
    return client


@pytest.fixture
def clerk() -> User:
    return UserFactory(roles=["customer", "support"])


def posted(user: User, theaters: str, **changes: Any) -> dict[str, Any]:
    form = {name: getattr(user, name) for name in ("username", "email", "full_name", "phone")}
    groups = list(user.groups.values_list("pk", flat=True))
    return {**form, "is_active": "on", "groups": groups, "theaters": theaters, "reason": "they asked", **changes}


def save(browser: Client, user: User, theaters: str, **changes: Any) -> Any:
    return browser.post(f"{USERS}{user.pk}/change/", posted(user, theaters, **changes))


def limited(*theaters: UUID, roles: tuple[str, ...] = ("customer", "support")) -> User:
    return UserFactory(roles=roles, theaters=list(theaters))


def faults(answer: Any) -> str:
    return str(answer.context["adminform"].form.errors)


def staff_token(user: User) -> Any:
    return sign_on.sign_in(login=user.username, password=PASSWORD, code="", address=None, user_agent="")


def test_whoever_assigns_roles_says_to_which_theaters_somebody_is_limited(admin, clerk):
    assert save(admin, clerk, f"{HUE},\n {HANOI}, {HUE}").status_code == 302
    clerk.refresh_from_db()
    assert clerk.theaters == sorted([HANOI, HUE])
    entry = AuditRecord.objects.get()
    assert (entry.action, entry.before, entry.after) == (
        "user.theaters_changed",
        {"theaters": []},
        {"theaters": sorted([str(HANOI), str(HUE)])},
    )
    assert save(admin, clerk, "").status_code == 302
    assert User.objects.get(pk=clerk.pk).theaters == []


def test_what_is_no_id_and_more_than_the_bound_is_said_at_the_field(admin, clerk):
    assert "valid UUID" in faults(save(admin, clerk, f"{HANOI}, Hanoi"))
    assert "no more than 50" in faults(save(admin, clerk, ",".join(str(uuid7()) for _ in range(MOST + 1))))
    assert User.objects.get(pk=clerk.pk).theaters == []


def test_an_admin_has_no_limit(admin):
    boss = UserFactory(roles=["admin"])
    assert "does it at every theater" in faults(save(admin, boss, str(HANOI)))
    clerk = limited(HANOI)
    groups = list(Group.objects.values_list("pk", flat=True))
    assert "does it at every theater" in faults(save(admin, clerk, str(HANOI), groups=groups))
    assert limited(HANOI, roles=("admin",)).limited_to is None


def test_a_new_account_of_staff_is_limited_from_the_beginning(admin):
    form = {"username": "new.clerk", "email": "new@example.com", "full_name": "", "phone": "", "theaters": str(HANOI)}
    passwords = {"password1": PASSWORD, "password2": PASSWORD, "groups": [Group.objects.get(name="support").pk]}
    assert admin.post(f"{USERS}add/", {**form, **passwords}).status_code == 302
    assert User.objects.get(username="new.clerk").limited_to == {HANOI}


def test_who_may_not_assign_roles_reads_the_theaters_and_sends_them_in_vain(client):
    enter(client, "support", account_id=UserFactory(roles=["customer", "support"]).pk)
    customer = UserFactory(theaters=[HANOI])
    page = client.get(f"{USERS}{customer.pk}/change/").content.decode()
    assert str(HANOI) in page
    assert 'name="theaters"' not in page
    assert save(client, customer, "").status_code == 302
    assert User.objects.get(pk=customer.pk).theaters == [HANOI]


@pytest.mark.parametrize(
    ("own", "given", "allowed"),
    [
        (None, None, True),
        (None, {HANOI}, True),
        ({HANOI}, {HANOI}, True),
        ({HANOI, HUE}, {HUE}, True),
        ({HANOI}, {HUE}, False),
        ({HANOI}, {HANOI, HUE}, False),
        ({HANOI}, None, False),
    ],
)
def test_nobody_gives_more_theaters_than_they_have(own, given, allowed):
    assert may_give_theaters(own=own, given=given) is allowed


def test_the_service_holds_that_for_a_role_that_assigns_roles_and_is_limited(monkeypatch, clerk):
    giver = limited(HANOI, roles=("customer", "manager"))
    monkeypatch.setattr("accounts.models.STAFF_MAY", {"support": frozenset(), "manager": frozenset({"assign_roles"})})
    clerk.theaters = [HUE]
    was = {"theaters": []}
    with pytest.raises(OtherTheater):
        services.record_staff_change(user=clerk, was=was, roles_before=clerk.roles, staff=giver)


def test_both_kinds_of_tokens_say_it_and_those_of_everybody_else_say_nothing(tokens_of):
    clerk = limited(HANOI, HUE)
    assert verify(tokens_of(clerk).access_token).theaters == {HANOI, HUE}
    assert sign_on.renew(staff_token(clerk)).theaters == {HANOI, HUE}
    for user in (limited(HANOI, roles=("admin",)), limited(HANOI, roles=("customer",))):
        assert verify(tokens_of(user).access_token).theaters is None
    assert staff_token(UserFactory(roles=["support"])).theaters is None


def test_the_cookie_of_as_many_theaters_as_there_may_be_is_one_that_browsers_keep():
    clerk = limited(*(uuid7() for _ in range(MOST)))
    clerk.username = "x" * 64
    clerk.save()
    assert len(f"{COOKIE}={staff_token(clerk).text}; HttpOnly; Max-Age=86400; Path=/admin; SameSite=Lax; Secure") < 4096


@pytest.mark.parametrize("before", [[], [HANOI, HUE]])
def test_another_list_ends_what_was_given_with_the_one_before(admin, tokens_of, committed, before):
    clerk = limited(*before)
    elsewhere, pair = Client(), tokens_of(clerk)
    elsewhere.post("/admin/auth/login/", {"username": clerk.username, "password": PASSWORD})
    assert elsewhere.get("/admin/auth/").status_code == 200
    with committed():
        assert save(admin, clerk, str(HANOI)).status_code == 302
    assert elsewhere.get("/admin/auth/").status_code == 302
    with pytest.raises(Unauthenticated):
        verify(pair.access_token)
    renewed = sessions.refresh(refresh_token=pair.refresh_token)
    assert verify(renewed.access_token).theaters == {HANOI}


def test_the_same_list_ends_nothing(admin, tokens_of, committed):
    clerk = limited(HANOI, HUE)
    pair = tokens_of(clerk)
    with committed():
        assert save(admin, clerk, f"{HUE}, {HANOI}").status_code == 302
    assert verify(pair.access_token).theaters == {HANOI, HUE}


def test_the_form_asks_the_catalog_what_they_are_called(admin, clerk):
    assert "/admin/catalog/panels/theaters/" in admin.get(f"{USERS}{clerk.pk}/change/").content.decode()
