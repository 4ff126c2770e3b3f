"""For the tests of a service: staff who are signed in, and whether its groups and pages are what its STAFF_MAY says."""

import time
from dataclasses import replace
from importlib import import_module
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.contrib import admin
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.test import Client, RequestFactory

from chassis.ids import uuid7
from chassis.roles import NOTHING, Everything
from chassis.testing import KEY_ID, SIGNING_KEY
from chassis.web.roles import group_names, is_superuser, may, staff_may
from chassis.web.spreadsheets import CSV
from chassis.web.staff_tokens import COOKIE, StaffToken
from chassis.web.tokens import ALGORITHM

VERBS = ("view", "add", "change", "delete")


def enter(client: Client, role: str, *, username: str = "somebody", **told: Any) -> UUID:
    """Gives the client the cookie of somebody who signed in at auth; who they are there.

    told: fields of their StaffToken, which is otherwise of somebody who came in this moment.
    """
    token = staff_token(role, username=username, **told)
    client.cookies[COOKIE] = token.text
    return token.account_id


def staff_token(role: str, *, username: str = "somebody", **told: Any) -> StaffToken:
    """A token like auth's, signed with the key that the tests trust."""
    now = time.time()
    since = told.get("since", now)
    fields = {
        "account_id": uuid7(),
        "username": username,
        "roles": frozenset({role}),
        "session_id": uuid7().hex,
        "since": since,
        "ends_at": since + settings.SESSION_COOKIE_AGE,
        "issued_at": now,
        "expires_at": now + 900,
    }
    token = StaffToken(**{**fields, **told})
    return replace(token, text=jwt.encode(token.claims(), SIGNING_KEY, ALGORITHM, headers={"kid": KEY_ID}))


def assert_groups_are_the_table() -> None:
    """Each role is a group that has what the table says, and there is no other group."""
    from django.contrib.auth.models import Group, Permission

    def names(permissions: Any) -> set[str]:
        return {f"{app}.{name}" for app, name in permissions.values_list("content_type__app_label", "codename")}

    everything = names(Permission.objects)
    assert everything
    wanted = {role: _granted(role, everything) for role in group_names()}
    assert {group.name: names(group.permissions) for group in Group.objects.all()} == wanted


def _granted(role: str, everything: set[str]) -> set[str]:
    names = staff_may().get(role, NOTHING)
    if isinstance(names, Everything):
        return everything
    return {f"{app}.{name}" for app in (settings.SERVICE_APP, "chassis") for name in names} & everything


def assert_pages_follow_the_table(user: Any, *, role: str, superuser: Any) -> None:
    """On every page that the admin site has, for each of VERBS.

    user: has this role, and no other of staff. superuser: what they may not do either, the page offers to nobody.
    """
    import_module(settings.ROOT_URLCONF)  # which registers the pages
    walked = 0
    for model, page in admin.site._registry.items():
        for verb in VERBS:
            offered = _allows(page, verb, superuser)
            assert _allows(page, verb, user) == (offered and _says_yes(model, verb, role)), (role, verb, model)
            walked += 1
        assert _takes_along(page, user) == _allows(page, "view", user), (role, model)
    assert walked >= len(VERBS) * 5


def _says_yes(model: type[Model], verb: str, role: str) -> bool:
    """What the table says; Django lets whoever may change a thing look at it too."""
    if model._meta.app_label not in (settings.SERVICE_APP, "chassis"):
        return is_superuser([role])
    enough = {verb, "change"} if verb == "view" else {verb}
    return any(may([role], f"{name}_{model._meta.model_name}") for name in enough)


def _takes_along(page: Any, user: Any) -> bool:
    """Whether they get the list of the page as a file."""
    request = RequestFactory().get("/")
    request.user, request.session = user, SessionStore()
    try:
        return bool(page.export(request, CSV).status_code == 200)
    except PermissionDenied:
        return False


def _allows(page: Any, verb: str, user: Any) -> bool:
    request = RequestFactory().get("/")
    request.user = user
    return bool(getattr(page, f"has_{verb}_permission")(request))
