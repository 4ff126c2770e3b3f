"""Who buys without an account, and whose it is once the address is proved."""

import pytest
from factories import PASSWORD, UserFactory, mailed_token, opened_by

from accounts import guests, services, sessions
from accounts.errors import InvalidCredentials, InvalidOneTimeToken, InvalidRefreshToken
from accounts.models import User
from chassis.storage.redis import redis_client

pytestmark = pytest.mark.django_db

ADDRESS = "mai@example.com"
NEW = "an0ther-horse"


@pytest.fixture
def guest(emitted):
    """guest() → somebody who bought with the address, the mailed token in .link and their tokens in .pair."""

    def open_one(email=ADDRESS):
        redis_client().flushdb()  # the mailbox gets few mails an hour
        pair = guests.open_guest(email=email)
        user = User.objects.filter(is_guest=True).order_by("-id")[0]
        user.pair, user.link = pair, mailed_token(emitted("email.verification_requested")[-1])
        return user

    return open_one


@pytest.fixture
def link_of(emitted):
    """link_of(user) → what proves that the address is theirs."""

    def ask(user):
        redis_client().flushdb()
        services.request_email_verification(user_id=user.pk)
        return mailed_token(emitted("email.verification_requested")[-1])

    return ask


@pytest.fixture
def claims(emitted):
    """claims() → (guest, user) of what was told."""
    return lambda: [(event.data["guest_id"], event.data["user_id"]) for event in emitted("guest.claimed")]


def state(user):
    return User.objects.get(pk=user.pk)


def test_a_guest_buys_at_once_and_is_asked_for_the_address(api, emitted):
    answer = api.post("/guests", {"email": ADDRESS.title(), "full_name": "Mai Tran"}, headers={"Accept-Language": "vi"})
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    me = api.get("/users/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"}).json()
    assert me | {"id": "", "username": "", "created_at": ""} == {
        "id": "",
        "username": "",
        "email": "Mai@example.com",
        "email_verified": False,
        "full_name": "Mai Tran",
        "phone": "",
        "language": "vi",
        "time_zone": "",
        "roles": ["customer"],
        "guest": True,
        "created_at": "",
    }
    assert [event.type for event in emitted()] == ["user.registered", "email.verification_requested"]


@pytest.mark.parametrize("body", [{}, {"email": "mai"}, {"email": ADDRESS, "password": PASSWORD}, {"email": 7}])
def test_what_is_no_guest_is_refused(api, body):
    answer = api.post("/guests", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not User.objects.exists()


def test_nobody_signs_in_as_a_guest(guest):
    somebody = guest()
    for login in (ADDRESS, somebody.username):
        for password in ("", somebody.password, PASSWORD):
            with pytest.raises(InvalidCredentials):
                sessions.check_credentials(login=login, password=password, address=None)


def test_guests_keep_nobody_from_signing_in_by_the_address(guest):
    first = UserFactory(email=ADDRESS)
    second = UserFactory(email=ADDRESS)
    for _ in range(3):
        guest()
    second.set_password(NEW)
    second.save()
    assert sessions.check_credentials(login=ADDRESS, password=PASSWORD, address=None) == first
    assert sessions.check_credentials(login=ADDRESS, password=NEW, address=None) == second


def test_a_guest_who_proves_the_address_has_what_was_bought_with_it_before(guest, claims):
    before, now, elsewhere = guest(), guest(), guest("other@example.com")
    assert services.verify_email(token=now.link) == now
    assert claims() == [(str(before.pk), str(now.pk))]
    assert (state(before).is_active, state(before).claimed_by) == (False, now.pk)
    assert (state(now).is_active, state(now).is_guest) == (True, True)
    assert state(elsewhere).is_active


def test_the_guest_of_an_address_that_an_account_has_proved_is_the_accounts(guest, claims, link_of):
    owner = UserFactory(email=ADDRESS)
    services.verify_email(token=link_of(owner))
    somebody = guest()
    assert claims() == []
    assert services.verify_email(token=somebody.link) == owner
    assert claims() == [(str(somebody.pk), str(owner.pk))]
    with pytest.raises(InvalidRefreshToken):
        sessions.refresh(refresh_token=somebody.pair.refresh_token)
    with pytest.raises(InvalidOneTimeToken):
        services.verify_email(token=somebody.link)


def test_who_opens_an_account_later_has_what_guests_bought(guest, claims, link_of):
    proved, unproved = guest(), guest()
    services.verify_email(token=proved.link)
    assert claims() == [(str(unproved.pk), str(proved.pk))]
    owner = UserFactory(email=ADDRESS.upper())
    assert services.verify_email(token=link_of(owner)) == owner
    assert claims()[1:] == [(str(proved.pk), str(owner.pk))]
    assert (state(proved).email_verified_at, state(owner).email_verified_at is not None) == (None, True)


def test_of_two_accounts_the_second_still_does_not_get_the_address_of_the_first(claims, link_of):
    owner, other = UserFactory(email=ADDRESS), UserFactory(email=ADDRESS)
    later = link_of(other)
    services.verify_email(token=link_of(owner))
    with pytest.raises(InvalidOneTimeToken):
        services.verify_email(token=later)
    assert claims() == []


def test_a_forgotten_password_makes_an_account_of_a_guest(guest, emitted, claims):
    first, second = guest(), guest()
    services.request_password_reset(email=ADDRESS)
    assert opened_by(mailed_token(emitted("password.reset_requested")[-1])) == [second.username]
    services.reset_password(token=mailed_token(emitted("password.reset_requested")[-1]), new_password=NEW)
    assert sessions.check_credentials(login=ADDRESS, password=NEW, address=None) == second
    assert not state(second).is_guest
    assert claims() == [(str(first.pk), str(second.pk))]


def test_a_reset_is_for_the_account_and_not_for_guests_of_its_address(guest, emitted, claims):
    owner = UserFactory(email=ADDRESS)
    somebody = guest()
    services.request_password_reset(email=ADDRESS)
    token = mailed_token(emitted("password.reset_requested")[-1])
    assert opened_by(token) == [owner.username]
    services.reset_password(token=token, new_password=NEW)
    assert claims() == [(str(somebody.pk), str(owner.pk))]


def test_a_guest_that_gets_a_password_from_staff_is_none_any_more(guest):
    somebody = guest()
    services.set_password(user_id=somebody.pk, new_password=NEW)
    assert not state(somebody).is_guest
