"""Signing in and what bounds it, renewing tokens, and what makes them void."""

import pytest
from django.contrib.auth.models import Group
from django.db.models import F
from django.utils import timezone
from factories import PASSWORD, UserFactory, mailed_token

from accounts import revocations, services, sessions, throttle
from accounts.domain import REFRESH_GRACE, EndReason
from accounts.errors import (
    InvalidCredentials,
    InvalidRefreshToken,
    SignInThrottled,
)
from accounts.models import Revocation, Session, User
from accounts.roles import Role
from chassis.storage.redis import redis_client
from chassis.web.problems import Unauthenticated
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db


def guess(login, *, address=None):
    with pytest.raises(InvalidCredentials):
        sessions.sign_in(login=login, password="wrong", address=address)


def refused_for(login, *, address=None):
    """Seconds to wait, though the password is right."""
    with pytest.raises(SignInThrottled) as caught:
        sessions.sign_in(login=login, password=PASSWORD, address=address)
    return int(caught.value.headers["Retry-After"])


def pass_time(user, *, address):
    """What waits is over; what was counted stays."""
    *_, wait = throttle._sign_in_keys(str(user.id), address)
    assert redis_client().delete(wait) == 1


def mailed(emitted, event_type):
    return mailed_token(emitted(event_type)[-1])


