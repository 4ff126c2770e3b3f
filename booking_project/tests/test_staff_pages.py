"""What every page of the admin site has to stand, whoever asks it what."""

import pytest
from django.test import Client

from chassis.testing_pages import (
    assert_nothing_hidden_can_be_asked,
    assert_odd_addresses_are_refused,
    assert_searches_have_indexes,
)
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db


def test_nothing_that_a_list_does_not_show_can_be_asked_of_it() -> None:
    assert_nothing_hidden_can_be_asked(local_user("root", {"admin"}))


def test_odd_addresses_and_forms_are_refused(client: Client) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    assert_odd_addresses_are_refused(client)


def test_what_staff_search_for_is_found_by_an_index() -> None:
    assert_searches_have_indexes(few={"screen", "promotion", "group", "user"})
