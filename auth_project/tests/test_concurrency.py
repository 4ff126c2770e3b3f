"""Requests side by side, on connections of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from factories import PASSWORD, UserFactory, mailed_token

from accounts import services, sessions
from accounts.domain import REFRESH_GRACE, EndReason
from accounts.errors import (
    AccountExists,
    InvalidCredentials,
    InvalidOneTimeToken,
    InvalidRefreshToken,
    SignInThrottled,
)
from accounts.models import Session, User
from chassis.web.problems import Problem

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
AT_ONCE = 6


def side_by_side(work: Callable[[int], Any]) -> list[Any]:
    """What each of AT_ONCE threads returned or, if it was a problem, raised."""
    barrier = Barrier(AT_ONCE)

    def run(number: int) -> Any:
        barrier.wait(10)
        try:
            return work(number)
        except Problem as problem:
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


def test_of_registrations_with_one_user_name_one_succeeds(emitted):
    done = side_by_side(
        lambda number: services.register(username="mai", email=f"mai{number}@example.com", password=PASSWORD)
    )
    assert sum(isinstance(one, User) for one in done) == 1
    refused = [one for one in done if isinstance(one, AccountExists)]
    assert len(refused) == AT_ONCE - 1
    assert {error["pointer"] for one in refused for error in one.errors} == {"/username"}
    assert len(emitted("user.registered")) == 1


def test_of_accounts_with_one_address_one_proves_it(emitted):
    for number in range(AT_ONCE):
        services.register(username=f"mai{number}", email="mai@example.com", password=PASSWORD)
    tokens = [mailed_token(event) for event in emitted("email.verification_requested")]
    assert len(tokens) > 2
    done = side_by_side(lambda number: services.verify_email(token=tokens[number % len(tokens)]))
    assert sum(isinstance(one, User) for one in done) == 1
    assert sum(isinstance(one, InvalidOneTimeToken) for one in done) == AT_ONCE - 1
    assert User.objects.exclude(email_verified_at=None).count() == 1


def test_uses_of_one_refresh_token_at_once_get_the_same_pair():
    user = UserFactory()
    pair = sessions.sign_in(login=user.username, password=PASSWORD)
    done = side_by_side(lambda _: sessions.refresh(refresh_token=pair.refresh_token))
    assert len(done) == AT_ONCE
    assert len(set(done)) == 1
    assert sessions.refresh(refresh_token=done[0].refresh_token)
    assert Session.objects.get().ended_at is None


def test_of_uses_at_once_of_a_refresh_token_that_was_spent_long_ago_none_succeeds_and_the_session_ends():
    user = UserFactory()
    pair = sessions.sign_in(login=user.username, password=PASSWORD)
    sessions.refresh(refresh_token=pair.refresh_token)
    Session.objects.update(refreshed_at=F("refreshed_at") - REFRESH_GRACE)
    done = side_by_side(lambda _: sessions.refresh(refresh_token=pair.refresh_token))
    assert sum(isinstance(one, InvalidRefreshToken) for one in done) == AT_ONCE
    assert Session.objects.get().end_reason == EndReason.TOKEN_REUSED


def test_attempts_side_by_side_are_counted(settings):
    settings.SIGN_IN_ATTEMPTS = 2
    user = UserFactory()

    def guess(number: int) -> Any:
        login = (user.username, user.email)[number % 2]
        return sessions.sign_in(login=login, password="wrong", address=f"192.0.2.{number}")

    done = side_by_side(guess)
    assert sum(isinstance(one, InvalidCredentials) for one in done) == 2
    assert sum(isinstance(one, SignInThrottled) for one in done) == AT_ONCE - 2


def test_of_uses_of_one_mailed_token_one_succeeds(emitted):
    user = UserFactory()
    services.request_password_reset(email=user.email)
    token = mailed_token(emitted("password.reset_requested")[0])
    done = side_by_side(lambda number: services.reset_password(token=token, new_password=f"an0ther-horse-{number}"))
    assert sum(one is None for one in done) == 1
    assert sum(isinstance(one, InvalidOneTimeToken) for one in done) == AT_ONCE - 1


def test_no_session_outlives_a_password_that_changed_meanwhile(monkeypatch):
    user = UserFactory()
    checked = sessions.check_credentials

    def change_after_the_check(**given: Any) -> User:
        found = checked(**given)
        services.set_password(user_id=user.id, new_password="an0ther-horse")
        return found

    monkeypatch.setattr(sessions, "check_credentials", change_after_the_check)
    with pytest.raises(Problem):
        sessions.sign_in(login=user.username, password=PASSWORD)
    assert not Session.objects.exists()
