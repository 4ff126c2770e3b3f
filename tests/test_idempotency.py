from concurrent.futures import ThreadPoolExecutor

from client import Answer
from waiting import wait_for
from world import Choice, Person, book, new_key, pay, payment_of, settled


def test_the_same_booking_request_is_answered_the_same_and_made_once(customer: Person, choice: Choice) -> None:
    key = new_key()
    first = customer.post("/api/bookings", choice.body(), key=key)
    again = customer.post("/api/bookings", choice.body(), key=key)
    assert first.ok(201) == again.ok(201)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_same_key_for_another_booking_is_refused(customer: Person, choice: Choice) -> None:
    key = new_key()
    customer.post("/api/bookings", choice.body(), key=key).ok(201)
    other = {**choice.body(), "payment_method": {"token": "tok_visa"}}
    customer.post("/api/bookings", other, key=key).problem(422, "idempotency_key_reused")


def test_a_key_is_its_user_s_own(customer: Person, choice: Choice, market: object, admin: Person) -> None:
    key = new_key()
    customer.post("/api/bookings", choice.body(), key=key).ok(201)
    admin.post("/api/bookings", choice.body(), key=key).problem(409, "seat_unavailable")


def test_a_payment_needs_a_key(customer: Person, choice: Choice) -> None:
    booked = book(customer, choice)
    body = {"booking_id": booked["id"], "payment_method": {"token": "tok_visa"}}
    customer.post("/api/payments", body).problem(400, "idempotency_key_missing")
    customer.send("POST", "/api/payments", body, headers={"Idempotency-Key": "x" * 300}).problem(
        400, "idempotency_key_malformed"
    )
    assert customer.get(f"/api/bookings/{booked['id']}").ok()["status"] == "PENDING"


def test_a_payment_asked_for_again_is_charged_once(customer: Person, choice: Choice) -> None:
    booked, key = book(customer, choice), new_key()
    first, again = pay(customer, booked, key=key), pay(customer, booked, key=key)
    assert first.ok(201)["id"] == again.ok(201)["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    pay(customer, booked, "tok_slow", key=key).problem(422, "idempotency_key_reused")
    pay(customer, booked).problem(409)
    settled(customer, booked, "CONFIRMED", "captured")
    assert payment_of(customer, booked)["captured_amount"] == booked["total"]


def test_the_same_payment_from_many_threads_at_once_is_charged_once(customer: Person, choice: Choice) -> None:
    booked, key = book(customer, choice), new_key()
    with ThreadPoolExecutor(8) as pool:
        answers: list[Answer] = list(pool.map(lambda _: pay(customer, booked, key=key), range(8)))
    assert {answer.status for answer in answers} <= {201, 202, 409}
    assert {answer.json()["id"] for answer in answers if answer.status < 300} == {payment_of(customer, booked)["id"]}
    for answer in answers:
        if answer.status == 409:
            answer.problem(409)
    settled(customer, booked, "CONFIRMED", "captured")
    assert payment_of(customer, booked)["captured_amount"] == booked["total"]


def test_a_decline_is_replayed_too(customer: Person, choice: Choice) -> None:
    booked, key = book(customer, choice), new_key()
    first = pay(customer, booked, "tok_card_declined", key=key)
    again = pay(customer, booked, "tok_card_declined", key=key)
    assert first.problem(402)["code"] == again.json()["code"] == "card_declined"
    assert again.status == 402
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_refund_asked_for_again_is_given_once(customer: Person, support: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    payment, key = payment_of(customer, booked), new_key()
    body = {"payment_id": payment["id"], "amount": 1000, "reason": "spilt popcorn"}
    first = support.post("/api/refunds", body, key=key)
    again = support.post("/api/refunds", body, key=key)
    assert first.ok(201)["id"] == again.ok(201)["id"]
    support.post("/api/refunds", body).problem(400, "idempotency_key_missing")
    wait_for(lambda: payment_of(customer, booked)["refunded_amount"]["amount"] == 1000, what="refund")
    assert payment_of(customer, booked)["refunded_amount"]["amount"] == 1000


def test_a_message_is_sent_once_per_key(support: Person) -> None:
    key = new_key()
    body = {"to": "once@customers.example", "subject": "Once", "text": "This comes once."}
    first = support.post("/api/notifications/email", body, key=key)
    again = support.post("/api/notifications/email", body, key=key)
    assert first.ok(202)["id"] == again.ok(202)["id"]
    support.post("/api/notifications/email", {**body, "text": "other"}, key=key).problem(422, "idempotency_key_reused")
