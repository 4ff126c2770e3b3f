"""Whatever ends somebody's sessions ends those at the five admin sites too, for as long as one of them may live."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from factories import PASSWORD, UserFactory, mailed_token

from accounts import revocations, services, sessions, tokens
from accounts.models import Revocation, Session, User
from chassis.messaging.events import Event
from chassis.storage.models import OutboxMessage
from chassis.storage.redis import redis_client
from chassis.web.problems import Unauthenticated
from chassis.web.revoked import TOLD, TOLD_KEY, still_stands
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db
USERS, OWN_SITE = "/admin/auth/accounts/user/", "/admin/auth/"
NEW = "an0ther-horse-42"


@pytest.fixture
def leaver() -> User:
    return UserFactory(roles=["customer", "support"])


@pytest.fixture
def admin() -> Client:
    return entered(UserFactory(roles=["customer", "admin"]))


def entered(user: User, password: str = PASSWORD) -> Client:
    client = Client()
    answer = client.post(f"{OWN_SITE}login/", {"username": user.username, "password": password})
    assert answer.status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get(OWN_SITE).status_code == 200


def save(admin: Client, user: User, **changes: Any) -> None:
    form = {name: getattr(user, name) for name in ("username", "email", "full_name", "phone")}
    groups = list(user.groups.values_list("pk", flat=True))
    sent = {**form, "is_active": "on", "groups": groups, "reason": "they asked", **changes}
    answer = admin.post(f"{USERS}{user.pk}/change/", sent)
    assert answer.status_code == 302


def reset(user: User) -> None:
    services.request_password_reset(email=user.email)
    mailed = Event.parse(OutboxMessage.objects.filter(type="password.reset_requested").latest("id").body)
    services.reset_password(token=mailed_token(mailed), new_password=NEW)


def own_page(user: User) -> None:
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert entered(user).post(f"{OWN_SITE}password_change/", form).status_code == 302


def everywhere(user: User) -> None:
    sessions.sign_out(session_id=Session.objects.filter(user=user).latest("id").id, everywhere=True)


ENDS: dict[str, Callable[[User, Client], object]] = {
    "a role taken": lambda user, admin: save(admin, user, groups=[Group.objects.get(name="customer").pk]),
    "a role given": lambda user, admin: save(admin, user, groups=list(Group.objects.values_list("pk", flat=True))),
    "deactivated": lambda user, admin: save(admin, user, is_active=""),
    "renamed": lambda user, admin: save(admin, user, username="somebody.else"),
    "the password changed": lambda user, _: services.change_password(
        user_id=user.pk, current_password=PASSWORD, new_password=NEW
    ),
    "the password changed at the admin site": lambda user, _: own_page(user),
    "the password reset": lambda user, _: reset(user),
    "the password set by an operator": lambda user, _: services.set_password(user_id=user.pk, new_password=NEW),
    "signed out everywhere": lambda user, _: everywhere(user),
    "all sessions ended by staff": lambda user, admin: admin.post(
        USERS, {"action": "end_sessions", "_selected_action": [str(user.pk)]}
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_ends_the_sessions_at_this_site_and_at_the_others(how, leaver, admin, tokens_of, committed):
    revocations.publish_due()
    # What another site knows of its session is what the token said that it was opened by.
    elsewhere = verify(tokens_of(leaver).access_token)
    since, session_id = time.time(), Session.objects.get(user=leaver).id.hex
    here, bystander = entered(leaver), entered(UserFactory(roles=["customer", "support"]))
    assert is_in(here)
    assert still_stands(user_id=elsewhere.id, session_id=session_id, since=since)
    with committed():
        ENDS[how](leaver, admin)
    assert not is_in(here)
    assert not still_stands(user_id=elsewhere.id, session_id=session_id, since=since)
    assert is_in(bystander)
    assert is_in(admin)


@pytest.mark.parametrize("how", ENDS)
def test_is_remembered_for_as_long_as_an_admin_session_may_live(how, leaver, admin, tokens_of, committed, settings):
    tokens_of(leaver)
    with committed():
        ENDS[how](leaver, admin)
    row = Revocation.objects.get(user=leaver)
    assert row.expires_at >= row.issued_before + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    assert redis_client().ttl(f"revoked:user:{leaver.pk}") >= settings.SESSION_COOKIE_AGE


def test_one_session_that_staff_ended_ends_the_admin_session_that_began_with_it(leaver, tokens_of, committed, settings):
    revocations.publish_due()
    tokens_of(leaver)
    session = Session.objects.get(user=leaver)
    # Its access token is long gone: what it opened is not.
    Session.objects.update(access_tokens=[])
    with committed():
        sessions.end_by_staff(session_ids=[session.pk], staff=UserFactory(roles=["admin"]))
    assert not still_stands(user_id=leaver.pk, session_id=session.id.hex, since=time.time())
    assert redis_client().ttl(f"revoked:token:{session.id.hex}") >= settings.SESSION_COOKIE_AGE - 60
    assert still_stands(user_id=leaver.pk, session_id=UUID(int=1).hex, since=time.time())


def test_an_empty_redis_is_told_again_and_only_then_believed(leaver, tokens_of, committed):
    revocations.publish_due()
    tokens_of(leaver)
    with committed():
        everywhere(leaver)
    redis_client().flushdb()
    assert revocations.publish_due() == 1
    assert redis_client().get(TOLD_KEY).startswith(TOLD)
    assert not still_stands(user_id=leaver.pk, session_id="", since=0.0)


def test_a_redis_that_was_restarted_or_took_over_is_told_again(leaver, committed):
    with committed():
        services.set_password(user_id=leaver.pk, new_password=NEW)
    assert revocations.publish_due() == 1
    assert revocations.publish_due() == 0
    for mark in (TOLD + b":another", b"telling:another"):
        redis_client().set(TOLD_KEY, mark)
        assert revocations.publish_due() == 1
        assert revocations.publish_due() == 0


def test_what_is_more_than_one_batch_is_told_in_several_and_believed_after_the_last(leaver, monkeypatch):
    monkeypatch.setattr(revocations, "BATCH", 2)
    Revocation.objects.bulk_create(
        Revocation(jti=f"{number:032}", expires_at=timezone.now() + timedelta(hours=1)) for number in range(3)
    )
    assert revocations.publish_due() == 2
    assert redis_client().get(TOLD_KEY).startswith(b"telling")
    assert revocations.publish_due() == 1
    assert redis_client().get(TOLD_KEY).startswith(TOLD)


def lose_the_role(user: User) -> None:
    user.groups.remove(Group.objects.get(name="support"))
    revocations.revoke_all_of(user)


def test_a_role_that_was_taken_while_the_password_was_looked_at_is_in_no_good_token(leaver, monkeypatch, committed):
    checked = sessions.check_credentials

    def lose_it_after_the_check(**given: Any) -> User:
        found = checked(**given)
        assert "support" in found.roles
        lose_the_role(leaver)
        return found

    monkeypatch.setattr(sessions, "check_credentials", lose_it_after_the_check)
    with committed():
        pair = sessions.sign_in(login=leaver.username, password=PASSWORD)
    with pytest.raises(Unauthenticated):
        verify(pair.access_token)


def test_a_role_that_was_taken_while_a_token_was_renewed_is_in_no_good_token(leaver, tokens_of, monkeypatch, committed):
    pair = tokens_of(leaver)

    def lose_it_meanwhile(**given: Any) -> tokens.Issued:
        assert "support" in given["user"].roles
        lose_the_role(leaver)
        return tokens.issue(**given)

    monkeypatch.setattr(sessions, "issue", lose_it_meanwhile)
    with committed():
        renewed = sessions.refresh(refresh_token=pair.refresh_token)
    with pytest.raises(Unauthenticated):
        verify(renewed.access_token)


def test_the_old_password_is_asked_for_and_guessing_it_is_stopped(leaver, settings):
    settings.SIGN_IN_ATTEMPTS = 2
    browser = entered(leaver)
    form = {"old_password": "guess", "new_password1": NEW, "new_password2": NEW}
    for _ in range(2):
        page = browser.post(f"{OWN_SITE}password_change/", form)
        assert "The current password is not right" in page.content.decode()
    page = browser.post(f"{OWN_SITE}password_change/", {**form, "old_password": PASSWORD})
    assert "Too many failed attempts" in page.content.decode()
    leaver.refresh_from_db()
    assert leaver.check_password(PASSWORD)


def test_djangos_command_for_a_password_is_ours(leaver, monkeypatch, committed):
    browser = entered(leaver)
    monkeypatch.setattr("accounts.management.commands.changepassword.getpass", lambda _: NEW)
    with committed():
        call_command("changepassword", leaver.username)
    assert not is_in(browser)
    assert is_in(entered(leaver, NEW))


def test_signing_out_everywhere_by_the_api(client_of, leaver, tokens_of):
    other = tokens_of(leaver)
    assert client_of(leaver).post("/logout", {"everywhere": True}).status_code == 204
    with pytest.raises(Unauthenticated):
        verify(other.access_token)
    assert not Session.objects.filter(ended_at=None).exists()


def test_signing_out_ends_that_session_alone(client_of, leaver, tokens_of):
    other = tokens_of(leaver)
    assert client_of(leaver).post("/logout", {}).status_code == 204
    assert verify(other.access_token).id == leaver.pk
