"""What staff do to accounts is written down with it: who, what, and what it was before."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from factories import PASSWORD, UserFactory

from accounts.models import User
from chassis.storage.models import AuditRecord

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/accounts/user/"


@pytest.fixture
def boss() -> User:
    return UserFactory(roles=["customer", "admin"])


@pytest.fixture
def browser(client: Client, boss: User) -> Client:
    client.post("/admin/auth/login/", {"username": boss.username, "password": PASSWORD})
    return client


@pytest.fixture
def save(browser: Client) -> Callable[..., None]:
    def change(user: User, **changes: Any) -> None:
        form = {name: getattr(user, name) for name in ("username", "email", "full_name", "phone")}
        groups = list(user.groups.values_list("pk", flat=True))
        sent = {
            **form,
            "is_active": "on" if user.is_active else "",
            "groups": groups,
            "reason": "they asked",
            **changes,
        }
        answer = browser.post(f"{USERS}{user.pk}/change/", sent)
        assert answer.status_code == 302

    return change


def written() -> list[tuple[str, Any, Any]]:
    """(action, before, after) of all records, the oldest first."""
    return list(AuditRecord.objects.order_by("id").values_list("action", "before", "after"))


def test_who_did_it_and_to_whom(boss, save, user):
    save(user, full_name="New")
    record = AuditRecord.objects.get()
    assert (record.actor_id, record.actor_name, record.door) == (str(boss.pk), boss.username, "admin")
    assert (record.subject_type, record.subject_id, record.reason) == ("user", str(user.pk), "they asked")


def test_a_change_of_contact_with_what_it_was(save, user):
    was = user.email
    save(user, email="new@example.com", full_name="New")
    assert written() == [
        ("user.changed", {"email": was, "full_name": "Mai Tran"}, {"email": "new@example.com", "full_name": "New"})
    ]


def test_what_was_saved_as_it_was_is_no_deed(save, user):
    save(user)
    assert written() == []


def test_roles_that_were_given_and_taken(save, user):
    save(user, groups=[Group.objects.get(name=name).pk for name in ("customer", "support")])
    user.refresh_from_db()
    save(user, groups=[Group.objects.get(name="customer").pk])
    plain, more = {"roles": ["customer"]}, {"roles": ["customer", "support"]}
    assert written() == [("user.roles_changed", plain, more), ("user.roles_changed", more, plain)]


def test_a_deactivation_with_the_roles_it_took_and_the_way_back(save):
    colleague = UserFactory(roles=["customer", "support"])
    save(colleague, is_active="")
    colleague.refresh_from_db()
    save(colleague, is_active="on")
    assert written() == [
        ("user.deactivated", {"is_active": True}, {"is_active": False}),
        ("user.roles_changed", {"roles": ["customer", "support"]}, {"roles": ["customer"]}),
        ("user.reactivated", {"is_active": False}, {"is_active": True}),
    ]


def test_an_account_that_was_added_and_never_its_password(browser):
    form = {"username": "lan", "email": "lan@example.com", "full_name": "", "phone": ""}
    groups = [Group.objects.get(name="manager").pk]
    browser.post(f"{USERS}add/", {**form, "groups": groups, "password1": PASSWORD, "password2": PASSWORD})
    [(action, before, after)] = written()
    assert (action, before, after["username"], after["roles"]) == ("user.added", None, "lan", ["manager"])
    assert PASSWORD not in str(AuditRecord.objects.values_list()[0])


def test_what_a_command_did_names_who_ran_it(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", username="root", email="root@example.com")
    monkeypatch.setattr("accounts.management.commands.changepassword.getpass", lambda _: "an0ther-horse-42")
    call_command("changepassword", "root")
    records = AuditRecord.objects.order_by("id")
    assert [(record.action, record.door) for record in records] == [
        ("user.added", "command"),
        ("user.password_set", "command"),
    ]
    assert all(record.actor_name for record in records)


def test_what_owners_do_themselves_is_not_staffs(user, client_of):
    assert client_of(user).patch("/users/me", {"full_name": "New"}).status_code == 200
    assert written() == []
