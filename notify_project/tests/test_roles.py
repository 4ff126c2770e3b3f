"""Who may do what in this service is what the table of notifications/roles.py says."""

import pytest

from chassis.testing_staff import assert_groups_are_the_table, assert_pages_follow_the_table
from chassis.web.staff import local_user
from notifications.roles import STAFF_MAY

pytestmark = pytest.mark.django_db


def test_the_roles_in_the_database_are_those_of_the_table() -> None:
    assert_groups_are_the_table()


@pytest.mark.parametrize("role", STAFF_MAY)
def test_every_page_lets_a_role_do_what_the_table_says_and_nothing_else(role: str) -> None:
    superuser = local_user("root", {"admin"})
    assert_pages_follow_the_table(local_user("somebody", {role}), role=role, superuser=superuser)
