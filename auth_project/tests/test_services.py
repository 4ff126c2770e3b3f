from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import PASSWORD, UserFactory, mailed_token

from accounts import revocations, services, sessions
from accounts.domain import EndReason
from accounts.errors import (
    AccountExists,
    InvalidOneTimeToken,
    InvalidRefreshToken,
    SignInThrottled,
    WeakPassword,
    WrongPassword,
)
from accounts.models import OneTimeToken, Revocation, Session, User
from accounts.tasks import forget_expired
from chassis.web.problems import Unauthenticated
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db


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
            with django_assert_num_queries(8):
                services.request_password_reset(email=email)
        assert emitted() == []
        assert OneTimeToken.objects.filter(user=None).count() == 2

    def test_an_address_is_not_flooded_with_mail(self, user, emitted, settings):
        settings.MAIL_REQUESTS = 3
        for _ in range(5):
            services.request_password_reset(email=user.email)
        assert len(emitted("password.reset_requested")) == 3


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