class TestSigningIn:
    def test_with_name_or_address_in_any_case(self):
        user = UserFactory(username="Mai", email="mai@example.com")
        for login in ("mai", "MAI", "mai@example.com", "Mai@Example.com"):
            assert verify(sessions.sign_in(login=login, password=PASSWORD).access_token).id == user.id

    def test_the_token_carries_who_it_is_and_what_they_are(self, settings):
        user = UserFactory(roles=["manager", "customer"])
        principal = verify(sessions.sign_in(login=user.username, password=PASSWORD).access_token)
        assert (principal.id, principal.username, principal.roles) == (user.id, user.username, {"manager", "customer"})

    def test_an_unknown_name_a_wrong_password_and_an_inactive_account_are_the_same(self, user):
        inactive = UserFactory(is_active=False)
        said = set()
        for login, password in ((user.username, "wrong"), ("nobody", PASSWORD), (inactive.username, PASSWORD)):
            with pytest.raises(InvalidCredentials) as caught:
                sessions.sign_in(login=login, password=password)
            said.add(caught.value.detail)
        assert len(said) == 1

    def test_an_unknown_name_costs_one_hash_like_a_wrong_password(self, user, monkeypatch):
        import bcrypt

        hashes = []
        hashpw = bcrypt.hashpw
        monkeypatch.setattr(bcrypt, "hashpw", lambda *given: hashes.append(1) or hashpw(*given))
        counts = []
        for login in (user.username, "nobody", user.email, "nobody@example.com"):
            hashes.clear()
            guess(login)
            counts.append(len(hashes))
        assert counts == [1, 1, 2, 2]

    def test_who_has_proved_an_address_and_who_says_it_is_theirs_wait_each_by_themselves(self, settings):
        settings.SIGN_IN_ATTEMPTS = 3
        user = UserFactory(email_verified_at=timezone.now())
        sessions.sign_in(login=user.email, password=PASSWORD, address="192.0.2.1")
        stranger = UserFactory(username="stranger", email=user.email)
        for _ in range(settings.SIGN_IN_ATTEMPTS):
            guess(stranger.username, address="192.0.2.9")
        # The owner is not kept out by what is guessed at the stranger's account, ...
        for _ in range(settings.SIGN_IN_ATTEMPTS * 2):
            sessions.sign_in(login=user.email, password=PASSWORD, address="192.0.2.1")
        # ... and nobody who guesses is let in by there being two.
        for _ in range(settings.SIGN_IN_ATTEMPTS):
            guess(user.username, address="192.0.2.9")
        refused_for(user.email, address="192.0.2.9")

    def test_that_an_address_has_an_owner_shows_at_no_number_of_sign_ins_with_it(self, settings):
        settings.SIGN_IN_ATTEMPTS = 3
        owner = UserFactory(email_verified_at=timezone.now())
        owner.set_password("of the owner alone")
        owner.save()
        for email in (owner.email, "nobody@example.com"):
            UserFactory(email=email)
            for _ in range(settings.SIGN_IN_ATTEMPTS * 2):
                sessions.sign_in(login=email, password=PASSWORD, address="192.0.2.9")

    def test_guessing_is_stopped_by_account_over_all_names_and_addresses_and_each_next_wait_is_longer(
        self, user, settings
    ):
        settings.SIGN_IN_ATTEMPTS = 3
        for number, login in enumerate((user.username, user.email, user.username.upper())):
            guess(login, address=f"192.0.2.{number}")
        assert refused_for(user.email, address="192.0.2.9") == settings.SIGN_IN_FIRST_WAIT_SECONDS
        for seconds in (60, 120, 240, 300, 300):
            pass_time(user, address=None)
            guess(user.username, address="192.0.2.1")
            assert refused_for(user.username, address="192.0.2.2") == seconds

    def test_being_turned_away_lengthens_nothing(self, user, settings):
        settings.SIGN_IN_ATTEMPTS = 1
        guess(user.username)
        waits = {refused_for(user.username) for _ in range(5)}
        assert max(waits) <= settings.SIGN_IN_FIRST_WAIT_SECONDS

    def test_strangers_do_not_lock_out_who_has_signed_in_there_before(self, user, settings):
        settings.SIGN_IN_ATTEMPTS = 2
        sessions.sign_in(login=user.username, password=PASSWORD, address="2001:db8:1:2::1")
        for _ in range(2):
            guess(user.username, address="198.51.100.1")
        assert refused_for(user.username, address="198.51.100.2")
        # A household has a network of its own, and its devices other addresses every day.
        assert sessions.sign_in(login=user.email, password=PASSWORD, address="2001:db8:1:2::77")
        for _ in range(2):
            guess(user.username, address="2001:db8:1:2::1")
        assert refused_for(user.username, address="2001:db8:1:2::1")

    def test_colleagues_behind_one_address_do_not_lock_each_other_out(self, settings):
        settings.SIGN_IN_ATTEMPTS = 2
        one, other = UserFactory(), UserFactory()
        for _ in range(2):
            guess(one.username, address="192.0.2.1")
        assert refused_for(one.username, address="192.0.2.1")
        assert sessions.sign_in(login=other.username, password=PASSWORD, address="192.0.2.1")

    def test_a_success_forgives_and_so_does_a_new_password_by_mail(self, user, emitted, settings):
        settings.SIGN_IN_ATTEMPTS = 3
        for _ in range(2):
            for _ in range(2):
                guess(user.username, address="192.0.2.1")
            assert sessions.sign_in(login=user.username, password=PASSWORD, address="192.0.2.1")
        for _ in range(3):
            guess(user.username, address="192.0.2.7")
        services.request_password_reset(email=user.email)
        token = mailed(emitted, "password.reset_requested")
        services.reset_password(token=token, new_password="an0ther-horse", address="192.0.2.8")
        assert sessions.sign_in(login=user.username, password="an0ther-horse", address="192.0.2.8")

    def test_a_name_that_nobody_has_is_counted_like_one_that_somebody_has(self, settings):
        settings.SIGN_IN_ATTEMPTS = 2
        for _ in range(2):
            guess("nobody@example.com")
        assert refused_for("NOBODY@example.com") == settings.SIGN_IN_FIRST_WAIT_SECONDS

    def test_without_redis_everybody_can_still_sign_in(self, user, no_redis, settings):
        settings.SIGN_IN_ATTEMPTS = 1
        for _ in range(3):
            assert sessions.sign_in(login=user.username, password=PASSWORD)
        assert throttle.may_mail(email=user.email)


