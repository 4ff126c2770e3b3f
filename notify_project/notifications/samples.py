"""What each message could be about: for previews, and to check a wording before it is saved."""

from typing import Any

from notifications.domain import SECRET, Template
from notifications.presentation import present
from notifications.wording import Rendered, Wording, render

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
PAYMENT = {"payment_id": "0190f3e2-0000-7000-8000-000000000001", "amount": PRICE}
TOKEN = {SECRET: "sample", "expires_at": "2026-03-14T11:00:00+00:00"}
ENDING = {"reference": BOOKING["reference"], "reason": "cancelled_by_customer"}

CONTEXTS: dict[Template, dict[str, Any]] = {
    Template.HOLD: {**BOOKING, "total": PRICE, "hold_expires_at": "2026-03-14T10:05:00+00:00"},
    Template.RECEIPT: {**PAYMENT, "captured_at": "2026-03-14T10:01:00+00:00"},
    Template.TICKET: {**BOOKING, "total": PRICE, "ticket": TICKET},
    Template.PAYMENT_FAILED: {
        **PAYMENT,
        "failure_code": "card_declined",
        "retryable": True,
        "final": False,
    },
    Template.BOOKING_MOVED: {
        **BOOKING,
        "ticket": TICKET,
        "total": PRICE,
        "before": {"starts_at": "2026-03-14T11:00:00+00:00", "screen": "Screen 3"},
        "free_cancellation_until": BOOKING["showtime"]["starts_at"],
    },
    Template.BOOKING_CANCELLED: ENDING,
    Template.BOOKING_EXPIRED: ENDING,
    Template.BOOKING_REJECTED: ENDING,
    Template.BOOKING_FAILED: ENDING,
    Template.REFUND: {
        **PAYMENT,
        "refund_id": "0190f3e2-0000-7000-8000-000000000002",
        "refunded_amount": PRICE,
        "status": "refunded",
    },
    Template.WELCOME: {},
    Template.PASSWORD_RESET: TOKEN,
    Template.EMAIL_VERIFICATION: TOKEN,
    Template.MESSAGE: {"subject": "About your visit", "text": "The doors open half an hour before."},
}


def values(template: Template, *, language: str, public_url: str) -> dict[str, Any]:
    """What the wording of this message can use."""
    return present(
        CONTEXTS[template],
        template=template,
        booking=BOOKING,
        name="Nguyễn Thị Minh Khai",
        language=language,
        public_url=public_url,
    )


def preview(template: Template, wording: Wording, *, language: str, public_url: str) -> Rendered:
    """Raises BadWording, also for a name this message does not have."""
    return render(wording, values(template, language=language, public_url=public_url), strict=True)
