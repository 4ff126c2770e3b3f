"""For the tests of a service: whoever is limited to theaters sees and does at theirs what their role lets them do, and
nothing of it at others, by whichever door there is."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.test import APIClient

from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing import access_token
from chassis.testing_staff import enter, staff_token
from chassis.theaters import Theaters, claim_of
from chassis.web import desk

ROLES = ("support", "manager")
REFUSED = {403, 404}
Ask = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """wrote: whether anything was done, as the log of what staff did says."""

    status: int
    wrote: bool
    body: str


def reads() -> set[str]:
    """`GET /bookings/{booking_id}` of each endpoint that is read."""
    return {*_reads()}


def _reads() -> Iterator[str]:
    for route in import_module(f"{settings.SERVICE_APP}.urls").urlpatterns:
        if hasattr(getattr(route.callback, "view_class", None), "get"):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(route.pattern))
            yield f"GET /{path}"


def desk_pages() -> set[str]:
    """The pages and panels of the desk by their names, and those that chassis adds to each service."""
    return {*(page.name for page in desk.pages()), "desk_needs", "desk_search"}


def _browser(role: str, theaters: Theaters, account: UUID) -> Client:
    client = Client()
    enter(client, role, account_id=account, theaters=theaters, by_code=True)
    return client


def _api(role: str, theaters: Theaters, account: UUID) -> APIClient:
    named: dict[str, Any] = {**claim_of(theaters)}
    token = access_token(user_id=account, roles=("customer", role), amr=["pwd", "otp"], **named)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def _asked(ask: Callable[[], Any]) -> Answer:
    """What came of it; then it is as if it had not been asked."""
    before = _written()
    point = transaction.savepoint()
    try:
        answer = ask()
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return Answer(answer.status_code, _written() != before, content.decode(errors="replace"))
    finally:
        transaction.savepoint_rollback(point)


def _written() -> int:
    """An export is a reading, and on record all the same."""
    return AuditRecord.objects.exclude(action__endswith=".exported").count()


def _both(make: Callable[[str, Theaters, UUID], Any], role: str, theater: UUID, ask: Ask) -> tuple[Answer, Answer]:
    """What somebody of this theater is answered, and of another: the same where the role is refused."""
    account = uuid7()
    theirs = _asked(partial(ask, make(role, frozenset({theater, uuid7()}), account)))
    if theirs.status == 403:
        return theirs, theirs
    return theirs, _asked(partial(ask, make(role, frozenset({uuid7()}), account)))


def assert_deeds_stay_at_their_theater(by_api: Mapping[str, Ask], by_hand: Mapping[str, Ask], *, theater: UUID) -> None:
    """Each deed is of something of this theater: there a manager does it, and elsewhere nothing is done by anybody."""
    for role in ROLES:
        for name, ask in by_api.items():
            theirs, elsewhere = _both(_api, role, theater, ask)
            assert theirs.wrote or (role != "manager" and theirs.status == 403), (role, name, theirs)
            assert elsewhere.status in REFUSED, (role, name, elsewhere)
            assert not elsewhere.wrote, (role, name)
        for name, ask in by_hand.items():
            theirs, elsewhere = _both(_browser, role, theater, ask)
            assert theirs.wrote or role != "manager", (name, theirs)
            assert elsewhere.status < 500, (role, name, elsewhere)
            assert not elsewhere.wrote, (role, name, elsewhere)


def assert_told_of_their_theater_alone(
    by_api: Mapping[str, tuple[str, str]], by_hand: Mapping[str, tuple[str, str]], *, theater: UUID
) -> None:
    """Of each the address of something of this theater, or of a list with it, and what of an answer tells of it."""
    for role in ROLES:
        for make, asked in ((_api, by_api), (_browser, by_hand)):
            for name, (address, tells) in asked.items():
                theirs, elsewhere = _both(make, role, theater, partial(_get, address))
                assert theirs.status in {200, 302, 405} or (role != "manager" and theirs.status in REFUSED), (
                    name,
                    theirs,
                )
                assert theirs.status != 200 or tells in theirs.body, (role, name, theirs)
                assert elsewhere.status in {200, 302, 400, 405, *REFUSED}, (role, name, elsewhere)
                assert elsewhere.status != 200 or tells not in elsewhere.body, (role, name, elsewhere)


def _get(address: str, client: Any) -> Any:
    return client.get(address)


def assert_lists_show_their_theater_alone(rows: Collection[Any], *, of_none: Collection[str], theater: UUID) -> None:
    """rows: one of this theater of each model that has a page in the admin site; of_none: names of models whose rows
    belong to no theater, as staff see them."""
    import_module(settings.ROOT_URLCONF)  # which registers the pages
    app = settings.SERVICE_APP
    pages = {model: page for model, page in admin.site._registry.items() if model._meta.app_label == app}
    known = {str(row._meta.model_name) for row in rows} | {*of_none}
    assert {str(model._meta.model_name) for model in pages} == known
    for row in rows:
        page: Any = pages[type(row)]
        assert page.get_queryset(_request(theater)).filter(pk=row.pk).exists(), row
        assert not page.get_queryset(_request(uuid7())).filter(pk=row.pk).exists(), row
        place = f"admin:{app}_{row._meta.model_name}"
        theirs, elsewhere = _both(
            _browser, "manager", theater, partial(_get, reverse(f"{place}_change", args=[row.pk]))
        )
        assert theirs.status == 200, (row, theirs)
        assert elsewhere.status == 302, (row, elsewhere)
        for verb in ("history", "delete"):
            client = _browser("manager", frozenset({uuid7()}), uuid7())
            assert client.get(reverse(f"{place}_{verb}", args=[row.pk])).status_code in {302, *REFUSED}, (row, verb)


def _request(theater: UUID) -> Any:
    request: Any = RequestFactory().get("/")
    request.staff = staff_token("manager", theaters=frozenset({theater}))
    return request
