"""Receipts, as customers and staff read them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.web.staff import local_user
from payments.receipt_models import Receipt
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


def sheet(of: Any) -> str:
    """The page of an answer, which runs nothing and fetches its style alone."""
    assert of.status_code == 200, of.content
    assert of["Content-Type"] == "text/html; charset=utf-8"
    assert of["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert of["Cache-Control"].startswith("no-store")
    page: str = of.content.decode()
    assert "<script" not in page
    assert "style=" not in page
    return page


def test_a_receipt_is_a_page_to_print_for_its_owner_and_for_staff(
    deliver: Deliver, sign_in: Callable[..., Any], client: Any
) -> None:
    customer = sign_in()
    booking = paid(deliver, user_id=customer.user_id, seller=SELLER | {"name": "<script>alert(1)</script> & Co"})
    give_back(booking, amount=18_500)
    receipt, note = documents(booking)
    address = f"/payments/{payment_of(booking).id}/receipt/page"
    page = sheet(customer.get(address, headers={"Accept": "text/html,application/xhtml+xml;q=0.9"}))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co, 1 Lê Lợi" in page
    for said in ("Receipt", receipt.number, "Credit note", note.number, "0312345678", "The Lantern Keeper"):
        assert f"{said}</" in page
    for said in ("2026-11-25 19:30 Asia/Ho_Chi_Minh", "Marquee Bến Thành, Hall 1", "Card …4242"):
        assert f">{said}<" in page
    row = '<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>'
    assert row.format("Ticket", 2, "5 %", "160,952 VND", "8,048 VND", "169,000 VND") in page
    assert row.format("Discount", 1, "5 %", "-8,571 VND", "-429 VND", "-9,000 VND") in page
    assert sheet(sign_in(("support",)).get(address)) == page
    assert sign_in().get(address).json()["code"] == "payment_not_found"
    assert client.get(address).status_code == 401
    client.force_login(local_user("mai", {"support"}), backend="django.contrib.auth.backends.ModelBackend")
    admin = "/admin/payment/payments/receipt/{}/{}/"
    assert admin.format(receipt.id, "print") in client.get(admin.format(receipt.id, "change")).content.decode()
    printed = sheet(client.get(admin.format(note.id, "print"), headers={"Accept-Language": "vi-VN, en;q=0.5"}))
    assert "Phiếu hoàn tiền</h1>" in printed
    assert "-18.500 VND" in printed
    assert receipt.number not in printed
    for language, total in {"de": "Gesamt</th><td>-18.500 VND", "ja-JP": "合計</th><td>-18,500 VND"}.items():
        printed = sheet(client.get(admin.format(note.id, "print"), headers={"Accept-Language": language}))
        assert total in printed
    assert client.get(admin.format(uuid4(), "print")).status_code == 404


@pytest.mark.parametrize(
    ("paid_by", "said", "not_said"),
    [
        ({}, "Card …4242</th><td>12.99 EUR", "Gift card"),
        ({"card_last4": ""}, "Card</th><td>12.99 EUR", "Card …"),
        (
            {"gift_amount": 499, "gift_last4": "7K3Q"},
            "Gift card …7K3Q</th><td>4.99 EUR",
            "12.99 EUR</td></tr>\n</tfoot",
        ),
        (
            {"gift_amount": 1299, "gift_last4": "7K3Q", "card_last4": ""},
            "Gift card …7K3Q</th><td>12.99 EUR",
            "Card</th>",
        ),
        ({"carried_amount": 900}, "Exchanged booking</th><td>9.00 EUR", "12.99 EUR</td></tr>\n</tfoot"),
        ({"carried_amount": 900}, "Card …4242</th><td>3.99 EUR", "Gift card"),
        ({"carried_amount": 1299, "card_last4": ""}, "Exchanged booking</th><td>12.99 EUR", "Card"),
        ({"total": 0}, "There was nothing to pay.", "Card"),
    ],
    ids=[
        *("a card", "a card nobody tells of", "both", "a gift card"),
        *("an exchanged booking", "the card its rest", "an exchanged booking alone", "nothing"),
    ],
)
def test_a_page_says_what_paid_and_leaves_out_what_nobody_told(
    sign_in: Callable[..., Any], paid_by: dict[str, Any], said: str, not_said: str
) -> None:
    customer = sign_in()
    payment = PaymentFactory(user_id=customer.user_id)
    columns = {"total": 1299, "currency": "EUR", "card_last4": "4242", "lines": []} | paid_by
    Receipt.objects.create(
        payment=payment, theater_id=THEATER, position=1, number="R1-000001", issued_at=payment.created_at, **columns
    )
    page = sheet(customer.get(f"/payments/{payment.id}/receipt/page"))
    assert said in page
    assert not_said not in page
    assert "None" not in page
