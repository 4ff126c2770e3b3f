import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.utils import timezone
from factories import BookingSummaryFactory, ContactFactory, NotificationFactory
from rest_framework.test import APIClient
from servers import Sink

from chassis.ids import uuid7
from chassis.testing import assert_repeated
from notifications import delivery
from notifications.domain import Channel, Status, ending_key
from notifications.models import Notification

pytestmark = pytest.mark.django_db

SignIn = Callable[..., APIClient]

EMAIL = {"to": "ada@example.com", "subject": "About your visit", "text": "The doors open at seven."}
SMS = {"to": "+84901234567", "text": "The doors open at seven."}
VALID = {"/notifications/email": EMAIL, "/notifications/sms": SMS}


@pytest.fixture
def support(sign_in: SignIn) -> APIClient:
    return sign_in(roles=("support",))


@pytest.mark.parametrize("path", VALID)
def test_staff_send_a_message_and_it_arrives(sink: Sink, support: APIClient, path: str) -> None:
    to = f"{uuid7().hex}@example.com" if path.endswith("email") else "+84900000010"
    answer = support.post(path, VALID[path] | {"to": to})
    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"

    delivery.deliver_due()

    [message] = sink.messages(to)
    assert message["text"].strip() == "The doors open at seven."
    notification = Notification.objects.get(id=answer.json()["id"])
    assert notification.status == Status.SENT
    assert notification.requested_by == support.user_id


def test_a_message_to_a_user_goes_to_the_address_we_know(sink: Sink, support: APIClient) -> None:
    contact = ContactFactory()
    answer = support.post(
        "/notifications/email", {"user_id": str(contact.user_id), "subject": "Hello", "text": "<b>& welcome</b>"}
    )
    assert answer.status_code == 202
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert "<b>& welcome</b>" in mail["text"]
    assert "&lt;b&gt;&amp; welcome&lt;/b&gt;" in mail["html"]


@pytest.mark.parametrize("path", VALID)
def test_a_message_to_a_user_without_an_address_is_422(support: APIClient, path: str) -> None:
    contact = ContactFactory(email="", phone="")
    for user_id in (contact.user_id, uuid7()):
        body = {**VALID[path], "user_id": str(user_id)}
        del body["to"]
        answer = support.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_contact")


@pytest.mark.parametrize(("path", "role"), list(product(VALID, ("support", "manager", "admin"))))
def test_every_staff_role_may_send(sign_in: SignIn, path: str, role: str) -> None:
    assert sign_in(roles=(role,)).post(path, VALID[path]).status_code == 202


@pytest.mark.parametrize("path", VALID)
def test_customers_and_strangers_may_not_send(api: APIClient, sign_in: SignIn, path: str) -> None:
    stranger, customer = api.post(path, VALID[path]), sign_in().post(path, VALID[path])
    assert (stranger.status_code, stranger.json()["code"]) == (401, "not_authenticated")
    assert (customer.status_code, customer.json()["code"]) == (403, "permission_denied")
    assert Notification.objects.count() == 0


@pytest.mark.parametrize("path", VALID)
def test_the_same_key_sends_once_and_gets_the_same_answer(support: APIClient, path: str) -> None:
    first = support.post(path, VALID[path], HTTP_IDEMPOTENCY_KEY="one")
    again = support.post(path, VALID[path], HTTP_IDEMPOTENCY_KEY="one")
    other = support.post(path, VALID[path] | {"text": "another"}, HTTP_IDEMPOTENCY_KEY="one")
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Notification.objects.count() == 1


ANYWHERE: list[Any] = [None, 7, 1.5, True, "", [], {}, ["a"], "\ud800", "a\x00b", "x" * 20_000]
WRONG = {
    ("/notifications/email", "to"): ["a@b", "a b@c.de", "a@c.de\nBcc: x@y.zz", "<a@b.de>", "a@b.de, c@d.ee", "@b.de"],
    ("/notifications/email", "subject"): ["a\r\nBcc: b@c.d", "a\nb", "a\tb", "a\u2028b", "x" * 201],
    ("/notifications/email", "text"): ["\x1b[2J", "a\x07b", "a\x85b", "x" * 10_001],
    ("/notifications/sms", "to"): ["84901234567", "+0123456", "+84 90", "+841", "+84901234567890123"],
    ("/notifications/sms", "text"): ["\x1b[2J", "x" * 481],
}


def bad_bodies() -> list[tuple[str, Any]]:
    bad: list[tuple[str, Any]] = []
    for path, good in VALID.items():
        bad += [(path, body) for body in ([], "text", 7, None, [{}])]
        bad += [(path, {**good, "unknown": 1}), (path, {**good, "user_id": str(uuid7())})]
        for name in good:
            bad.append((path, {kept: value for kept, value in good.items() if kept != name}))
            bad += [(path, {**good, name: value}) for value in [*ANYWHERE, *WRONG[path, name]]]
    return bad


