import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from factories import PASSWORD, UserFactory

from accounts import sessions
from accounts.models import OneTimeToken, Revocation, Session, User
from chassis.web.problems import Unauthenticated
from chassis.web.tokens import verify

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/accounts/user/"


@pytest.fixture
def staff(client: Client):
    """staff("admin") → a client signed in to the admin site through its own form."""

    def enter(role: str) -> Client:
        user = UserFactory(roles=["customer", role])
        answer = client.post("/admin/auth/login/", {"username": user.email, "password": PASSWORD})
        client.user = user
        client.entered = answer.status_code == 302
        return client

    return enter


def form_of(user: User, **changes):
    form = {name: getattr(user, name) for name in ("username", "email", "full_name", "phone")}
    groups = list(user.groups.values_list("pk", flat=True))
    return {**form, "is_active": "on" if user.is_active else "", "groups": groups, "reason": "they asked", **changes}


@pytest.mark.parametrize(
    ("role", "may_enter"), [("customer", False), ("support", True), ("manager", True), ("admin", True)]
)
def test_only_staff_enter(staff, role, may_enter):
    assert staff(role).entered is may_enter


def test_guessing_at_the_form_is_stopped_too(client, settings):
    settings.SIGN_IN_ATTEMPTS = 2
    user = UserFactory(roles=["admin"])
    for login, password in ((user.username, "wrong"), (user.email, "wrong"), (user.username, PASSWORD)):
        answer = client.post("/admin/auth/login/", {"username": login, "password": password})
        assert answer.status_code == 200
    said = re.search(r"Try again in (\d+) seconds", answer.content.decode())
    assert 0 < int(said[1]) <= settings.SIGN_IN_FIRST_WAIT_SECONDS


@pytest.mark.parametrize("page", ["user", "session", "onetimetoken", "revocation"])
def test_every_list_and_page_opens_with_a_fixed_number_of_queries(
    staff, page, django_assert_max_num_queries, emitted, tokens_of
):
    admin = staff("admin")
    for _ in range(12):
        user = UserFactory()
        pair = tokens_of(user)
        OneTimeToken.objects.create(
            user=user, purpose="password_reset", email=user.email, digest=pair.access_token[-40:].encode(),
            expires_at=Session.objects.first().expires_at,
        )  # fmt: skip
        sessions.sign_out_by_refresh_token(refresh_token=pair.refresh_token)
    with django_assert_max_num_queries(14):
        listed = admin.get(f"/admin/auth/accounts/{page}/?q=user")
    assert listed.status_code == 200
    for model in (User, Session, OneTimeToken, Revocation):
        if model._meta.model_name == page:
            assert model.objects.count() >= 12
            assert admin.get(f"/admin/auth/accounts/{page}/{model.objects.first().pk}/change/").status_code == 200


def test_a_change_of_contact_is_told_to_the_others(staff, user, emitted):
    answer = staff("support").post(f"{USERS}{user.pk}/change/", form_of(user, email="new@example.com"))
    assert answer.status_code == 302
    (updated,) = emitted("user.updated")
    assert updated.data["email"] == "new@example.com"
    assert len(emitted("email.verification_requested")) == 1


def test_nothing_of_an_account_is_changed_without_a_reason_and_what_will_be_read_is_beside_its_address(staff, user):
    support = staff("support")
    page = support.get(f"{USERS}{user.pk}/change/").content.decode()
    for kind in ("email_changed", "email_verification"):
        assert f"/admin/notify/panels/previews/{kind}/?user={user.pk}" in page
    refused = support.post(f"{USERS}{user.pk}/change/", form_of(user, email="new@example.com", reason=" "))
    assert "Give a reason." in refused.content.decode()
    user.refresh_from_db()
    assert user.email != "new@example.com"
    of_before = {name: value for name, value in form_of(user, full_name="Mai").items() if name != "reason"}
    assert support.post(f"{USERS}{user.pk}/change/", of_before).status_code == 302


def test_new_roles_make_the_old_access_tokens_useless(staff, user, tokens_of, committed):
    pair = tokens_of(user)
    groups = list(Group.objects.filter(name__in=["customer", "support"]).values_list("pk", flat=True))
    with committed():
        assert staff("admin").post(f"{USERS}{user.pk}/change/", form_of(user, groups=groups)).status_code == 302
    with pytest.raises(Unauthenticated):
        verify(pair.access_token)
    assert verify(sessions.refresh(refresh_token=pair.refresh_token).access_token).roles == {"customer", "support"}


def test_a_deactivated_account_loses_its_sessions(staff, user, tokens_of, committed):
    pair = tokens_of(user)
    with committed():
        staff("support").post(f"{USERS}{user.pk}/change/", form_of(user, is_active=""))
    with pytest.raises(Unauthenticated):
        verify(pair.access_token)
    assert Session.objects.get(user=user).end_reason == "deactivated"


def test_support_neither_assigns_roles_nor_touches_colleagues(staff, user):
    support = staff("support")
    groups = list(Group.objects.values_list("pk", flat=True))
    support.post(f"{USERS}{user.pk}/change/", form_of(user, groups=groups))
    assert set(user.groups.values_list("name", flat=True)) == {"customer"}
    colleague = UserFactory(roles=["admin"])
    answer = support.post(f"{USERS}{colleague.pk}/change/", form_of(colleague, email="mine@example.com"))
    assert answer.status_code == 403
    assert support.get(f"{USERS}add/").status_code == 403


def test_managers_look_and_do_not_touch(staff, user):
    manager = staff("manager")
    assert manager.get(USERS).status_code == 200
    assert manager.post(f"{USERS}{user.pk}/change/", form_of(user, full_name="x")).status_code == 403


def test_an_account_added_here_is_a_registered_one(staff, emitted):
    form = {
        "username": "new.manager",
        "email": "new.manager@Example.com",
        "full_name": "New Manager",
        "phone": "+84 90 123 4567",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "groups": [Group.objects.get(name="manager").pk],
    }
    assert staff("admin").post(f"{USERS}add/", form).status_code == 302
    assert emitted("user.registered")[0].data["phone"] == "+84901234567"
    assert "manager" in verify(sessions.sign_in(login="new.manager", password=PASSWORD).access_token).roles


def test_a_name_that_differs_in_case_only_is_refused_in_the_form(staff, user):
    other = UserFactory()
    answer = staff("admin").post(f"{USERS}{user.pk}/change/", form_of(user, username=other.username.upper()))
    assert answer.status_code == 200
    assert "This user name is taken." in answer.content.decode()


def test_no_account_is_deleted_and_no_history_changed(staff, user, tokens_of):
    admin = staff("admin")
    tokens_of(user)
    assert admin.post(f"{USERS}{user.pk}/delete/", {"post": "yes"}).status_code == 403
    session = Session.objects.get(user=user)
    for page in ("change", "delete"):
        answer = admin.post(f"/admin/auth/accounts/session/{session.pk}/{page}/", {"post": "yes", "address": "x"})
        assert answer.status_code == 403


def test_a_session_can_be_ended_from_the_list(staff, user, tokens_of, committed):
    pair = tokens_of(user)
    form = {"action": "end_selected", "_selected_action": [str(Session.objects.get(user=user).pk)]}
    with committed():
        assert staff("admin").post("/admin/auth/accounts/session/", form).status_code == 302
    with pytest.raises(Unauthenticated):
        verify(pair.access_token)
