"""What is mailed about an account: to whom, and how often at most."""

from datetime import timedelta

import pytest
from django.utils import timezone
from factories import PASSWORD, UserFactory

from accounts import services
from accounts.models import FormerAddress, User

pytestmark = pytest.mark.django_db


def told(emitted, event_type):
    return [event.data["email"] for event in emitted(event_type)]


def move(user, email):
    services.update_profile(user_id=user.id, changes={"email": email}, current_password=PASSWORD)


@pytest.fixture
def owner():
    return UserFactory(email="old@example.com", email_verified_at=timezone.now())


def test_the_address_that_an_account_had_is_told_that_it_has_another(owner, emitted):
    move(owner, "new@example.com")
    assert told(emitted, "email.changed") == ["old@example.com"]
    assert told(emitted, "email.verification_requested") == ["new@example.com"]


def test_a_new_password_is_told_to_the_mailbox_and_to_those_of_before(owner, emitted):
    move(owner, "thief@example.com")
    move(owner, "thief2@example.com")
    services.change_password(user_id=owner.id, current_password=PASSWORD, new_password="an0ther-horse")
    assert told(emitted, "password.changed") == ["thief2@example.com", "thief@example.com", "old@example.com"]
    assert told(emitted, "email.changed") == ["old@example.com", "thief@example.com", "old@example.com"]


@pytest.mark.parametrize("how", ["reset", "operator"])
def test_however_a_password_is_set_it_is_told(owner, emitted, how):
    from factories import mailed_token

    if how == "reset":
        services.request_password_reset(email=owner.email)
        token = mailed_token(emitted("password.reset_requested")[0])
        services.reset_password(token=token, new_password="an0ther-horse")
    else:
        services.set_password(user_id=owner.id, new_password="an0ther-horse")
    assert told(emitted, "password.changed") == ["old@example.com"]


def test_an_address_that_was_left_long_ago_hears_nothing_more(owner, emitted):
    move(owner, "new@example.com")
    FormerAddress.objects.update(left_at=timezone.now() - timedelta(days=31))
    services.set_password(user_id=owner.id, new_password="an0ther-horse")
    assert told(emitted, "password.changed") == ["new@example.com"]


def test_a_strangers_address_gets_few_mails_whatever_the_cause(emitted, settings):
    settings.MAIL_REQUESTS = 4
    stranger = "stranger@example.com"
    for number in range(6):
        user = services.register(username=f"bomber{number}", email=stranger, password=PASSWORD)
        services.request_email_verification(user_id=user.id)
        services.request_password_reset(email=stranger)
        move(user, f"own{number}@example.com")
        move(user, stranger.upper())
    mails = [event for event in emitted() if event.type not in ("user.registered", "user.updated")]
    assert len([mail for mail in mails if mail.data["email"].lower() == stranger]) == 4


def test_an_account_writes_to_few_addresses(emitted, settings):
    settings.MAIL_REQUESTS = 3
    user = UserFactory()
    for number in range(8):
        move(user, f"stranger{number}@example.com")
    assert len(told(emitted, "email.verification_requested")) == 3


def test_what_strangers_ask_for_does_not_use_up_what_the_owner_is_told(owner, emitted, settings):
    settings.MAIL_REQUESTS = 2
    for number in range(4):
        services.register(username=f"bomber{number}", email=owner.email, password=PASSWORD)
    services.set_password(user_id=owner.id, new_password="an0ther-horse")
    assert told(emitted, "password.changed") == [owner.email]
    services.request_password_reset(email=owner.email)
    assert told(emitted, "password.reset_requested") == [owner.email]


def test_who_proves_an_address_is_told_to_others_and_a_new_account_is_known_as_one(emitted):
    from factories import mailed_token

    user = services.register(username="mai", email="mai@example.com", password=PASSWORD)
    services.verify_email(token=mailed_token(emitted("email.verification_requested")[-1]))
    assert emitted("user.updated")[-1].data["email_verified"] is True
    move(User.objects.get(pk=user.pk), "other@example.com")
    assert emitted("user.updated")[-1].data["email_verified"] is False
    services.verify_email(token=mailed_token(emitted("email.verification_requested")[-1]))
    assert [event.data["new_account"] for event in emitted("email.verified")] == [True, False]


def test_without_redis_mails_are_sent(no_redis, owner, emitted):
    services.set_password(user_id=owner.id, new_password="an0ther-horse")
    assert told(emitted, "password.changed") == [owner.email]
