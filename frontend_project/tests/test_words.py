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
        *("DELETE /bookings/{booking_id}", "POST /bookings/{booking_id}/give-back"),
        *("POST /bookings/{booking_id}/exchange", "POST /bookings/{booking_id}/accept-change"),
    ],
    "payment": ["POST /payments", "POST /payments/methods"],
}
# Faults of the shop itself, for which the service's sentence is good enough, and what has a page of its own.
OURS = {
    *("bad_parameter", "bad_request", "invalid", "parse_error", "not_authenticated", "permission_denied"),
    *("idempotency_key_malformed", "idempotency_key_missing", "idempotency_key_reused", "idempotency_key_in_flight"),
    *("not_found", "booking_not_found", "payment_not_found", "payment_method_not_found", "service_unavailable"),
    *("card_number_refused", "currency_mismatch"),
    *("internal_error", "not_acceptable", "payload_too_large", "unsupported_media_type"),
    # Of staff alone.
    *("own_purchase", "address_changed_by_you", "second_person_needed"),
    *("second_factor_needed", "second_factor_throttled", "wrong_code", "other_theater"),
}


def operations_of(service: str) -> dict[str, set[str]]:
    """By method and path, the codes of its refusals: those it lists, or the one that its answer is named after."""
    paths = yaml.safe_load((CONTRACTS / f"{service}.yaml").read_text())["paths"]
    found: dict[str, set[str]] = {}
    for path, operations in paths.items():
        for method, operation in operations.items():
            codes = found.setdefault(f"{method.upper()} {path}", set())
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    codes |= set(CODE.findall(answer.get("description", "")))
                    codes |= {answer["$ref"].rpartition("/")[2]} if "$ref" in answer else set()
    return found


@pytest.mark.parametrize("service", ASKED)
def test_each_refusal_that_a_customer_can_meet_has_a_sentence_of_the_shop(service):
    operations = operations_of(service)
    unsaid = {code for asked in ASKED[service] for code in operations[asked]} - set(words.PROBLEMS) - OURS
    assert not unsaid


def test_each_sentence_is_for_something_that_a_service_says():
    services = [file.stem for file in CONTRACTS.glob("*.yaml")]
    said = {code for service in services for codes in operations_of(service).values() for code in codes}
    assert not set(words.PROBLEMS) - said


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


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"code": "adult", "name": "Người lớn"}, "Erwachsene (Người lớn)"),
        ({"code": "adult", "name": "Erwachsene ab 16"}, "Erwachsene ab 16"),
        ({"code": "friend-of-the-house", "name": "Bạn"}, "Bạn"),
        ({"code": "child", "name": "Trẻ em", "kind": "ticket"}, "Kinder (Trẻ em)"),
        ({"code": "child", "name": "Mùa hè", "kind": "discount"}, "Mùa hè"),
    ],
)
def test_a_ticket_type_is_in_the_words_of_its_reader_and_of_its_cinema(named, said):
    with translation.override("de"):
        assert words.called(named) == said
    with translation.override("en"):
        assert words.called({"code": "senior", "name": "Senioren"}) == "Senior (Senioren)"
        assert words.called({"code": "senior", "name": "Seniors, 60+"}) == "Senior (Seniors, 60+)"


def test_whom_a_ticket_is_for_is_in_the_readers_language_where_the_cinema_says_it_in_that():
    child = {"hint": "dưới 12 tuổi", "hints": {"en": "under 12", "de": "unter 12 Jahren"}}
    said = {}
    for language in ("en", "de", "vi", "ja"):
        with translation.override(language):
            said[language] = words.hint(child)
    assert said == {"en": "under 12", "de": "unter 12 Jahren", "vi": "dưới 12 tuổi", "ja": "dưới 12 tuổi"}
    assert words.hint({"hint": "card"}) == "card"


def test_a_genre_is_in_the_readers_language_where_it_is_known():
    with translation.override("vi"):
        assert (words.genre("comedy"), words.genre("slow-cinema")) == ("hài", "slow cinema")
