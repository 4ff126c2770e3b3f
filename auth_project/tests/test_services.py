from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import PASSWORD, UserFactory, mailed_token

from accounts import revocations, services, sessions, throttle
from accounts.domain import REFRESH_GRACE, EndReason
from accounts.errors import (
    AccountExists,
    InvalidCredentials,
    InvalidOneTimeToken,
    InvalidRefreshToken,
    SignInThrottled,
    WeakPassword,
    WrongPassword,
)
from accounts.models import OneTimeToken, Revocation, Session, User
from accounts.roles import Role
from accounts.tasks import forget_expired
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


def test_roles_and_permissions_can_be_read_under_their_own_names():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.name FROM users u JOIN user_roles ur ON ur.user_id = u.id JOIN roles r ON r.id = ur.group_id"
            " WHERE u.id = %s",
            [UserFactory(roles=["support"]).id],
        )
        assert cursor.fetchall() == [("support",)]
        cursor.execute("SELECT roles FROM permissions WHERE codename = 'assign_roles'")
        assert cursor.fetchall() == [(["admin"],)]


class TestRegistering:
    def test_a_new_account_is_a_customers_and_is_told_to_others(self, emitted):
        user = services.register(username="mai", email="Mai@Example.COM", password=PASSWORD, phone="+84901234567")
        assert user.roles == {"customer"}
        assert user.email == "Mai@example.com"
        (registered,) = emitted("user.registered")
        assert registered.data == {
            "user_id": str(user.id),
            "username": "mai",
            "email": "Mai@example.com",
            "full_name": "",
            "phone": "+84901234567",
            "email_verified": False,
            "language": "",
            "time_zone": "",
        }
        assert PASSWORD not in str([event.data for event in emitted()])

    def test_the_password_is_kept_as_bcrypt_of_the_cost_that_is_set(self, settings):
        settings.BCRYPT_ROUNDS = 5
        user = services.register(username="mai", email="mai@example.com", password=PASSWORD)
        assert user.password.startswith("bcrypt_sha256$$2b$05$")

    def test_a_hash_of_a_lower_cost_is_renewed_at_the_next_sign_in(self, settings):
        user = UserFactory()
        settings.BCRYPT_ROUNDS = 5
        sessions.sign_in(login=user.username, password=PASSWORD)
        user.refresh_from_db()
        assert "$05$" in user.password

    def test_user_names_that_differ_in_case_are_the_same(self, emitted):
        UserFactory(username="mai")
        with pytest.raises(AccountExists) as caught:
            services.register(username="MAI", email="mai@example.com", password=PASSWORD)
        assert [error["pointer"] for error in caught.value.errors] == ["/username"]
        assert emitted() == []

    def test_an_operator_is_told_that_an_address_is_anothers(self):
        UserFactory(email="mai@example.com", email_verified_at=timezone.now())
        with pytest.raises(AccountExists) as caught:
            services.register(username="mai", email="Mai@Example.com", password=PASSWORD, email_verified=True)
        assert [error["pointer"] for error in caught.value.errors] == ["/email"]

    def test_an_address_is_had_by_who_proves_it_and_the_mailbox_hears_of_others(self, emitted):
        owner = UserFactory(email="Mai@example.com", email_verified_at=timezone.now())
        other = services.register(username="other", email="mai@EXAMPLE.com", password=PASSWORD)
        (claimed,) = emitted("email.claimed")
        assert claimed.data == {"user_id": str(owner.id), "email": "Mai@example.com"}
        with pytest.raises(InvalidOneTimeToken):
            services.verify_email(token=mailed(emitted, "email.verification_requested"))
        other.refresh_from_db()
        assert other.email_verified_at is None
        services.request_password_reset(email="mai@example.com")
        assert emitted("password.reset_requested")[-1].data["user_id"] == str(owner.id)
        assert verify(sessions.sign_in(login="mai@example.com", password=PASSWORD).access_token).id == owner.id

    def test_registering_takes_the_same_statements_whether_or_not_an_address_has_an_account(
        self, django_assert_num_queries
    ):
        UserFactory(email="known@example.com", email_verified_at=timezone.now())
        counts = []
        for number, email in enumerate(("known@example.com", "free@example.com")):
            with CaptureQueriesContext(connection) as queries:
                services.register(username=f"mai{number}", email=email, password=PASSWORD)
            counts.append([query["sql"].split()[0] for query in queries])
        assert counts[0] == counts[1]

    @pytest.mark.parametrize("password", ["short1", "password123", "1234567890", "mai.tran1990"])
    def test_a_password_that_is_easy_to_guess_is_refused(self, password):
        with pytest.raises(WeakPassword):
            services.register(username="mai.tran1990", email="mai@example.com", password=password)
        assert not User.objects.exists()

    def test_the_address_is_verified_by_the_mailed_token_once(self, emitted):
        user = services.register(username="mai", email="mai@example.com", password=PASSWORD)
        token = mailed(emitted, "email.verification_requested")
        assert services.verify_email(token=token).email_verified_at is not None
        with pytest.raises(InvalidOneTimeToken):
            services.verify_email(token=token)
        services.request_email_verification(user_id=user.id)
        assert len(emitted("email.verification_requested")) == 1

    def test_another_token_can_be_asked_for_and_makes_the_first_useless(self, emitted):
        user = services.register(username="mai", email="mai@example.com", password=PASSWORD)
        first = mailed(emitted, "email.verification_requested")
        services.request_email_verification(user_id=user.id)
        with pytest.raises(InvalidOneTimeToken):
            services.verify_email(token=first)
        services.verify_email(token=mailed(emitted, "email.verification_requested"))

    def test_what_is_kept_of_a_mailed_token_does_not_give_it_away(self, emitted):
        services.register(username="mai", email="mai@example.com", password=PASSWORD)
        row = OneTimeToken.objects.get()
        assert mailed(emitted, "email.verification_requested").encode() not in bytes(row.digest)


