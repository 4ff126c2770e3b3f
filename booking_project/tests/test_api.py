import json
from itertools import product

import pytest
from factories import ShowtimeFactory, seat_ids

from bookings import endings
from bookings.models import Booking, SeatStatus
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing import assert_repeated
from chassis.web.roles import staff_may


@pytest.fixture
def customer(sign_in):
    return sign_in()


@pytest.fixture
def body(showtime):
    return {"showtime_id": str(showtime.id), "seat_ids": [str(seat) for seat in seat_ids(showtime)[:2]]}


def test_a_booking_is_answered_with_all_a_client_needs(customer, body):
    answer = customer.post("/bookings", body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["status"] == "PENDING"
    assert made["payment_status"] == "unpaid"
    assert made["total"] == {"amount": 180000, "currency": "VND"}
    assert [seat["id"] for seat in made["seats"]] == sorted(body["seat_ids"])
    assert answer["Location"] == f"/bookings/{made['id']}"
    assert customer.get(f"/bookings/{made['id']}").json() == made


def test_without_a_token_nothing_is_booked(api, body):
    answer = api.post("/bookings", body)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_taken_seat_is_409_and_named(customer, sign_in, body):
    customer.post("/bookings", body)
    answer = sign_in().post("/bookings", body)
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "seat_unavailable"
    assert answer.json()["seats"] == sorted(body["seat_ids"])


def test_the_same_key_gets_the_same_answer_and_one_booking(customer, body):
    first = customer.post("/bookings", body, HTTP_IDEMPOTENCY_KEY="order-1")
    again = customer.post("/bookings", body, HTTP_IDEMPOTENCY_KEY="order-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert_repeated(first, again)
    assert first["Location"] == f"/bookings/{first.json()['id']}"
    assert Booking.objects.count() == 1


def test_the_same_key_with_another_payload_is_422(customer, body, showtime):
    customer.post("/bookings", body, HTTP_IDEMPOTENCY_KEY="order-1")
    other = {**body, "seat_ids": [str(seat_ids(showtime)[5])]}
    answer = customer.post("/bookings", other, HTTP_IDEMPOTENCY_KEY="order-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_is_its_users_own(customer, sign_in, body, showtime):
    customer.post("/bookings", body, HTTP_IDEMPOTENCY_KEY="order-1")
    other = {**body, "seat_ids": [str(seat_ids(showtime)[5])]}
    assert sign_in().post("/bookings", other, HTTP_IDEMPOTENCY_KEY="order-1").status_code == 201


def test_a_refused_booking_leaves_its_key_free(customer, sign_in, body, showtime):
    taken = customer.post("/bookings", body).json()
    other = sign_in()
    assert other.post("/bookings", body, HTTP_IDEMPOTENCY_KEY="order-1").status_code == 409
    endings.cancel_booking(booking_id=taken["id"], user_id=customer.user_id)
    assert other.post("/bookings", body, HTTP_IDEMPOTENCY_KEY="order-1").status_code == 201


def test_a_customer_sees_their_own_bookings_only(customer, sign_in, body):
    made = customer.post("/bookings", body).json()
    assert [booking["id"] for booking in customer.get("/bookings").json()["results"]] == [made["id"]]
    stranger = sign_in()
    assert stranger.get("/bookings").json()["results"] == []
    for method, path in (("get", ""), ("delete", ""), ("get", "/history")):
        answer = getattr(stranger, method)(f"/bookings/{made['id']}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "booking_not_found")


def test_support_sees_and_cancels_with_a_reason(customer, sign_in, body):
    made = customer.post("/bookings", body).json()
    support = sign_in(roles=("support",))
    listed = support.get(f"/bookings?user_id={customer.user_id}").json()["results"]
    assert [booking["id"] for booking in listed] == [made["id"]]
    assert support.delete(f"/bookings/{made['id']}").status_code == 400
    answer = support.delete(f"/bookings/{made['id']}", {"reason": "asked by telephone"})
    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")


def test_staff_find_a_booking_by_its_reference_and_by_the_address_of_its_customer(customer, sign_in, body, deliver):
    made = customer.post("/bookings", body).json()
    deliver("user.registered", user_id=customer.user_id, email="Mai.Tran@example.com")
    support = sign_in(roles=("support",))
    for query in (
        f"reference={made['reference'].lower()}",
        "email=mai.tran@EXAMPLE.com",
        f"user_id={customer.user_id}",
    ):
        assert [each["id"] for each in support.get(f"/bookings?{query}").json()["results"]] == [made["id"]], query
    for query in ("reference=0000000000", "email=somebody.else@example.com"):
        assert support.get(f"/bookings?{query}").json()["results"] == []


def test_a_customer_finds_their_own_bookings_alone_whatever_they_ask_for(customer, sign_in, body, deliver):
    made = customer.post("/bookings", body).json()
    deliver("user.registered", user_id=customer.user_id, email="mai.tran@example.com")
    stranger = sign_in()
    for query in (f"reference={made['reference']}", "email=mai.tran@example.com", f"user_id={customer.user_id}"):
        assert stranger.get(f"/bookings?{query}").json()["results"] == [], query
    assert len(customer.get(f"/bookings?reference={made['reference']}").json()["results"]) == 1


def test_what_somebody_else_booked_is_shown_to_a_permission_and_not_to_a_role(customer, sign_in, body, monkeypatch):
    made = customer.post("/bookings", body).json()
    monkeypatch.setitem(staff_may(), "support", frozenset())
    support = sign_in(roles=("support",))
    assert support.get(f"/bookings?user_id={customer.user_id}").json()["results"] == []
    for method, path in (("get", ""), ("delete", ""), ("get", "/history")):
        assert getattr(support, method)(f"/bookings/{made['id']}{path}").status_code == 404
    monkeypatch.setitem(staff_may(), "support", frozenset({"view_booking"}))
    assert support.get(f"/bookings/{made['id']}").status_code == 200
    refused = support.delete(f"/bookings/{made['id']}", {"reason": "asked by telephone"})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_a_bad_body_is_no_different_where_the_booking_is_somebody_else_s_or_not_there(customer, sign_in, body):
    mine = customer.post("/bookings", body).json()["id"]
    for who in (customer, sign_in(), sign_in(roles=("support",))):
        for booking_id in (mine, uuid7()):
            for method, path in (
                ("delete", ""),
                ("post", "/accept-change"),
                ("post", "/exchange"),
                ("post", "/exchange/quote"),
                ("post", "/give-back"),
                ("post", "/give-back/quote"),
            ):
                for bad in ({"no_such_field": 1}, [], "text"):
                    answer = getattr(who, method)(f"/bookings/{booking_id}{path}", bad, format="json")
                    assert answer.status_code == 400, (method, path, bad)
    assert customer.get(f"/bookings/{mine}").json()["status"] == "PENDING"


def test_the_list_goes_on_where_the_page_ended(customer, showtime, settings):
    settings.MAX_OPEN_HOLDS = 9
    for seat in seat_ids(showtime)[:3]:
        customer.post("/bookings", {"showtime_id": str(showtime.id), "seat_ids": [str(seat)]})
    first = customer.get("/bookings?page_size=2").json()
    rest = customer.get(first["next"]).json()
    ids = [booking["id"] for booking in first["results"] + rest["results"]]
    assert len(ids) == len(set(ids)) == 3
    assert rest["next"] is None


def test_cancelling_is_shown_in_the_history(customer, body):
    made = customer.post("/bookings", body).json()
    assert customer.delete(f"/bookings/{made['id']}").json()["status"] == "CANCELLED"
    again = customer.delete(f"/bookings/{made['id']}")
    assert (again.status_code, again.json()["code"]) == (409, "not_cancellable")
    history = customer.get(f"/bookings/{made['id']}/history").json()["results"]
    assert [entry["to_status"] for entry in history] == ["PENDING", "CANCELLED"]
    assert history[1]["actor"] == str(customer.user_id)


def test_the_seat_map_shows_every_seat_and_changes_its_version(api, customer, body, showtime):
    before = api.get(f"/showtimes/{showtime.id}/seats")
    seats = before.json()["seats"]
    assert len(seats) == 40
    assert {seat["status"] for seat in seats} == {"available"}
    assert {"id", "row", "number", "x", "y", "category", "accessible", "status", "price"} <= set(seats[0])
    unchanged = api.get(f"/showtimes/{showtime.id}/seats", HTTP_IF_NONE_MATCH=before["ETag"])
    assert unchanged.status_code == 304
    customer.post("/bookings", body)
    after = api.get(f"/showtimes/{showtime.id}/seats", HTTP_IF_NONE_MATCH=before["ETag"])
    assert after.status_code == 200
    assert after.json()["version"] != before.json()["version"]
    assert sum(seat["status"] == "held" for seat in after.json()["seats"]) == 2


def test_the_seat_map_takes_three_statements(api, showtime, django_assert_num_queries):
    with django_assert_num_queries(3):
        assert api.get(f"/showtimes/{showtime.id}/seats").status_code == 200


def test_a_list_of_bookings_takes_two_statements(customer, showtime, settings, django_assert_num_queries):
    settings.MAX_OPEN_HOLDS = 9
    for seat in seat_ids(showtime)[:5]:
        customer.post("/bookings", {"showtime_id": str(showtime.id), "seat_ids": [str(seat)]})
    with django_assert_num_queries(2):
        assert len(customer.get("/bookings").json()["results"]) == 5


WITH_METHOD = '{"showtime_id": "SHOWTIME", "seat_ids": ["SEAT"], "payment_method": %s}'
BAD_BODIES = {
    "not JSON": '{"showtime_id": ',
    "an array": "[]",
    "a number": "7",
    "null": "null",
    "nothing": "{}",
    "an unknown field": '{"showtime_id": "SHOWTIME", "seat_ids": ["SEAT"], "colour": 1}',
    "a wrong type": '{"showtime_id": 7, "seat_ids": ["SEAT"]}',
    "seats as text": '{"showtime_id": "SHOWTIME", "seat_ids": "SEAT"}',
    "no seats": '{"showtime_id": "SHOWTIME", "seat_ids": []}',
    "too many seats": '{"showtime_id": "SHOWTIME", "seat_ids": [' + ",".join(f'"{uuid7()}"' for _ in range(11)) + "]}",
    "a seat twice": '{"showtime_id": "SHOWTIME", "seat_ids": ["SEAT", "SEAT"]}',
    "an unknown seat": '{"showtime_id": "SHOWTIME", "seat_ids": ["01890000-0000-7000-8000-000000000000"]}',
    "NUL": WITH_METHOD % '{"token": "tok_\\u0000"}',
    "a lone surrogate": WITH_METHOD % '{"token": "\\ud800"}',
    "a card number": WITH_METHOD % '{"token": "4111111111111111"}',
    "two methods": WITH_METHOD % '{"token": "tok_a", "id": "SEAT"}',
    "seats and a quantity": '{"showtime_id": "SHOWTIME", "seat_ids": ["SEAT"], "quantity": 1}',
    "a quantity of none": '{"showtime_id": "SHOWTIME", "quantity": 0}',
    "NaN": '{"showtime_id": NaN, "seat_ids": ["SEAT"]}',
    "a deep nest": "[" * 5000 + "]" * 5000,
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_400_and_books_nothing(customer, showtime, name):
    text = BAD_BODIES[name].replace("SHOWTIME", str(showtime.id)).replace("SEAT", str(seat_ids(showtime)[0]))
    answer = customer.generic("POST", "/bookings", text, content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"]
    assert not Booking.objects.exists()


def test_an_unknown_showtime_is_404_or_503_when_catalog_cannot_be_asked(customer, db):
    answer = customer.post("/bookings", {"showtime_id": str(uuid7()), "seat_ids": [str(uuid7())]})
    assert answer.status_code in {404, 503}
    if answer.status_code == 503:
        assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("method", "path"),
    list(product(["PUT", "PATCH"], ["/bookings", f"/bookings/{uuid7()}", f"/showtimes/{uuid7()}/seats"])),
)
def test_a_wrong_method_is_405(customer, db, method, path):
    answer = customer.generic(method, path, "{}", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")


def test_a_wrong_media_type_is_415(customer, db):
    answer = customer.generic("POST", "/bookings", "a=b", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")


@pytest.mark.parametrize(
    "query", ["cursor=nonsense", "cursor=cD1ub3RhdXVpZA==", "page_size=0", "page_size=x", "user_id=7", "cursor=%00"]
)
def test_a_bad_query_is_400(customer, db, query):
    answer = customer.get(f"/bookings?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_the_key_of_a_concurrent_request_is_never_stuck(customer, body):
    """A key claimed by a request that failed half-way is free again: nothing of it was committed."""
    wrong = {**body, "seat_ids": [str(uuid7())]}
    assert customer.post("/bookings", wrong, HTTP_IDEMPOTENCY_KEY="k").status_code == 400
    assert customer.post("/bookings", body, HTTP_IDEMPOTENCY_KEY="k").status_code == 201


def test_the_schema_describes_the_bookings(api, db):
    answer = api.get("/schema/", HTTP_ACCEPT="application/json")
    paths = json.loads(answer.content)["paths"]
    assert {"/bookings", "/bookings/{booking_id}", "/bookings/{booking_id}/history"} <= set(paths)


def test_two_showtimes_of_one_screen_sell_the_same_seat(customer, showtime):
    from bookings.models import Screen

    other = ShowtimeFactory(screen=Screen.objects.get(id=showtime.screen_id))
    for each in (showtime, other):
        answer = customer.post("/bookings", {"showtime_id": str(each.id), "seat_ids": [str(seat_ids(showtime)[0])]})
        assert answer.status_code == 201


def test_the_best_available_seats_are_picked_for_the_customer(customer, showtime):
    answer = customer.post("/bookings", {"showtime_id": str(showtime.id), "quantity": 2, "category": "premium"})
    assert answer.status_code == 201, answer.json()
    assert [seat["category"] for seat in answer.json()["seats"]] == ["premium", "premium"]
    too_many = customer.post("/bookings", {"showtime_id": str(showtime.id), "quantity": 7, "category": "premium"})
    assert (too_many.status_code, too_many.json()["code"]) == (409, "not_enough_seats")


def test_managers_block_seats_and_put_them_back(customer, sign_in, body, showtime):
    path, seats = f"/showtimes/{showtime.id}/seats/blocked", {"seat_ids": body["seat_ids"]}
    assert customer.post(path, seats).status_code == 403
    manager = sign_in(roles=("manager",))
    assert manager.post(path, seats).status_code == 204
    assert customer.post("/bookings", body).status_code == 409
    again = manager.post(path, {"seat_ids": [body["seat_ids"][0], str(seat_ids(showtime)[5])]})
    assert (again.status_code, again.json()["seats"]) == (409, [body["seat_ids"][0]])
    assert manager.delete(path, seats).status_code == 204
    recorded = list(AuditRecord.objects.order_by("id").values_list("action", "subject_id", "actor_id"))
    subject, by = str(showtime.id), str(manager.user_id)
    assert recorded == [("seats.blocked", subject, by), ("seats.unblocked", subject, by)]
    assert customer.post("/bookings", body).status_code == 201


def test_why_seats_are_off_sale_and_on_it_again_is_kept_where_it_is_said(sign_in, showtime):
    path, manager = f"/showtimes/{showtime.id}/seats/blocked", sign_in(roles=("manager",))
    seat = str(seat_ids(showtime)[0])
    for reason in ("", "x" * 301, ["no"]):
        assert manager.post(path, {"seat_ids": [seat], "reason": reason}).json()["errors"][0]["pointer"] == "/reason"
    manager.post(path, {"seat_ids": [seat], "reason": "The armrest is broken."})
    assert SeatStatus.objects.get(seat_id=seat).block_reason == "The armrest is broken."
    manager.delete(path, {"seat_ids": [seat], "reason": "Mended."})
    assert list(AuditRecord.objects.order_by("id").values_list("reason", flat=True)) == [
        "The armrest is broken.",
        "Mended.",
    ]