class TestRefreshing:
    def test_a_chain_of_refreshes_goes_on(self, user, tokens_of):
        pair = tokens_of(user)
        seen = {pair.refresh_token}
        for _ in range(3):
            pair = sessions.refresh(refresh_token=pair.refresh_token)
            assert verify(pair.access_token).id == user.id
            seen.add(pair.refresh_token)
        assert len(seen) == 4
        assert Session.objects.count() == 1

    def test_an_old_token_that_comes_back_ends_the_session_for_both(self, user, tokens_of, committed):
        stolen = tokens_of(user)
        newest = sessions.refresh(refresh_token=stolen.refresh_token)
        other = tokens_of(user)
        Session.objects.update(refreshed_at=F("refreshed_at") - REFRESH_GRACE)
        with committed(), pytest.raises(InvalidRefreshToken):
            sessions.refresh(refresh_token=stolen.refresh_token)
        with pytest.raises(InvalidRefreshToken):
            sessions.refresh(refresh_token=newest.refresh_token)
        for pair in (stolen, newest):
            with pytest.raises(Unauthenticated):
                verify(pair.access_token)
        assert Session.objects.filter(end_reason=EndReason.TOKEN_REUSED).count() == 1
        assert sessions.refresh(refresh_token=other.refresh_token)

    def test_the_token_before_the_newest_gives_the_same_pair_for_a_moment(self, user, tokens_of):
        first = tokens_of(user)
        second = sessions.refresh(refresh_token=first.refresh_token)
        assert sessions.refresh(refresh_token=first.refresh_token) == second
        assert verify(second.access_token).id == user.id
        third = sessions.refresh(refresh_token=second.refresh_token)
        assert third != second
        with pytest.raises(InvalidRefreshToken):
            sessions.refresh(refresh_token=first.refresh_token)
        with pytest.raises(InvalidRefreshToken):
            sessions.refresh(refresh_token=third.refresh_token)
        assert Session.objects.get().end_reason == EndReason.TOKEN_REUSED

    def test_new_roles_arrive_with_the_next_token(self, user, tokens_of):
        pair = tokens_of(user)
        user.groups.add(Group.objects.get(name=Role.SUPPORT))
        assert "support" in verify(sessions.refresh(refresh_token=pair.refresh_token).access_token).roles

    def test_an_inactive_user_gets_no_new_token(self, user, tokens_of):
        pair = tokens_of(user)
        User.objects.update(is_active=False)
        with pytest.raises(InvalidRefreshToken):
            sessions.refresh(refresh_token=pair.refresh_token)

    def test_an_expired_one_is_refused(self, user, tokens_of):
        pair = tokens_of(user)
        Session.objects.update(expires_at=timezone.now())
        with pytest.raises(InvalidRefreshToken):
            sessions.refresh(refresh_token=pair.refresh_token)

    def test_an_access_token_does_not_refresh_and_a_refresh_token_does_not_open_doors(self, user, tokens_of):
        pair = tokens_of(user)
        with pytest.raises(InvalidRefreshToken):
            sessions.refresh(refresh_token=pair.access_token)
        with pytest.raises(Unauthenticated):
            verify(pair.refresh_token)


class TestRevoking:
    def test_signing_out_revokes_every_access_token_of_the_session(self, user, tokens_of, committed):
        first = tokens_of(user)
        second = sessions.refresh(refresh_token=first.refresh_token)
        bystander = tokens_of(user)
        with committed():
            sessions.sign_out_by_refresh_token(refresh_token=second.refresh_token)
        for pair in (first, second):
            with pytest.raises(Unauthenticated):
                verify(pair.access_token)
        assert verify(bystander.access_token)

    def test_what_could_not_be_told_to_redis_is_told_when_it_is_back(self, user, tokens_of, committed, request):
        pair = tokens_of(user)
        request.getfixturevalue("no_redis")
        with committed():
            sessions.sign_out_by_refresh_token(refresh_token=pair.refresh_token)
        assert Revocation.objects.get().published_at is None
        assert revocations.publish_due() == 0
        assert verify(pair.access_token)

        request.getfixturevalue("redis_is_back")
        assert revocations.publish_due() == 1
        with pytest.raises(Unauthenticated):
            verify(pair.access_token)
        assert revocations.publish_due() == 0

    def test_a_redis_that_came_back_empty_is_told_everything_that_matters(self, user, tokens_of, committed):
        pairs = [tokens_of(user), tokens_of(user)]
        revocations.publish_due()
        with committed():
            sessions.sign_out_by_refresh_token(refresh_token=pairs[0].refresh_token)
        with committed():
            services.set_password(user_id=user.id, new_password="an0ther-horse")
        newest = sessions.sign_in(login=user.username, password="an0ther-horse")
        redis_client().flushdb()
        assert verify(pairs[0].access_token)
        assert revocations.publish_due() == 2
        for pair in pairs:
            with pytest.raises(Unauthenticated):
                verify(pair.access_token)
        assert verify(newest.access_token)

    def test_staff_can_end_a_session(self, user, tokens_of, committed):
        pair = tokens_of(user)
        with committed():
            sessions.end_by_staff(session_ids=[Session.objects.get().id], staff=UserFactory(roles=["admin"]))
        with pytest.raises(Unauthenticated):
            verify(pair.access_token)
