"""Rows to arrange tests with."""

from typing import Any

import factory
from django.conf import settings
from django.contrib.auth.models import Group

from accounts import mailed
from accounts.errors import InvalidOneTimeToken
from accounts.models import OneTimeToken, User
from chassis.messaging.events import Event
from chassis.secrets import unseal

PASSWORD = "corr3ct-horse-battery"


def mailed_token(event: Event) -> str:
    """What the reader of the mail gets of this event."""
    return unseal(event.data["token"], settings.MAILED_SECRET_KEYS)


class UserFactory(factory.django.DjangoModelFactory):
    """UserFactory(roles=["manager"]) → a user in the database, whose password is PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    full_name = "Mai Tran"
    phone = "+84901234567"

    @classmethod
    def _create(cls, model_class: Any, *args: Any, roles: Any = ("customer",), **kwargs: Any) -> User:
        user = model_class(*args, **kwargs)
        user.set_password(PASSWORD)
        user.save()
        user.groups.set(Group.objects.filter(name__in=roles))
        return user


def opened_by(token):
    """The names of the accounts whose password a mailed link sets; none where it is not good."""
    try:
        return [user.username for user in mailed.opened_by(mailed.find(token, OneTimeToken.Purpose.PASSWORD_RESET))]
    except InvalidOneTimeToken:
        return []
