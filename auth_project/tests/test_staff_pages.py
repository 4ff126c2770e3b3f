"""What every page of the admin site has to stand, whoever asks it what."""

import pytest
from django.test import Client
from factories import PASSWORD, UserFactory

from chassis.testing_pages import assert_nothing_hidden_can_be_asked, assert_odd_addresses_are_refused

pytestmark = pytest.mark.django_db


def test_nothing_that_a_list_does_not_show_can_be_asked_of_it() -> None:
    assert_nothing_hidden_can_be_asked(UserFactory(roles=["admin"]))


def test_odd_addresses_and_forms_are_refused(client: Client) -> None:
    UserFactory(username="ada", roles=["admin"])
    assert client.post("/admin/auth/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    assert_odd_addresses_are_refused(client)
