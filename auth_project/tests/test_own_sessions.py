"""Where somebody is signed in, as they are told it, and ending one of those sessions."""

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from factories import PASSWORD, UserFactory

from accounts.domain import EndReason
from accounts.models import Session, User
from chassis.ids import uuid7
from chassis.testing_costs import assert_bounded, reads
from chassis.testing_lists import assert_pages_come_by_index, assert_rows_may_go, list_routes

pytestmark = pytest.mark.django_db
DEVICE = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def opened(user, **fields):
    now = timezone.now()
    given = {"access_tokens": [], "refreshed_at": now, "expires_at": now + timezone.timedelta(days=1), **fields}
    return Session.objects.create(user=user, refresh_jti=uuid7().hex, **given)


def told(client):
    return client.get("/sessions").json()["results"]


def test_it_is_the_one_list_in_pages():
    assert list_routes() == {"sessions"}


def test_they_are_told_newest_first_with_where_and_by_what(api, user, client_of):
    first = client_of(user)
    credentials = {"username": user.username, "password": PASSWORD}
    place = {"HTTP_USER_AGENT": DEVICE + "x" * 200, "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
    assert api.post("/token", credentials, **place).status_code == 200
    newest, oldest = told(first)
    assert (newest["address"], newest["user_agent"]) == ("203.0.113.7", (DEVICE + "x" * 200)[:200])
    assert (newest["is_this"], oldest["is_this"]) == (False, True)
    session = Session.objects.get(pk=oldest["id"])
    assert [parse_datetime(oldest[name]) for name in ("created_at", "refreshed_at", "expires_at")] == [
        session.created_at,
        session.refreshed_at,
        session.expires_at,
    ]


def test_nobody_elses_and_none_that_is_over(user, client_of):
    client = client_of(user)
    client_of(UserFactory())
    client_of(user).post("/logout")
    opened(user, expires_at=timezone.now() - timezone.timedelta(seconds=1))
    assert [each["is_this"] for each in told(client)] == [True]


def test_one_that_is_ended_takes_its_tokens_along_and_leaves_the_others(api, user, client_of):
    telephone, laptop = client_of(user), client_of(user)
    [ended] = [each["id"] for each in told(laptop) if not each["is_this"]]
    for _ in range(2):
        assert laptop.delete(f"/sessions/{ended}").status_code == 204
    assert telephone.get("/users/me").json()["code"] == "not_authenticated"
    refresh = {"refresh_token": telephone.tokens.refresh_token}
    assert api.post("/token/refresh", refresh).json()["code"] == "invalid_refresh_token"
    assert [each["is_this"] for each in told(laptop)] == [True]
    assert Session.objects.get(pk=ended).end_reason == EndReason.SIGNED_OUT


def test_that_it_was_ended_is_recorded_once(user, client_of, caplog):
    _, laptop = client_of(user), client_of(user)
    [ended] = [each["id"] for each in told(laptop) if not each["is_this"]]
    caplog.clear()
    caplog.set_level("INFO", logger="audit")
    for _ in range(2):
        laptop.delete(f"/sessions/{ended}")
    records = [record for record in caplog.records if getattr(record, "session_id", None) == ended]
    assert [(record.getMessage(), record.user_id) for record in records] == [("signed_out", str(user.id))]


def test_somebody_elses_is_not_there_and_goes_on(user, client_of):
    stranger = UserFactory()
    theirs = client_of(stranger)
    [session] = told(theirs)
    for session_id in (session["id"], uuid7()):
        answer = client_of(user).delete(f"/sessions/{session_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert theirs.get("/users/me").status_code == 200


def test_no_session_is_told_twice_or_skipped_when_others_end(user, client_of):
    client = client_of(user)
    rows = [*Session.objects.all(), *(opened(user) for _ in range(6))]
    assert_rows_may_go(client, "/sessions", rows)


def test_a_page_is_read_off_an_index(user, client_of):
    client = client_of(user)
    for _ in range(3):
        opened(user)
    assert_pages_come_by_index(client, "/sessions")


def test_it_costs_the_same_however_many_sessions_there_are(long_history, client_of):
    busy = User.objects.exclude(sessions=None).order_by("-id")[0]
    busy.set_password(PASSWORD)
    busy.is_active = True
    busy.save()
    assert_bounded(reads(client_of(busy), ["/sessions"]), rows=200)
