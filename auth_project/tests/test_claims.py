"""An address that several accounts say is theirs, and nobody has proved: its reader gets at each of them."""

import pytest
from factories import PASSWORD, UserFactory, mailed_token, opened_by

from accounts import selectors, services, sessions
from accounts.errors import InvalidCredentials, InvalidOneTimeToken, WhichAccount
from accounts.models import User

pytestmark = pytest.mark.django_db

ADDRESS = "mai@example.com"
NEW = "an0ther-horse"


@pytest.fixture
def owner():
    return UserFactory(username="mai", email=ADDRESS)


@pytest.fixture
def stranger(owner):
    """Who opened an account with the same address afterwards."""
    return UserFactory(username="stranger", email=ADDRESS.upper())


@pytest.fixture
def link(emitted):
    """What the mailbox gets when somebody asks for a new password."""

    def ask():
        services.request_password_reset(email=ADDRESS)
        return mailed_token(emitted("password.reset_requested")[-1])

    return ask


def test_who_comes_later_keeps_nobody_from_signing_in_by_address(owner, stranger):
    owner.set_password("the-0wner-s-own")
    owner.save()
    assert sessions.check_credentials(login=ADDRESS, password="the-0wner-s-own", address=None) == owner
    assert sessions.check_credentials(login=ADDRESS, password=PASSWORD, address=None) == stranger


def test_of_a_proved_address_only_who_proved_it_and_the_newest_sign_in(owner, stranger, link):
    services.reset_password(token=link(), new_password=NEW, username="mai")
    newest = UserFactory(username="newest", email=ADDRESS)
    assert selectors.users_by_login(ADDRESS) == [owner, newest]
    assert sessions.check_credentials(login=ADDRESS, password=NEW, address=None) == owner


def test_the_reader_says_which_account_gets_the_new_password(owner, stranger, link):
    token = link()
    assert opened_by(token) == ["mai", "stranger"]
    for username in ("", "nobody"):
        with pytest.raises(WhichAccount) as asked:
            services.reset_password(token=token, new_password=NEW, username=username)
        assert asked.value.extra == {"usernames": ["mai", "stranger"]}
    services.reset_password(token=token, new_password=NEW, username="Mai")
    assert sessions.check_credentials(login="mai", password=NEW, address=None) == owner
    assert sessions.check_credentials(login="stranger", password=PASSWORD, address=None) == stranger
    assert User.objects.get(pk=owner.pk).email_verified_at is not None
    assert opened_by(link()) == ["mai"], "it is had by who proved it"


def test_a_mailbox_has_one_good_link_whoever_it_was_mailed_for(owner, link):
    before = link()
    UserFactory(username="later", email=ADDRESS)
    now = link()
    assert opened_by(before) == []
    with pytest.raises(InvalidOneTimeToken):
        services.reset_password(token=before, new_password=NEW, username="mai")
    services.reset_password(token=now, new_password=NEW, username="mai")


def test_an_account_that_left_the_address_or_was_closed_is_none_of_them(owner, stranger, link):
    token = link()
    services.update_profile(user_id=owner.id, changes={"email": "safe@example.com"}, current_password=PASSWORD)
    assert opened_by(token) == ["stranger"]
    with pytest.raises(WhichAccount):
        services.reset_password(token=token, new_password=NEW, username="mai")
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    assert opened_by(token) == []
    with pytest.raises(InvalidCredentials):
        sessions.check_credentials(login=ADDRESS, password=PASSWORD, address=None)


def test_a_crowd_of_accounts_hides_nobody_s(owner, link, monkeypatch):
    monkeypatch.setattr("accounts.mailed.CLAIMS_SHOWN", 2)
    for number in range(4):
        UserFactory(username=f"crowd{number}", email=ADDRESS)
    token = link()
    assert opened_by(token) == ["mai", "crowd0", "crowd3"]
    services.reset_password(token=token, new_password=NEW, username="mai")


def test_the_api_says_which_accounts_there_are(api, owner, stranger, link):
    token = link()
    asked = api.post("/password/reset/confirm", {"token": token, "new_password": NEW})
    assert (asked.status_code, asked.json()["code"]) == (409, "which_account")
    assert asked.json()["usernames"] == ["mai", "stranger"]
    done = api.post("/password/reset/confirm", {"token": token, "new_password": NEW, "username": "stranger"})
    assert done.status_code == 204
