"""What runs by itself and what staff open costs the same however much history there is, in pages of the database."""

import pytest
from django.core.management import call_command
from factories import UserFactory

from chassis.testing_costs import assert_bounded, lists, ticks


@pytest.fixture
def history(db: None) -> None:
    """Thousands of everything: more than anything may look at."""
    call_command("load_large", theaters=2, movies=1000, showtimes=20_000, bookings=20_000, users=20_000)


def test_what_the_clock_starts_costs_what_there_is_to_do(history: None) -> None:
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(history: None) -> None:
    assert_bounded(lists(UserFactory(roles=["admin"])))
