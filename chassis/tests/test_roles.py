"""What a role may do is what the service's table says: in its groups after each migration, and through the API."""

import threading
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core import checks
from django.core.management import call_command
from django.db import connection
from things import roles as table

from chassis.roles import EVERYTHING, edits, is_staff, is_superuser, may, views
from chassis.testing_staff import assert_groups_are_the_table, assert_pages_follow_the_table
from chassis.web import roles
from chassis.web.grants import grant
from chassis.web.staff import local_user

MEMBERS = {"support": frozenset({"view_thing"}), "admin": EVERYTHING}


@pytest.fixture
def changed_table(monkeypatch: pytest.MonkeyPatch) -> Any:
    """changed_table({...}) → from now on STAFF_MAY is this."""

    def change(staff_may: Any) -> None:
        monkeypatch.setattr(table, "STAFF_MAY", staff_may)
        _forget()

    yield change
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    roles.staff_may.cache_clear()
    roles.group_names.cache_clear()


def test_a_role_may_what_its_line_says() -> None:
    assert may(MEMBERS, ["support"], "view_thing")
    assert not may(MEMBERS, ["support"], "change_thing")
    assert may(MEMBERS, ["customer", "admin"], "change_thing")
    assert not may(MEMBERS, ["customer"], "view_thing")
    assert not may(MEMBERS, [], "view_thing")


def test_whoever_has_a_line_is_staff_and_whoever_has_everything_a_superuser() -> None:
    assert [is_staff(MEMBERS, [role]) for role in ("customer", "support", "admin")] == [False, True, True]
    assert [is_superuser(MEMBERS, [role]) for role in ("customer", "support", "admin")] == [False, False, True]
    assert not is_staff(MEMBERS, [])


def test_a_line_is_written_with_few_words() -> None:
    assert views("thing", "other") == {"view_thing", "view_other"}
    assert edits("thing") == {"add_thing", "change_thing", "delete_thing"}


@pytest.mark.django_db
def test_a_new_database_has_the_roles_of_the_table() -> None:
    assert_groups_are_the_table()


@pytest.mark.django_db
@pytest.mark.parametrize("role", table.STAFF_MAY)
def test_every_page_lets_a_role_do_what_the_table_says(role: str) -> None:
    assert_pages_follow_the_table(local_user("somebody", {role}), role=role, superuser=local_user("root", {"admin"}))


@pytest.mark.django_db
def test_what_is_not_in_the_table_is_taken_away() -> None:
    Group.objects.get(name="support").permissions.add(*Permission.objects.filter(codename="delete_thing"))
    Group.objects.get(name="manager").delete()
    Group.objects.create(name="intern").permissions.add(*Permission.objects.all())
    grant()
    assert_groups_are_the_table()


@pytest.mark.django_db
def test_a_migration_grants_even_when_there_is_nothing_to_migrate() -> None:
    Group.objects.get(name="manager").permissions.clear()
    call_command("migrate", verbosity=0)
    assert_groups_are_the_table()


@pytest.mark.django_db
def test_a_role_that_went_stays_without_rights_as_long_as_somebody_has_it(changed_table: Any) -> None:
    somebody = User.objects.create(username="somebody")
    somebody.groups.add(Group.objects.get(name="manager"))
    changed_table(MEMBERS)
    grant()
    assert not somebody.get_all_permissions()
    somebody.groups.clear()
    grant()
    assert_groups_are_the_table()


@pytest.mark.django_db
def test_a_second_time_changes_nothing() -> None:
    grant()
    before = list(Group.permissions.through.objects.order_by("pk").values_list())
    grant()
    assert list(Group.permissions.through.objects.order_by("pk").values_list()) == before


@pytest.mark.django_db(transaction=True)
def test_pods_that_migrate_side_by_side_do_not_disturb_each_other() -> None:
    Group.objects.all().delete()
    failures: list[BaseException] = []
    together = threading.Barrier(4)

    def migrate() -> None:
        try:
            together.wait(10)
            grant()
        except BaseException as exc:  # noqa: BLE001  (whatever it is, the test tells)
            failures.append(exc)
        finally:
            connection.close()

    pods = [threading.Thread(target=migrate) for _ in range(4)]
    for pod in pods:
        pod.start()
    for pod in pods:
        pod.join(30)
    assert failures == []
    assert_groups_are_the_table()


def test_a_permission_that_does_not_exist_is_no_secret(changed_table: Any) -> None:
    assert checks.run_checks() == []
    changed_table({"support": frozenset({"view_thing", "refund_thign"}), "admin": EVERYTHING})
    [error] = [found for found in checks.run_checks() if found.id == "chassis.E001"]
    assert "refund_thign" in error.msg