@pytest.mark.parametrize(("path", "body"), bad_bodies(), ids=lambda value: str(value)[:80])
def test_a_bad_body_is_a_400_that_says_where(support: APIClient, path: str, body: Any) -> None:
    answer = support.generic("POST", path, json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 400
    assert problem["correlation_id"] == answer["X-Correlation-ID"]
    assert Notification.objects.count() == 0


@pytest.mark.parametrize(
    ("method", "path", "content", "media_type", "status"),
    [
        ("POST", "/notifications/email", b"{", "application/json", 400),
        ("POST", "/notifications/email", b"\xff\xfe", "application/json", 400),
        ("POST", "/notifications/email", b"[" * 100_000, "application/json", 400),
        ("POST", "/notifications/email", b'{"to": NaN}', "application/json", 400),
        ("POST", "/notifications/email", b"to=a", "application/x-www-form-urlencoded", 415),
        ("POST", "/notifications/sms", b"<to/>", "application/xml", 415),
        ("GET", "/notifications/email", b"", "application/json", 405),
        ("PUT", "/notifications/sms", b"{}", "application/json", 405),
        ("DELETE", "/notifications/history", b"", "application/json", 405),
        ("POST", "/notifications/history", b"{}", "application/json", 405),
        ("GET", "/notifications/nothing", b"", "application/json", 404),
        ("GET", "/notifications/history?cursor=nonsense", b"", "application/json", 400),
        ("GET", "/notifications/history?cursor=cD1ub25zZW5zZQ==", b"", "application/json", 400),
        ("GET", "/notifications/history?page_size=0", b"", "application/json", 400),
        ("GET", "/notifications/history?page_size=x", b"", "application/json", 400),
        ("GET", "/notifications/history?page_size=99999999999999999999", b"", "application/json", 400),
        ("GET", "/notifications/history?user_id=7", b"", "application/json", 400),
        ("GET", "/notifications/history?channel=pigeon", b"", "application/json", 400),
        ("GET", "/notifications/history?status=%00", b"", "application/json", 400),
        ("GET", "/notifications/history?unknown=1", b"", "application/json", 400),
    ],
)
def test_a_bad_request_is_a_problem_with_the_right_status(
    support: APIClient, method: str, path: str, content: bytes, media_type: str, status: int
) -> None:
    answer = support.generic(method, path, content, content_type=media_type)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["code"]


def again(notification: Notification) -> str:
    return f"/notifications/{notification.id}/send-again"


def test_staff_send_a_message_again_and_it_arrives(sink: Sink, support: APIClient) -> None:
    contact = ContactFactory()
    first = NotificationFactory(contact=contact)
    delivery.deliver_due()
    answer = support.post(again(first))
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    delivery.deliver_due()
    assert len(sink.messages(contact.email)) == 2


def test_the_same_key_sends_a_message_again_once(support: APIClient) -> None:
    first = NotificationFactory(status=Status.SENT, sent_at=timezone.now())
    answers = [support.post(again(first), headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert answers[0].status_code == 202
    assert_repeated(*answers)
    assert Notification.objects.filter(resend_of=first.id).count() == 1
    assert support.post(again(first)).status_code == 202
    assert Notification.objects.filter(resend_of=first.id).count() == 2


def test_what_cannot_be_sent_again_is_refused_with_its_own_code(support: APIClient) -> None:
    ticket = NotificationFactory(template="ticket", status=Status.SENT, sent_at=timezone.now())
    key = ending_key(ticket.booking_id)
    NotificationFactory(template="booking_cancelled", natural_key=key, booking_id=ticket.booking_id)
    over = NotificationFactory(template="hold", status=Status.SUPPRESSED, not_after=timezone.now())
    refused = {ticket: "booking_ended", over: "notification_out_of_date", NotificationFactory(): "not_resendable"}
    for notification, code in refused.items():
        answer = support.post(again(notification))
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    missing = support.post(f"/notifications/{uuid7()}/send-again")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_customers_send_nothing_again(api: APIClient, sign_in: SignIn) -> None:
    customer = sign_in()
    mine = NotificationFactory(contact=ContactFactory(user_id=customer.user_id), status=Status.FAILED)
    assert customer.post(again(mine)).status_code == 403
    assert api.post(again(mine)).status_code == 401


def test_everybody_sees_their_own_history_the_newest_first(sign_in: SignIn) -> None:
    customer = sign_in()
    contact = ContactFactory(user_id=customer.user_id)
    first, second = NotificationFactory(contact=contact), NotificationFactory(contact=contact)
    NotificationFactory()

    answer = customer.get("/notifications/history")

    assert [row["id"] for row in answer.json()["results"]] == [str(second.id), str(first.id)]
    assert set(answer.json()) == {"next", "previous", "results"}


def test_the_history_tells_no_secrets(sign_in: SignIn) -> None:
    customer = sign_in()
    contact = ContactFactory(user_id=customer.user_id)
    NotificationFactory(contact=contact, template="password_reset", context={"token": "s3cret"})
    assert "s3cret" not in customer.get("/notifications/history").content.decode()


def test_the_history_does_not_tell_who_has_an_address(sign_in: SignIn, support: APIClient) -> None:
    """A new password for an address goes to who has proved it, or else to who says that it is theirs."""
    customer = sign_in()
    contact = ContactFactory(user_id=customer.user_id)
    for template in ("email_verification", "password_reset"):
        NotificationFactory(contact=contact, template=template, context={})
    assert customer.get("/notifications/history").json()["results"] == []
    assert customer.get("/notifications/history?template=password_reset").json()["results"] == []
    assert len(support.get(f"/notifications/history?user_id={contact.user_id}").json()["results"]) == 2


def test_a_customer_does_not_see_another_s_history(sign_in: SignIn) -> None:
    contact = ContactFactory()
    NotificationFactory(contact=contact)
    answer = sign_in().get(f"/notifications/history?user_id={contact.user_id}")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_staff_find_messages_by_address_and_by_booking(sign_in: SignIn, support: APIClient) -> None:
    booking = BookingSummaryFactory(reference="K7QF2M9XTD")
    mine = NotificationFactory(contact=ContactFactory(email="Ada@example.com"), booking_id=booking.booking_id)
    other = NotificationFactory(contact=ContactFactory(email="bob@example.com"))
    for query, found in [
        ("email=ada@EXAMPLE.com", [mine]),
        ("reference=k7qf2m9xtd", [mine]),
        ("email=bob@example.com", [other]),
        ("email=bob@example.com&reference=K7QF2M9XTD", []),
        ("email=nobody@example.com", []),
        (f"reference=K7QF2M9XTD&user_id={other.user_id}", []),
    ]:
        rows = support.get(f"/notifications/history?{query}").json()["results"]
        assert [row["id"] for row in rows] == [str(one.id) for one in found], query
    owner = sign_in(user_id=mine.user_id)
    assert len(owner.get("/notifications/history?reference=K7QF2M9XTD").json()["results"]) == 1
    customer = sign_in()
    assert customer.get("/notifications/history?reference=K7QF2M9XTD").json()["results"] == []
    assert customer.get("/notifications/history?email=ada@example.com").status_code == 403


def test_staff_see_the_history_of_a_user_by_what_they_look_for(support: APIClient) -> None:
    contact = ContactFactory()
    sent = NotificationFactory(contact=contact, status=Status.FAILED)
    NotificationFactory(contact=contact, channel=Channel.SMS, template="message")
    base = f"/notifications/history?user_id={contact.user_id}"
    assert len(support.get(base).json()["results"]) == 2
    for query in ("status=failed", "channel=email", "template=receipt", f"booking_id={sent.booking_id}"):
        assert [row["id"] for row in support.get(f"{base}&{query}").json()["results"]] == [str(sent.id)]


def test_pages_of_the_history_follow_each_other_without_gaps(sign_in: SignIn) -> None:
    customer = sign_in()
    contact = ContactFactory(user_id=customer.user_id)
    made = NotificationFactory.create_batch(5, contact=contact)
    url, seen = "/notifications/history?page_size=2", []
    while url:
        page = customer.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == [str(notification.id) for notification in reversed(made)]


def test_a_page_of_the_history_is_one_query(sign_in: SignIn, django_assert_num_queries: Any) -> None:
    customer = sign_in()
    NotificationFactory.create_batch(10, contact=ContactFactory(user_id=customer.user_id))
    with django_assert_num_queries(1):
        customer.get("/notifications/history")


def test_an_unchanged_history_is_not_sent_again(sign_in: SignIn) -> None:
    customer = sign_in()
    NotificationFactory(contact=ContactFactory(user_id=customer.user_id))
    first = customer.get("/notifications/history")
    again = customer.get("/notifications/history", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (first.status_code, again.status_code) == (200, 304)


def test_the_schema_names_every_operation(api: APIClient) -> None:
    schema = json.loads(api.get("/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json").content)
    assert schema["openapi"].startswith("3.1")
    assert {"/notifications/email", "/notifications/sms", "/notifications/history"} <= set(schema["paths"])
    assert api.get("/docs/").status_code == 200
