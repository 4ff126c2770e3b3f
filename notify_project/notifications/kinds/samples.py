"""What messages could be about."""

from typing import Any

from notifications.domain import SECRET

BOOKING: dict[str, Any] = {
    "reference": "MQ7K2P",
    "showtime": {
        "movie_title": "The Long Take",
        "theater_name": "Marquee Opera House",
        "screen": "Screen 3",
        "starts_at": "2026-03-14T12:30:00+00:00",
        "time_zone": "Asia/Ho_Chi_Minh",
        "format": "2D",
        "language": "en",
    },
    "seats": [{"row": "F", "number": 7}, {"row": "F", "number": 8}],
}
TICKET = "eyJhbGciOiJFZERTQSJ9.c2FtcGxl.c2lnbmF0dXJl"
TICKETS = [{"seat": "F7", "code": TICKET + "7"}, {"seat": "F8", "code": TICKET + "8"}]
PRICE = {"amount": 250000, "currency": "VND"}
RECEIPT: dict[str, Any] = {
    "receipt_number": "R7-000123",
    "lines": [
        {"name": "Adult", "count": 2, "amount": {"amount": 240000, "currency": "VND"}},
        {"name": "Booking fee", "count": 1, "amount": {"amount": 10000, "currency": "VND"}},
    ],
    "taxes": [{"rate": 500, "tax": {"amount": 11905, "currency": "VND"}}],
    "seller": "Marquee Opera House Co. Ltd, 1 Opera Square",
    "tax_number": "0312345678",
}
PAYMENT_ID = "0190f3e2-0000-7000-8000-000000000001"
REFUND_ID = "0190f3e2-0000-7000-8000-000000000002"
TOKEN = {SECRET: "sample", "expires_at": "2026-03-14T11:00:00+00:00"}
BEFORE = {
    "movie_title": "The Long Take",
    "screen": "Screen 3",
    "starts_at": "2026-03-14T11:00:00+00:00",
    "format": "3D",
    "language": "vi",
}
CANCELLATION = {
    "reference": BOOKING["reference"],
    "reason": "late",
    "why": "late",
    "message": "We hope to see you another day.",
    "total": PRICE,
    "kept": {"amount": 50000, "currency": "VND"},
    "gone": {"amount": 20000, "currency": "VND"},
    "back": {"amount": 180000, "currency": "VND"},
    "paid": True,
    "unpaid": False,
    "exchanged": True,
    "exchanged_for": "M3VD8Q6RWT",
    "carried": {"amount": 30000, "currency": "VND"},
}
ENDING = {"reference": BOOKING["reference"], "reason": "cancelled_by_customer"}
SECOND_FACTOR = {"changed_at": "2026-03-14T10:00:00+00:00", "is_set_up": True}
SECURITY_KEY = {"changed_at": "2026-03-14T10:00:00+00:00", "key_name": "the blue one", "is_added": True}
CHANGE = {"changed_at": "2026-03-14T10:00:00+00:00"}
