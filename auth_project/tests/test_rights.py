"""Nobody acts for their equals or for those above them, and nobody raises their own rights: one rule, at every door."""

import itertools
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from factories import PASSWORD, UserFactory

from accounts import guests, services, sessions
from accounts.domain import Deed, Rank, may_act
from accounts.errors import AboveYourRank
from accounts.models import Session, User, rank_by
from accounts.roles import STAFF_MAY, Role
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord

pytestmark = pytest.mark.django_db
USERS, SESSIONS = "/admin/auth/accounts/user/", "/admin/auth/accounts/session/"
PAIRS = list(itertools.product(STAFF_MAY, Role))
EVERYBODY = list(itertools.product(Role, Role))


def allowed(actor: str, subject: str, *, own: bool = False) -> bool:
    """What is expected, in words of its own: staff below an admin look after customers, admins after everybody else."""
    if own:
        return False
    return actor == "admin" or (actor in ("support", "manager") and subject == "customer")


@pytest.fixture
def enter(client: Client) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        answer = client.post("/admin/auth/login/", {"username": user.username, "password": PASSWORD})
        assert answer.status_code == 302
        return client

    return sign_in


@pytest.fixture
def wide_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every role of staff has every permission but one: what is refused then is refused for the rank."""
    for role in ("support", "manager"):
        from django.contrib.auth.models import Permission

        Group.objects.get(name=role).permissions.set(
            Permission.objects.filter(content_type__app_label="accounts").exclude(codename="assign_roles")
        )


def account(role: str, **fields: object) -> User:
    return UserFactory(roles={"customer", role}, **fields)


def posted(user: User, **changes: object) -> dict[str, object]:
    form = {name: getattr(user, name) for name in ("username", "email", "full_name", "phone")}
    groups = list(user.groups.values_list("pk", flat=True))
    return {**form, "is_active": "on" if user.is_active else "", "groups": groups, "reason": "they asked", **changes}


@pytest.mark.parametrize(("actor", "subject"), EVERYBODY)
@pytest.mark.parametrize("deed", [Deed.CHANGE, Deed.END_SESSIONS])
def test_the_rule_for_every_pair_of_roles(deed, actor, subject):
    wanted = allowed(actor, subject)
    assert may_act(deed, actor=rank_by([actor]), subject=rank_by([subject]), own=False) is wanted


@pytest.mark.parametrize(("actor", "subject"), EVERYBODY)
def test_roles_are_assigned_by_admins_alone(actor, subject):
    done = may_act(Deed.ASSIGN_ROLES, actor=rank_by([actor]), subject=rank_by([subject]), own=False)
    assert done is (actor == "admin")


@pytest.mark.parametrize("role", Role)
def test_nobody_changes_their_own_account_as_staff(role):
    rank = rank_by([role])
    assert not any(may_act(deed, actor=rank, subject=rank, own=True) for deed in (Deed.CHANGE, Deed.ASSIGN_ROLES))
    assert may_act(Deed.END_SESSIONS, actor=rank, subject=rank, own=True) is (role != Role.CUSTOMER)


def test_a_role_that_is_new_in_the_table_is_above_customers_and_below_who_assigns_roles():
    assert {rank_by([role]) for role in STAFF_MAY} == {Rank.STAFF, Rank.ASSIGNS_ROLES}
    assert rank_by(["customer"]) is Rank.CUSTOMER
    assert rank_by(["customer", "support", "admin"]) is Rank.ASSIGNS_ROLES


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize(("actor", "subject"), PAIRS)
def test_at_the_form(enter, wide_rights, actor, subject, active):
    person = account(subject, is_active=active)
    answer = enter(account(actor)).post(
        f"{USERS}{person.pk}/change/", posted(person, email="mine@example.com", is_active="on")
    )
    assert answer.status_code == (302 if allowed(actor, subject) else 403)
    person.refresh_from_db()
    assert (person.email == "mine@example.com") is allowed(actor, subject)
    assert person.is_active is (active or allowed(actor, subject))


@pytest.mark.parametrize("role", STAFF_MAY)
def test_at_the_form_of_their_own_account(enter, wide_rights, role):
    person = account(role)
    groups = list(Group.objects.values_list("pk", flat=True))
    for changes in ({"groups": groups}, {"email": "mine@example.com"}, {"is_active": ""}):
        assert enter(person).post(f"{USERS}{person.pk}/change/", posted(person, **changes)).status_code == 403
    assert User.objects.get(pk=person.pk).roles == {"customer", role}


@pytest.mark.parametrize("role", ["support", "manager"])
def test_roles_that_somebody_below_an_admin_sends_are_not_looked_at(enter, wide_rights, role):
    person = account("customer")
    groups = list(Group.objects.values_list("pk", flat=True))
    browser = enter(account(role))
    assert browser.post(f"{USERS}{person.pk}/change/", posted(person, groups=groups)).status_code == 302
    assert User.objects.get(pk=person.pk).roles == {"customer"}
    form = {"username": "friend", "email": "friend@example.com", "full_name": "", "phone": "", "groups": groups}
    added = browser.post(f"{USERS}add/", {**form, "password1": PASSWORD, "password2": PASSWORD})
    assert added.status_code == 302
    assert User.objects.get(username="friend").roles == set()


@pytest.mark.parametrize(("actor", "subject"), PAIRS)
def test_at_the_list_of_sessions(enter, wide_rights, tokens_of, actor, subject):
    person = account(subject)
    tokens_of(person)
    chosen = [str(Session.objects.get(user=person).pk)]
    enter(account(actor)).post(SESSIONS, {"action": "end_selected", "_selected_action": chosen})
    assert (Session.objects.get(user=person).ended_at is not None) is allowed(actor, subject)


@pytest.mark.parametrize(("actor", "subject"), PAIRS)
def test_at_the_list_of_accounts(enter, wide_rights, tokens_of, actor, subject):
    person = account(subject)
    tokens_of(person)
    enter(account(actor)).post(USERS, {"action": "end_sessions", "_selected_action": [str(person.pk)]})
    assert (Session.objects.get(user=person).ended_at is not None) is allowed(actor, subject)


def test_of_several_accounts_one_above_is_enough_to_end_no_session(enter, wide_rights, tokens_of):
    people = [account("customer"), account("admin")]
    for person in people:
        tokens_of(person)
    page = enter(account("support")).post(
        USERS, {"action": "end_sessions", "_selected_action": [str(person.pk) for person in people]}, follow=True
    )
    assert "You may not do this to this account. No session was ended." in page.content.decode()
    assert not Session.objects.exclude(ended_at=None).exists()


@pytest.mark.parametrize(("actor", "subject"), PAIRS)
def test_at_the_services_whoever_calls_them(actor, subject, tokens_of):
    person, staff = account(subject), account(actor)
    tokens_of(person)
    chosen = [Session.objects.get(user=person).pk]
    calls = [
        lambda: services.record_staff_change(
            user=person, was={"email": "old@example.com"}, roles_before=person.roles, staff=staff
        ),
        lambda: sessions.end_by_staff(session_ids=chosen, staff=staff),
        lambda: sessions.end_all_by_staff(user_ids=[person.pk], staff=staff),
    ]
    for call in calls:
        if allowed(actor, subject):
            call()
        else:
            with pytest.raises(AboveYourRank):
                call()


@pytest.mark.parametrize("role", ["support", "manager"])
def test_a_role_that_somebody_below_an_admin_gave_is_refused_by_the_service_too(role):
    person = account("customer")
    before = person.roles
    person.groups.add(Group.objects.get(name="support"))
    person.refresh_from_db()
    with pytest.raises(AboveYourRank):
        services.record_staff_change(user=person, was={"groups": []}, roles_before=before, staff=account(role))


def test_who_is_not_active_acts_for_nobody():
    assert not account("admin", is_active=False).may(Deed.CHANGE, account("customer"))


@pytest.mark.parametrize("pages", ["auth/group"])
@pytest.mark.parametrize("role", STAFF_MAY)
def test_what_a_role_may_do_is_changed_by_nobody_here(enter, wide_rights, pages, role):
    browser = enter(account(role))
    group = Group.objects.get(name="support")
    before = set(group.permissions.all())
    base = f"/admin/auth/{pages}/"
    assert browser.get(f"{base}{group.pk}/change/").status_code == (200 if role == "admin" else 403)
    for page in (f"{base}add/", f"{base}{group.pk}/change/", f"{base}{group.pk}/delete/"):
        assert browser.post(page, {"name": "support", "permissions": [], "post": "yes"}).status_code == 403
    assert set(group.permissions.all()) == before


def test_a_deactivated_account_loses_its_roles_of_staff_and_the_record_says_which(enter):
    former = account("admin")
    enter(account("admin")).post(f"{USERS}{former.pk}/change/", posted(former, is_active=""))
    former.refresh_from_db()
    assert (former.is_active, former.roles) == (False, {"customer"})
    record = AuditRecord.objects.get(action="user.roles_changed")
    assert (record.before, record.after) == ({"roles": ["admin", "customer"]}, {"roles": ["customer"]})


def test_an_account_that_is_not_active_is_given_no_role_of_staff(enter):
    former = account("customer", is_active=False)
    groups = list(Group.objects.values_list("pk", flat=True))
    enter(account("admin")).post(f"{USERS}{former.pk}/change/", posted(former, groups=groups, is_active=""))
    assert User.objects.get(pk=former.pk).roles == {"customer"}


def test_made_active_again_it_is_a_customers_account(enter):
    former = account("admin")
    admin = enter(account("admin"))
    admin.post(f"{USERS}{former.pk}/change/", posted(former, is_active=""))
    support = account("support")
    admin.post("/admin/auth/logout/")
    former.refresh_from_db()
    answer = enter(support).post(f"{USERS}{former.pk}/change/", posted(former, is_active="on"))
    assert answer.status_code == 302
    assert User.objects.get(pk=former.pk).roles == {"customer"}


def test_whoever_gave_an_account_its_address_does_not_become_staff_with_it(enter):
    person, support, admin = account("customer"), account("support"), account("admin")
    browser = enter(support)
    browser.post(f"{USERS}{person.pk}/change/", posted(person, email="mine@example.com"))
    browser.post("/admin/auth/logout/")
    person.refresh_from_db()
    browser = enter(admin)
    groups = [Group.objects.get(name=name).pk for name in ("customer", "manager")]
    refused = browser.post(f"{USERS}{person.pk}/change/", posted(person, groups=groups))
    assert refused.status_code == 200
    assert "Somebody else of staff gave this account its address" in refused.content.decode()
    assert User.objects.get(pk=person.pk).roles == {"customer"}
    given = posted(person, groups=groups, email="manager@marquee.example")
    assert browser.post(f"{USERS}{person.pk}/change/", given).status_code == 302
    assert User.objects.get(pk=person.pk).roles == {"customer", "manager"}


def test_a_guest_whoever_that_is_becomes_nobody_of_staff(enter):
    guests.open_guest(email="director@marquee.example")
    guest, browser = User.objects.get(is_guest=True), enter(account("admin"))
    groups = [Group.objects.get(name=name).pk for name in ("customer", "manager")]
    refused = browser.post(f"{USERS}{guest.pk}/change/", posted(guest, groups=groups))
    assert "This is a guest&#x27;s account" in refused.content.decode()
    assert User.objects.get(pk=guest.pk).roles == {"customer"}
    assert browser.post(f"{USERS}{guest.pk}/change/", posted(guest, full_name="Mai Tran")).status_code == 302


def test_what_an_owner_sends_gives_no_role(client_of):
    person = account("customer")
    for field, value in (("roles", ["admin"]), ("groups", [1]), ("is_active", True), ("is_staff", True)):
        assert client_of(person).patch("/users/me", {field: value}).status_code == 400
    assert User.objects.get(pk=person.pk).roles == {"customer"}


def test_nobody_registers_with_a_role(api):
    body = {"username": "mai", "email": "mai@example.com", "password": PASSWORD, "roles": ["admin"]}
    assert api.post("/register", body).status_code == 400
    assert api.post("/register", {**body, "id": str(uuid7())}).status_code == 400
    assert not User.objects.exists()