class TestTheProfile:
    def test_a_change_is_told_and_no_change_is_not(self, user, emitted):
        services.update_profile(user_id=user.id, changes={"full_name": "New", "phone": ""})
        services.update_profile(user_id=user.id, changes={"full_name": "New"})
        (updated,) = emitted("user.updated")
        assert (updated.data["full_name"], updated.data["phone"]) == ("New", "")

    def test_a_new_address_needs_the_password_and_is_verified_anew(self, user, emitted):
        User.objects.update(email_verified_at=timezone.now())
        with pytest.raises(WrongPassword):
            services.update_profile(user_id=user.id, changes={"email": "new@example.com"})
        changed = services.update_profile(
            user_id=user.id, changes={"email": "new@EXAMPLE.com"}, current_password=PASSWORD
        )
        assert (changed.email, changed.email_verified_at) == ("new@example.com", None)
        assert emitted("email.verification_requested")[0].data["email"] == "new@example.com"

    def test_the_same_address_again_needs_nothing(self, user, emitted):
        services.update_profile(user_id=user.id, changes={"email": user.email})
        assert emitted() == []

    def test_somebody_elses_address_is_taken_and_never_proved(self, user, emitted):
        other = UserFactory(email_verified_at=timezone.now())
        services.update_profile(user_id=user.id, changes={"email": other.email.upper()}, current_password=PASSWORD)
        assert emitted("email.claimed")[0].data["user_id"] == str(other.id)
        with pytest.raises(InvalidOneTimeToken):
            services.verify_email(token=mailed(emitted, "email.verification_requested"))

    def test_a_token_mailed_to_the_old_address_does_not_verify_the_new_one(self, emitted):
        user = services.register(username="mai", email="old@example.com", password=PASSWORD)
        old = mailed(emitted, "email.verification_requested")
        services.update_profile(user_id=user.id, changes={"email": "new@example.com"}, current_password=PASSWORD)
        with pytest.raises(InvalidOneTimeToken):
            services.verify_email(token=old)


