"""Receipts, as customers and staff read them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.web.staff import local_user
from tests.factories import PaymentFactory
from tests.sales import SELLER, THEATER, documents, give_back, paid
from tests.together import payment_of

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]


def test_receipts_are_read_by_whose_they_are(deliver: Deliver, sign_in: Callable[..., Any]) -> None:
    customer = sign_in()
    booking = paid(deliver, user_id=customer.user_id)
    give_back(booking, amount=18_500)
    address = f"/payments/{payment_of(booking).id}/receipt"
    answer = customer.get(address).json()
    receipt, note = documents(booking)
    assert (answer["number"], answer["kind"], answer["total"]) == (
        receipt.number,
        "receipt",
        {"amount": 185_000, "currency": "VND"},
    )
    assert answer["taxes"] == [
        {"rate": 500, "net": 152_381, "tax": 7_619, "gross": 160_000},
        {"rate": 1000, "net": 22_727, "tax": 2_273, "gross": 25_000},
    ]
    [credit] = answer["credit_notes"]
    assert (credit["number"], credit["kind"], credit["total"]["amount"]) == (note.number, "credit_note", -18_500)
    assert sign_in(("support",)).get(address).json() == answer
    assert sign_in().get(address).json()["code"] == "payment_not_found"
    assert sign_in().get("/receipts").status_code == 403


def test_what_was_not_captured_has_no_receipt_to_read(sign_in: Callable[..., Any]) -> None:
    customer = sign_in()
    payment = PaymentFactory(user_id=customer.user_id)
    answer = customer.get(f"/payments/{payment.id}/receipt")
    assert (answer.status_code, answer.json()["code"]) == (404, "receipt_not_found")


def test_staff_find_receipts_by_theater_number_booking_and_day(deliver: Deliver, sign_in: Callable[..., Any]) -> None:
    staff, other = sign_in(("manager",)), uuid4()
    booking, _ = paid(deliver, reference="FINDME"), paid(deliver, theater=other)
    [receipt] = documents(booking)

    def found(**query: Any) -> list[str]:
        answer = staff.get("/receipts", query)
        assert answer.status_code == 200, answer.content
        return [each["number"] for each in answer.json()["results"]]

    here = receipt.issued_at
    assert len(found()) == 2
    assert found(theater_id=str(THEATER)) == [receipt.number]
    assert found(number=receipt.number.lower()) == [receipt.number]
    assert found(reference="findme") == [receipt.number]
    assert len(found(day=here.date().isoformat())) == 2
    assert found(day=(here.date() - timedelta(days=2)).isoformat()) == []
    assert len(found(day=_day_in_kiritimati(here), time_zone="Pacific/Kiritimati")) == 2
    for wrong in (
        *({"day": day} for day in ("yesterday", "0001-01-01", "9999-12-31")),
        {"day": "2026-02-30"},
        {"time_zone": "Mars/Olympus"},
        {"number": "R1-1; DROP"},
        {"theater_id": "x"},
    ):
        assert staff.get("/receipts", wrong).json()["code"] == "bad_parameter"


def _day_in_kiritimati(moment: datetime) -> str:
    return (moment + timedelta(hours=14)).date().isoformat()


def test_staff_read_and_export_receipts(deliver: Deliver, client: Any) -> None:

    client.force_login(local_user("mai", {"manager"}), backend="django.contrib.auth.backends.ModelBackend")
    booking = paid(deliver, seller=SELLER | {"name": "=cmd()"})
    give_back(booking, amount=18_500)
    receipt, note = documents(booking)
    base = "/admin/payment/payments/receipt/"
    shown = client.get(f"{base}?q={receipt.number}").content.decode()
    assert receipt.number in shown
    assert note.number not in shown
    assert "185,000 VND" in client.get(f"{base}{receipt.id}/change/").content.decode()
    exported = b"".join(client.get(f"{base}export.csv")).decode().splitlines()
    assert len(exported) == 1 + 2 + 2
    assert exported[-1].split(",")[0] == receipt.number
    assert "'=cmd()" in exported[1]
    assert exported[1].endswith(",-15238,-762,-16000") or exported[1].endswith("-2500")
