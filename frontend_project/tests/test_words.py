"""What the services refuse, in the shop's own words."""

import re
from pathlib import Path

import pytest
import yaml
from django.utils import translation

from shop import words
from shop.seat_boxes import boxes
from shop.services import Refused

CONTRACTS = Path(__file__).parents[2] / "contracts" / "openapi"
CODE = re.compile(r"^- `([a-z0-9_]+)`", re.MULTILINE)
# What the shop asks for customers, and what it may be refused.
ASKED = {
    "auth": ["POST /token", "POST /guests"],
    "booking": [
        *("POST /bookings", "POST /showtimes/{showtime_id}/quote", "POST /bookings/{booking_id}/extend"),
        "DELETE /bookings/{booking_id}",
    ],
    "payment": ["POST /payments"],
}
# Faults of the shop itself, for which the service's sentence is good enough, and what has a page of its own.
OURS = {
    *("bad_parameter", "bad_request", "invalid", "parse_error", "not_authenticated", "permission_denied"),
    *("idempotency_key_malformed", "idempotency_key_missing", "idempotency_key_reused", "idempotency_key_in_flight"),
    *("not_found", "booking_not_found", "payment_not_found", "payment_method_not_found", "service_unavailable"),
    *("card_number_refused", "currency_mismatch"),
    # Of staff alone.
    *("own_purchase", "address_changed_by_you", "second_person_needed"),
}


def refusals(service: str, operations: list[str]) -> set[str]:
    paths = yaml.safe_load((CONTRACTS / f"{service}.yaml").read_text())["paths"]
    found: set[str] = set()
    for operation in operations:
        method, path = operation.split()
        for answer in paths[path][method.lower()]["responses"].values():
            found |= set(CODE.findall(answer.get("description", "")))
    return found


@pytest.mark.parametrize("service", ASKED)
def test_each_refusal_that_a_customer_can_meet_has_a_sentence_of_the_shop(service):
    unsaid = refusals(service, ASKED[service]) - set(words.PROBLEMS) - OURS
    assert not unsaid


def test_another_code_is_told_by_the_service_itself():
    assert words.problem(Refused(409, {"code": "new_one", "detail": "The moon is full."})) == "The moon is full."


def test_seats_that_it_is_about_are_named():
    seats = [{"id": "1", "row": "C", "number": 7}, {"id": "2", "row": "C", "number": 8}]
    said = words.about_seats(Refused(409, {"code": "seat_unavailable", "seats": ["2"]}), seats)
    assert said.endswith("taken. C8")


def test_what_staff_typed_into_a_hall_is_no_markup():
    seat = {
        "id": '"><script>',
        "row": "<b>",
        "number": 1,
        "x": 1,
        "y": 1,
        "category": '"><i>',
        "status": "available",
        "price": {"amount": 1, "currency": "EUR"},
    }
    for language in ("en", "vi", "de", "ja"):
        with translation.override(language):
            drawn = boxes([seat], [])
            assert not {"<script>", "<b>", "<i>"} & set(re.findall(r"<[^>]*>", drawn))