class TestPasswords:
    def test_a_change_ends_every_session_and_revokes_every_access_token(self, user, tokens_of, committed):
        pairs = [tokens_of(user), tokens_of(user)]
        with committed():
            services.change_password(user_id=user.id, current_password=PASSWORD, new_password="an0ther-horse")
        for pair in pairs:
            with pytest.raises(InvalidRefreshToken):
                sessions.refresh(refresh_token=pair.refresh_token)
            with pytest.raises(Unauthenticated):
                verify(pair.access_token)
        renewed = sessions.sign_in(login=user.username, password="an0ther-horse")
        assert verify(renewed.access_token).id == user.id

    def test_the_current_password_cannot_be_guessed_for_ever(self, user, settings):
        settings.SIGN_IN_ATTEMPTS = 2
        for _ in range(2):
            with pytest.raises(WrongPassword):
                services.change_password(user_id=user.id, current_password="guess", new_password="an0ther-horse")
        with pytest.raises(SignInThrottled):
            services.change_password(user_id=user.id, current_password=PASSWORD, new_password="an0ther-horse")

    def test_a_reset_works_once_ends_the_sessions_and_proves_the_address(self, user, emitted, tokens_of):
        pair = tokens_of(user)
        services.request_password_reset(email=user.email.upper())
        token = mailed(emitted, "password.reset_requested")
        services.reset_password(token=token, new_password="an0ther-horse")

        sessions.sign_in(login=user.email, password="an0ther-horse")
        user.refresh_from_db()
        assert user.email_verified_at is not None
        assert set(Session.objects.filter(ended_at__isnull=False).values_list("end_reason", flat=True)) == {
            EndReason.PASSWORD_CHANGED
        }
        with pytest.raises(InvalidRefreshToken):
            sessions.refresh(refresh_token=pair.refresh_token)
        with pytest.raises(InvalidOneTimeToken):
            services.reset_password(token=token, new_password="a-third-horse")

    def test_a_link_is_dead_once_the_account_has_left_its_address(self, user, emitted):
        services.request_password_reset(email=user.email)
        old = mailed(emitted, "password.reset_requested")
        for address in ("safe@example.com", user.email):
            services.update_profile(user_id=user.id, changes={"email": address}, current_password=PASSWORD)
        with pytest.raises(InvalidOneTimeToken):
            services.reset_password(token=old, new_password="an0ther-horse")

    def test_only_the_newest_link_is_good(self, user, emitted):
        for _ in range(3):
            services.request_password_reset(email=user.email)
        *older, newest = [mailed_token(event) for event in emitted("password.reset_requested")]
        assert len(older) == 2
        for token in older:
            with pytest.raises(InvalidOneTimeToken):
                services.reset_password(token=token, new_password="an0ther-horse")
        services.reset_password(token=newest, new_password="an0ther-horse")

    def test_a_weak_password_does_not_spend_the_token(self, user, emitted):
        services.request_password_reset(email=user.email)
        token = mailed(emitted, "password.reset_requested")
        with pytest.raises(WeakPassword):
            services.reset_password(token=token, new_password="password")
        services.reset_password(token=token, new_password="an0ther-horse")

    def test_a_changed_password_makes_mailed_tokens_useless(self, user, emitted):
        services.request_password_reset(email=user.email)
        services.change_password(user_id=user.id, current_password=PASSWORD, new_password="an0ther-horse")
        with pytest.raises(InvalidOneTimeToken):
            services.reset_password(token=mailed(emitted, "password.reset_requested"), new_password="a-third-horse")

    def test_a_token_expires(self, user, emitted):
        services.request_password_reset(email=user.email)
        OneTimeToken.objects.update(expires_at=timezone.now())
        with pytest.raises(InvalidOneTimeToken):
            services.reset_password(token=mailed(emitted, "password.reset_requested"), new_password="an0ther-horse")

    def test_a_verification_token_does_not_reset_a_password(self, emitted):
        services.register(username="mai", email="mai@example.com", password=PASSWORD)
        token = mailed(emitted, "email.verification_requested")
        with pytest.raises(InvalidOneTimeToken):
            services.reset_password(token=token, new_password="an0ther-horse")

    def test_an_unknown_or_inactive_address_gets_no_mail_but_the_same_work(
        self, user, emitted, django_assert_num_queries
    ):
        User.objects.update(is_active=False)
        for email in ("nobody@example.com", user.email):
            with django_assert_num_queries(6):
                services.request_password_reset(email=email)
        assert emitted() == []
        assert OneTimeToken.objects.filter(user=None).count() == 2

    def test_an_address_is_not_flooded_with_mail(self, user, emitted, settings):
        settings.MAIL_REQUESTS = 3
        for _ in range(5):
            services.request_password_reset(email=user.email)
        assert len(emitted("password.reset_requested")) == 3


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


def test_what_expired_is_forgotten_after_a_while(user, tokens_of):
    tokens_of(user)
    services.request_password_reset(email=user.email)
    with transaction.atomic():
        revocations.revoke_all_of(user)
    assert forget_expired() == 0
    long_ago = timezone.now() - timedelta(days=31)
    for model in (Session, OneTimeToken, Revocation):
        model.objects.update(expires_at=long_ago)
    assert forget_expired() == 3
