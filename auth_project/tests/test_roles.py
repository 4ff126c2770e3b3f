"""Who may do what in this service is what the table of accounts/roles.py says."""

import pytest
from factories import UserFactory

from accounts.roles import STAFF_MAY, Role
from chassis.testing_staff import assert_groups_are_the_table, assert_pages_follow_the_table

pytestmark = pytest.mark.django_db


def test_the_roles_in_the_database_are_those_of_the_table() -> None:
    assert_groups_are_the_table()


@pytest.mark.parametrize("role", Role)
def test_every_page_lets_a_role_do_what_the_table_says_and_nothing_else(role: Role) -> None:
    superuser = UserFactory(roles=["admin"])
    assert_pages_follow_the_table(UserFactory(roles=[role]), role=role, superuser=superuser)


@pytest.mark.parametrize("role", Role)
def test_whoever_has_a_line_in_the_table_is_staff(role: Role) -> None:
    assert UserFactory(roles=["customer", role]).is_staff == (role in STAFF_MAY)
