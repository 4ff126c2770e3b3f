"""Who gave an account its address is told with the account: readers elsewhere do not let them decide on its money."""

import pytest
from django.utils import timezone
from factories import PASSWORD, UserFactory

from accounts import services
from accounts.models import User
from chassis.four_eyes import ADDRESS_SETTLES

pytestmark = pytest.mark.django_db


def by_staff(user: User, staff: User, email: str) -> None:
    was, user.email = user.email, email
    user.save()
    services.record_staff_change(user=user, was={"email": was}, roles_before=user.roles, staff=staff)


def by_owner(user: User, email: str) -> None:
    services.update_profile(user_id=user.pk, changes={"email": email}, current_password=PASSWORD)


def test_an_address_that_staff_changed_names_who_did_whatever_changes_afterwards(user, emitted):
    support = UserFactory(roles=["support"])
    by_staff(user, support, "new@example.com")
    services.update_profile(user_id=user.pk, changes={"full_name": "New"})
    changed, renamed = emitted("user.updated")
    assert changed.data["email_changed_by"] == str(support.pk)
    assert changed.data["email_changed_at"] is not None
    for name in ("email_changed_by", "email_changed_at"):
        assert renamed.data[name] == changed.data[name]


def test_the_owners_own_change_does_not_cover_that_of_staff_until_it_has_settled(user, emitted):
    support = UserFactory(roles=["support"])
    by_staff(user, support, "new@example.com")
    by_owner(user, "own@example.com")
    assert emitted("user.updated")[-1].data["email_changed_by"] == str(support.pk)
    User.objects.update(email_changed_at=timezone.now() - ADDRESS_SETTLES)
    by_owner(user, "mine@example.com")
    assert emitted("user.updated")[-1].data["email_changed_by"] is None


def test_of_two_of_staff_the_later_is_named(user, emitted):
    support, admin = UserFactory(roles=["support"]), UserFactory(roles=["admin"])
    by_staff(user, support, "new@example.com")
    by_staff(user, admin, "newer@example.com")
    assert emitted("user.updated")[-1].data["email_changed_by"] == str(admin.pk)


def test_an_address_that_the_owner_changed_names_nobody_of_staff(user, emitted):
    by_owner(user, "new@example.com")
    (updated,) = emitted("user.updated")
    assert updated.data["email_changed_by"] is None
    assert updated.data["email_changed_at"] is not None


def test_without_a_new_address_none_is_said_to_have_come(user, emitted):
    services.update_profile(user_id=user.id, changes={"full_name": "New"})
    (updated,) = emitted("user.updated")
    assert (updated.data["email_changed_at"], updated.data["email_changed_by"]) == (None, None)
