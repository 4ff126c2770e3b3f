"""What runs by itself and what staff open costs the same however much history there is, in pages of the database."""

from factories import UserFactory

from chassis.testing_costs import assert_bounded, lists, ticks


def test_what_the_clock_starts_costs_what_there_is_to_do(long_history: None) -> None:
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(long_history: None) -> None:
    assert_bounded(lists(UserFactory(roles=["admin"])))
