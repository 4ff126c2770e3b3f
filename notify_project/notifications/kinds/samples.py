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
    },
    "seats": [{"row": "F", "number": 7}, {"row": "F", "number": 8}],
}
TICKET = "eyJhbGciOiJFZERTQSJ9.c2FtcGxl.c2lnbmF0dXJl"
PRICE = {"amount": 250000, "currency": "VND"}
PAYMENT_ID = "0190f3e2-0000-7000-8000-000000000001"
REFUND_ID = "0190f3e2-0000-7000-8000-000000000002"
TOKEN = {SECRET: "sample", "expires_at": "2026-03-14T11:00:00+00:00"}
ENDING = {"reference": BOOKING["reference"], "reason": "cancelled_by_customer"}
CHANGE = {"changed_at": "2026-03-14T10:00:00+00:00"}
