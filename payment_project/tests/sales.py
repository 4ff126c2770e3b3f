"""Sales as booking tells them, paid through the real inbox and gateway, and what was issued for them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from payments import refunds, tasks
from payments.models import Refund
from payments.receipt_models import Receipt
from payments.refunds import Wanted
from tests.factories import booking_data, clerk_of, seat_data
from tests.together import payment_of

Deliver = Callable[..., bool]
VND = {"currency": "VND"}
SELLER = {"name": "Marquee Bến Thành Co. Ltd", "address": "1 Lê Lợi, Hồ Chí Minh", "tax_number": "0312345678"}
SHOWTIME = {
    "movie_title": "The Lantern Keeper",
    "theater_name": "Marquee Bến Thành",
    "screen": "Hall 1",
    "starts_at": "2026-11-25T12:30:00Z",
    "time_zone": "Asia/Ho_Chi_Minh",
}
THEATER = uuid7()


def line(kind: str, gross: int, tax: int, rate: int, seat: str | None = None) -> dict[str, Any]:
    return {
        "kind": kind,
        "code": kind,
        "name": kind.title(),
        "seat_id": seat,
        "net": gross - tax,
        "tax": tax,
        "gross": gross,
        "rate": rate,
    }


def sold(theater: UUID | None = THEATER, **overrides: Any) -> dict[str, Any]:
    """Two seats, the first one early and with glasses, and a fee of the booking, 185,000 VND."""
    seats = [seat_data(1, price=101_000), seat_data(2, price=79_000)]
    first, second = (seat["id"] for seat in seats)
    lines = [
        line("ticket", 90_000, 4_286, 500, first),
        line("discount", -9_000, -429, 500, first),
        line("fee", 20_000, 1_818, 1000, first),
        line("ticket", 79_000, 3_762, 500, second),
        line("fee", 5_000, 455, 1000),
    ]
    told = {
        "total": VND | {"amount": 185_000},
        "seats": seats,
        "lines": lines,
        "seller": SELLER,
        "showtime": SHOWTIME,
        "theater_id": theater and str(theater),
        "payment_method": {"token": "tok_visa"},
    }
    return booking_data(**told | overrides)


def paid(deliver: Deliver, theater: UUID | None = THEATER, **overrides: Any) -> dict[str, Any]:
    booking = sold(theater, **overrides)
    for name in ("booking.created", "booking.confirmed"):
        deliver(name, booking)
    assert payment_of(booking).status == "captured"
    return booking


def give_back(booking: dict[str, Any], **wanted: Any) -> Refund:
    asked = refunds.request_refund(payment_id=payment_of(booking).id, wanted=Wanted(clerk_of(), "sorry", **wanted))
    tasks.resume_operations()
    refund = Refund.objects.get(id=asked.refund_id)
    assert refund.status == "succeeded"
    return refund


def documents(booking: dict[str, Any]) -> list[Receipt]:
    return list(Receipt.objects.filter(payment=payment_of(booking)).order_by("id"))
