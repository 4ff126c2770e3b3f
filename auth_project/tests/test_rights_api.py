"""Roles and theaters through the API: the form's rule, its record, and its end of what was given before."""

import itertools
from uuid import UUID

import pytest
from factories import UserFactory
from test_api import assert_problem

from accounts import rights
from accounts.roles import STAFF_MAY, Role
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.theaters import MOST
from chassis.web.problems import Unauthenticated
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db
HANOI, HUE = sorted(map(str, (uuid7(), uuid7())))


def address(user):
    return f"/users/{user.pk}/rights"


@pytest.fixture
def admin(client_of):
    return client_of(UserFactory(roles=["customer", "admin"]))


def test_whoever_assigns_roles_gives_them_with_theaters_and_reads_both(admin, tokens_of):
    clerk = UserFactory()
    pair = tokens_of(clerk)
    given = admin.patch(address(clerk), {"roles": ["manager", "customer"], "theaters": [HUE, HANOI, HUE]})
    told = {"roles": ["customer", "manager"], "theaters": [HANOI, HUE]}
    assert given.json() == {"id": str(clerk.pk), "username": clerk.username, **told}
    assert admin.get(address(clerk)).json() == given.json()
    with pytest.raises(Unauthenticated):
        verify(pair.access_token)
    deeds = {entry.action: (entry.before, entry.after) for entry in AuditRecord.objects.all()}
    assert deeds == {
        "user.roles_changed": ({"roles": ["customer"]}, {"roles": told["roles"]}),
        "user.theaters_changed": ({"theaters": []}, {"theaters": told["theaters"]}),
    }
    assert {str(each) for each in verify(tokens_of(clerk).access_token).theaters} == {HANOI, HUE}


@pytest.mark.parametrize("body", [{}, {"theaters": [HANOI]}, {"roles": ["support"]}])
def test_what_is_left_out_or_the_same_changes_nothing_and_ends_nothing(admin, tokens_of, body):
    clerk = UserFactory(roles=["support"], theaters=[HANOI])
    pair = tokens_of(clerk)
    assert admin.patch(address(clerk), body).json()["theaters"] == [HANOI]
    assert verify(pair.access_token)
    assert not AuditRecord.objects.exists()
    assert admin.patch(address(clerk), {"theaters": []}).json()["theaters"] == []
    assert AuditRecord.objects.get().before == {"theaters": [HANOI]}


def test_why_rights_are_changed_is_kept_where_it_is_said(admin):
    body = {"roles": ["support"], "theaters": [HANOI], "reason": "Stands in for Minh."}
    assert admin.patch(address(UserFactory()), body).status_code == 200
    assert [entry.reason for entry in AuditRecord.objects.all()] == ["Stands in for Minh."] * 2


@pytest.mark.parametrize(("actor", "subject"), list(itertools.product(Role, STAFF_MAY)))
def test_only_who_assigns_roles_is_asked(client_of, actor, subject):
    person = UserFactory(roles=[subject])
    client = client_of(UserFactory(roles=["customer", actor]))
    for answer in (client.get(address(person)), client.patch(address(person), {"roles": ["customer"]})):
        assert answer.status_code == (200 if actor == "admin" else 403)
    person.refresh_from_db()
    assert person.roles == ({"customer"} if actor == "admin" else {subject})


def test_nobody_gives_themselves_anything(client_of):
    boss = UserFactory(roles=["admin"])
    assert_problem(client_of(boss).patch(address(boss), {"roles": ["customer"]}), 403, "above_your_rank")


@pytest.mark.parametrize(
    ("fields", "body", "pointer"),
    [
        ({}, {"roles": ["admin"], "theaters": [HANOI]}, "/theaters"),
        ({"roles": ["support"], "theaters": [HANOI]}, {"roles": ["support", "admin"]}, "/theaters"),
        ({"is_guest": True}, {"roles": ["support"]}, "/roles"),
        ({"email_changed_by": uuid7()}, {"roles": ["support"]}, "/roles"),
    ],
)
def test_what_the_form_refuses_is_refused_here_and_nothing_is_kept(admin, fields, body, pointer):
    person = UserFactory(**fields)
    was = (person.roles, person.theaters)
    assert_problem(admin.patch(address(person), body), 400, "rights_not_to_be_given", pointer)
    person.refresh_from_db()
    assert (person.roles, person.theaters) == was


def test_whoever_is_limited_gives_no_more_than_they_have(monkeypatch):
    monkeypatch.setattr("accounts.models.STAFF_MAY", {"support": frozenset(), "manager": frozenset({"assign_roles"})})
    giver = UserFactory(roles=["manager"], theaters=[UUID(HANOI)])
    for theaters, refused in (([HANOI], False), ([HUE], True), ([], True)):
        asked = {"roles": ["support"], "theaters": [UUID(text) for text in theaters], "address_given_by": None}
        found = list(rights.faults(staff=giver, user=UserFactory(), **asked))
        assert bool(found) is refused


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"roles": ["owner"]}, "/roles/0"),
        ({"roles": "admin"}, "/roles"),
        ({"theaters": ["Hanoi"]}, "/theaters/0"),
        ({"theaters": [str(uuid7()) for _ in range(MOST + 1)]}, "/theaters"),
        ({"rank": 1}, "/rank"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 301}, "/reason"),
    ],
)
def test_what_is_not_understood_is_400(admin, body, pointer):
    assert_problem(admin.patch(address(UserFactory()), body), 400, "invalid", pointer)


def test_an_account_that_is_not_there_is_404(admin):
    assert_problem(admin.get(f"/users/{uuid7()}/rights"), 404, "not_found")
    assert_problem(admin.patch(f"/users/{uuid7()}/rights", {"roles": []}), 404, "not_found")
