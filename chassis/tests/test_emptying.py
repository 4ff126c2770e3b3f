"""What a test that commits leaves to the next one."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import TransactionTestCase
from things.models import Thing

from chassis.storage.models import OutboxMessage
from chassis.testing_database import empty
from chassis.testing_staff import assert_groups_are_the_table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _as_migrations_left_it() -> None:
    empty(TransactionTestCase())


def test_whatever_was_written_is_gone_and_what_migrations_made_is_there_as_it_was() -> None:
    groups = dict(Group.objects.values_list("name", "id"))
    Thing.objects.create(name="lamp", size=1)
    User.objects.create(username="anna").groups.add(groups["support"])

    empty(TransactionTestCase())

    assert not any(model.objects.exists() for model in (Thing, User, User.groups.through, OutboxMessage))
    assert dict(Group.objects.values_list("name", "id")) == groups
    assert_groups_are_the_table()


def test_what_a_test_changed_of_what_migrations_made_is_made_anew() -> None:
    Group.objects.get(name="support").permissions.clear()
    Group.objects.create(name="stray")

    empty(TransactionTestCase())

    assert_groups_are_the_table()
