"""The same request twice has one effect and one answer, whatever happens in between."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient
from things.models import Thing

from chassis.ids import first_uuid7_at, uuid7
from chassis.messaging import housekeeping
from chassis.storage.models import IdempotencyKey
from chassis.testing import assert_repeated
from chassis.web.idempotency import Key, KeyInFlight, KeyReused, claim, complete, release

pytestmark = pytest.mark.django_db
# For tests with several connections, or that look at what was really committed.
committed = pytest.mark.django_db(transaction=True)

LAMP = {"name": "lamp", "size": 3}


@pytest.fixture
def client(sign_in: Callable[..., APIClient]) -> APIClient:
    return sign_in()


def a_key(fingerprint: str = "f") -> Key:
    return Key(user_id=uuid7(), endpoint="POST /things", key="k-1", fingerprint=fingerprint)


def test_a_repeated_request_is_answered_again_and_does_nothing_more(client: APIClient) -> None:
    first = client.post("/things", LAMP, HTTP_IDEMPOTENCY_KEY="k-1")
    again = client.post("/things", LAMP, HTTP_IDEMPOTENCY_KEY="k-1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Thing.objects.count() == 1


def test_an_answer_is_repeated_to_the_byte_with_its_headers(client: APIClient) -> None:
    asked = {"HTTP_IDEMPOTENCY_KEY": "k-1", "HTTP_X_FORWARDED_PREFIX": "/api"}
    first = client.post("/things", LAMP, HTTP_ACCEPT="application/json; indent=4", **asked)
    again = client.post("/things", LAMP, **asked)
    assert_repeated(first, again)
    assert first["Location"] == f"/api/things/{first.json()['id']}"


def test_an_answer_is_kept_once_and_not_compressed() -> None:
    with transaction.atomic():
        complete(claim(a_key(), resource_id=uuid7()), status=201, body={"name": "lamp" * 1000})
    with connection.cursor() as cursor:
        cursor.execute("SELECT response, pg_column_size(content) >= length(content) FROM idempotency_keys")
        assert cursor.fetchall() == [(None, True)]


def test_the_order_of_members_does_not_make_another_payload(client: APIClient) -> None:
    client.post("/things", {"name": "lamp", "size": 3}, HTTP_IDEMPOTENCY_KEY="k")
    again = client.post("/things", {"size": 3, "name": "lamp"}, HTTP_IDEMPOTENCY_KEY="k")
    assert again["Idempotency-Replayed"] == "true"


def test_the_same_key_with_another_payload_is_422(client: APIClient) -> None:
    client.post("/things", LAMP, HTTP_IDEMPOTENCY_KEY="k-1")
    response = client.post("/things", {**LAMP, "size": 4}, HTTP_IDEMPOTENCY_KEY="k-1")
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency_key_reused"
    assert Thing.objects.count() == 1


def test_keys_of_two_users_have_nothing_to_do_with_each_other(sign_in: Callable[..., APIClient]) -> None:
    for _ in range(2):
        assert sign_in().post("/things", LAMP, HTTP_IDEMPOTENCY_KEY="k-1").status_code == 201
    assert Thing.objects.count() == 2


def test_a_required_key_that_is_missing_is_400(client: APIClient) -> None:
    response = client.post("/things", {"name": "careful"})
    assert response.status_code == 400
    assert response.json()["code"] == "idempotency_key_missing"


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\x00b", "a\nb"])
def test_a_key_that_is_not_visible_ascii_is_400(client: APIClient, key: str) -> None:
    response = client.post("/things", LAMP, HTTP_IDEMPOTENCY_KEY=key)
    assert response.status_code == 400
    assert response.json()["code"] == "idempotency_key_malformed"


def test_a_request_that_failed_leaves_its_key_free(client: APIClient) -> None:
    assert client.post("/things", {"name": "x" * 33}, HTTP_IDEMPOTENCY_KEY="k").status_code == 400
    assert client.post("/things", LAMP, HTTP_IDEMPOTENCY_KEY="k").status_code == 201


@committed
def test_of_many_at_once_one_has_the_effect_and_all_have_its_answer(sign_in: Callable[..., APIClient]) -> None:
    user_id = uuid7()
    ready = threading.Barrier(8)

    def post(_: int) -> tuple[int, Any]:
        client = sign_in(user_id=user_id)
        ready.wait()
        try:
            response = client.post("/things", LAMP, HTTP_IDEMPOTENCY_KEY="race")
            return response.status_code, response.json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(8)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert Thing.objects.count() == 1


@committed
def test_a_key_is_claimed_only_with_its_effect() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        claim(a_key(), resource_id=uuid7())


def test_while_the_first_is_at_work_a_second_is_told_to_wait() -> None:
    key = a_key()
    with transaction.atomic():
        claim(key, resource_id=uuid7(), lease_seconds=20)
    with pytest.raises(KeyInFlight) as refused, transaction.atomic():
        claim(key, resource_id=uuid7())
    assert refused.value.status == 409
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 21


@committed
def test_a_second_does_not_wait_for_ever_for_the_first_ones_transaction() -> None:
    key = a_key()
    claimed, finished = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            claim(key, resource_id=uuid7())
            claimed.set()
            finished.wait(10)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert claimed.wait(5)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 100")
    with pytest.raises(KeyInFlight), transaction.atomic():
        claim(key, resource_id=uuid7())
    connection.close()
    finished.set()
    thread.join()


def test_after_a_crash_the_same_request_resumes_with_the_same_resource() -> None:
    key, intended = a_key(), uuid7()
    with transaction.atomic():
        claim(key, resource_id=intended, lease_seconds=0)
    with transaction.atomic():
        resumed = claim(key, resource_id=uuid7())
    assert resumed.resumed
    assert not resumed.completed
    assert resumed.resource_id == intended
    with pytest.raises(KeyInFlight), transaction.atomic():
        claim(key, resource_id=uuid7())


@committed
def test_of_many_that_resume_one_does() -> None:
    key = a_key()
    with transaction.atomic():
        claim(key, resource_id=uuid7(), lease_seconds=0)
    ready = threading.Barrier(6)

    def resume(_: int) -> bool:
        ready.wait()
        try:
            with transaction.atomic():
                return claim(key, resource_id=uuid7()).resumed
        except KeyInFlight:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(resume, range(6))) == [False] * 5 + [True]


def test_a_key_that_was_resumed_still_refuses_another_payload() -> None:
    key = a_key("one")
    with transaction.atomic():
        claim(key, resource_id=uuid7(), lease_seconds=0)
    other = Key(user_id=key.user_id, endpoint=key.endpoint, key=key.key, fingerprint="two")
    with pytest.raises(KeyReused), transaction.atomic():
        claim(other, resource_id=uuid7())


def test_a_released_key_may_go_on_at_once() -> None:
    key = a_key()
    with transaction.atomic():
        first = claim(key, resource_id=uuid7())
    release(first)
    with transaction.atomic():
        assert claim(key, resource_id=uuid7()).resumed


def test_the_first_answer_stays_when_a_slow_try_ends_late() -> None:
    key = a_key()
    with transaction.atomic():
        slow = claim(key, resource_id=uuid7(), lease_seconds=0)
    with transaction.atomic():
        quick = claim(key, resource_id=uuid7())
    complete(quick, status=201, body={"by": "quick"})
    complete(slow, status=402, body={"by": "slow"})
    with transaction.atomic():
        known = claim(key, resource_id=uuid7())
    assert (known.status, known.content) == (201, '{"by":"quick"}')


def test_an_answer_is_kept_for_a_day() -> None:
    day_old = first_uuid7_at(timezone.now() - timedelta(hours=24, minutes=1))
    younger = first_uuid7_at(timezone.now() - timedelta(hours=23))
    for key_id in (day_old, younger):
        IdempotencyKey.objects.create(
            id=key_id,
            user_id=uuid7(),
            endpoint="POST /things",
            key="k",
            fingerprint="f",
            resource_id=uuid7(),
            leased_until=timezone.now(),
        )
    housekeeping.prune()
    assert list(IdempotencyKey.objects.values_list("id", flat=True)) == [younger]
