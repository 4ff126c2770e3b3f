"""What runs by itself and what staff open costs the same however much history there is, in pages of the database."""

from django.test import Client
from factories import PASSWORD, UserFactory

from accounts.models import User
from chassis.testing_costs import OF_A_LIST, assert_bounded, lists, reads, ticks


def test_what_the_clock_starts_costs_what_there_is_to_do(long_history: None) -> None:
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(long_history: None) -> None:
    assert_bounded(lists(UserFactory(roles=["admin"])))


def test_what_the_desk_shows_costs_what_it_shows(long_history: None, client: Client) -> None:
    staff = UserFactory(username="linh", roles=["support"])
    client.post("/admin/auth/login/", {"username": staff.username, "password": PASSWORD})
    user = User.objects.exclude(id=staff.id).order_by("-id")[0]
    terms = (user.username, user.email, user.id, "Ada Vy", "4711")
    found = [f"panels/search/?q={term}" for term in terms]
    pages = [f"customers/{user.id}/", f"panels/customers/{user.id}/person/", "panels/needs/", *found]
    assert_bounded(reads(client, [f"/admin/auth/{page}" for page in pages], wanted=OF_A_LIST), rows=2000)
