"""What every page of the admin site has to stand, whoever asks it what."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from factories import PASSWORD, UserFactory

from accounts.domain import EndReason
from accounts.models import OneTimeToken, Revocation, SecondFactorReset, Session
from chassis.testing_pages import (
    assert_lists_are_taken_along,
    assert_nothing_hidden_can_be_asked,
    assert_odd_addresses_are_refused,
    assert_searches_have_indexes,
)
from chassis.testing_words import assert_pages_are_in_words

pytestmark = pytest.mark.django_db


def test_nothing_that_a_list_does_not_show_can_be_asked_of_it() -> None:
    assert_nothing_hidden_can_be_asked(UserFactory(roles=["admin"]))


def test_odd_addresses_and_forms_are_refused(client: Client) -> None:
    UserFactory(username="ada", roles=["admin"])
    assert client.post("/admin/auth/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    assert_odd_addresses_are_refused(client)


def test_what_staff_read_is_in_words(client: Client) -> None:
    ada = UserFactory(username="ada", roles=["admin"])
    assert client.post("/admin/auth/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    later = timezone.now() + timedelta(hours=1)
    link = OneTimeToken.objects.create(
        user=ada, purpose=OneTimeToken.Purpose.PASSWORD_RESET, digest=b"0", email=ada.email, expires_at=later
    )
    told = Revocation.objects.create(user=ada, issued_before=timezone.now(), expires_at=later)
    Session.objects.update(ended_at=timezone.now(), end_reason=EndReason.PASSWORD_CHANGED)
    assert_pages_are_in_words(
        client,
        [
            ada,
            link,
            told,
            SecondFactorReset.objects.create(user=ada, asked_by=ada, reason="lost on a journey"),
            Session.objects.create(
                user=ada, access_tokens=[], refreshed_at=later, expires_at=later, end_reason=EndReason.ENDED_BY_STAFF
            ),
        ],
    )
    assert_lists_are_taken_along(client)


def test_what_staff_search_for_is_found_by_an_index() -> None:
    assert_searches_have_indexes(few={"group", "revocation", "secondfactorreset"})
