"""Every endpoint that takes a body, with one it accepts."""

from dataclasses import dataclass, field
from typing import Any

NOWHERE = "019ab1c8-1000-7a00-8000-00000000dead"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """body is one that it takes; public: it needs no token; optional: it can do without any field.

    wrong: per field, values that must be refused, beside those that are wrong anywhere.
    """

    method: str
    path: str
    body: dict[str, Any]
    key: bool = False
    public: bool = False
    optional: bool = False
    wrong: dict[str, list[Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


MONEY = {"amount": 1000, "currency": "VND"}
SHOWTIME = {
    "movie_id": NOWHERE,
    "screen_id": NOWHERE,
    "starts_at": "2030-01-01T10:00:00+00:00",
    "format": "2D",
    "language": "en",
    "prices": {"standard": MONEY},
}
NO_SEATS: list[Any] = [["nonsense"], [7], [None], [NOWHERE, NOWHERE], [NOWHERE] * 501, "all"]
NO_QUANTITY: list[Any] = [0, -1, 1000, "two", 1.5, {}, {"adult": 0}, {"adult": 11}, {"adult": "two"}]
NO_BOOKING: dict[str, list[Any]] = {
    "showtime_id": ["nonsense", 7],
    "seat_ids": NO_SEATS,
    "payment_method": [{}, {"token": 7}, {"token": "4111111111111111"}, {"id": "x"}, "tok_visa", [1]],
    "quantity": NO_QUANTITY,
    "promo_code": ["", ["QUIET"], "x" * 200],
}
NO_REASON: list[Any] = ["", 7, "x" * 1000]
ENDPOINTS = [
    Endpoint(
        "POST",
        "/api/auth/register",
        {"username": "somebody", "email": "somebody@customers.example", "password": "a-long-phrase-42"},
        public=True,
        wrong={
            "username": ["", "a", "a b", "x" * 65],
            "email": ["", "nobody", "a@b", "x" * 300],
            "password": ["", "1"],
        },
    ),
    Endpoint(
        "POST",
        "/api/auth/guests",
        {"email": "somebody@customers.example"},
        public=True,
        wrong={"email": ["", "nobody", "a@b", "x" * 300]},
    ),
    Endpoint("POST", "/api/auth/token", {"username": "somebody", "password": "wrong"}, public=True),
    Endpoint("POST", "/api/auth/token/refresh", {"refresh_token": "nonsense"}, public=True),
    Endpoint("POST", "/api/auth/logout", {"refresh_token": "nonsense"}, public=True, optional=True),
    Endpoint("PATCH", "/api/auth/users/me", {"full_name": "Ada"}, optional=True, wrong={"full_name": ["x" * 500]}),
    Endpoint(
        "PATCH",
        f"/api/auth/users/{NOWHERE}/rights",
        {"roles": ["customer", "support"], "theaters": [NOWHERE]},
        optional=True,
        wrong={"roles": ["admin", ["owner"], [7], {}], "theaters": ["all", ["Hanoi"], [NOWHERE] * 51, [7]]},
    ),
    Endpoint("POST", "/api/auth/password/change", {"current_password": "wrong", "new_password": "another-phrase-42"}),
    Endpoint("POST", "/api/auth/password/reset", {"email": "a@customers.example"}, public=True),
    Endpoint("POST", "/api/auth/password/reset/confirm", {"token": "x", "new_password": "another-42"}, public=True),
    Endpoint("POST", "/api/auth/email/verify", {"token": "nonsense"}, public=True),
    Endpoint(
        "POST",
        "/api/movies",
        {
            "title": "A title",
            "synopsis": "",
            "duration_minutes": 90,
            "rating": "P",
            "genres": [],
            "languages": ["en"],
            "release_date": "2026-01-01",
        },
        wrong={"title": ["", "x" * 1000], "duration_minutes": [0, -1, 10**12, "ninety"], "release_date": ["soon", 7]},
    ),
    Endpoint(
        "PATCH",
        f"/api/movies/{NOWHERE}",
        {"title": "A title"},
        optional=True,
        wrong={"title": ["", "x" * 1000], "duration_minutes": [0, "ninety"]},
    ),
    Endpoint(
        "PUT",
        f"/api/movies/{NOWHERE}/texts/vi",
        {"title": "A title", "synopsis": ""},
        wrong={"title": ["", "x" * 1000, None], "synopsis": ["x" * 6000, []]},
    ),
    Endpoint(
        "POST",
        "/api/theaters",
        {"name": "A theater", "city": "A city", "address": "1 Street", "time_zone": "Etc/UTC", "currency": "EUR"},
        wrong={"name": [""], "time_zone": ["Mars/Olympus", "", 7], "currency": ["EURO", "", "eur", 7]},
    ),
    Endpoint(
        "PATCH",
        f"/api/theaters/{NOWHERE}",
        {"name": "A theater"},
        optional=True,
        wrong={"name": [""], "time_zone": ["Mars/Olympus", 7]},
    ),
    Endpoint(
        "POST",
        f"/api/theaters/{NOWHERE}/screens",
        {"name": "Hall", "seats": [{"row": "A", "number": 1, "x": 1, "y": 1}]},
        wrong={"name": [""], "seats": [[{}], [7], "seats", None, [{"row": "A", "number": -1, "x": 1, "y": 1}]]},
    ),
    Endpoint(
        "POST",
        f"/api/theaters/{NOWHERE}/ticket-types",
        {"code": "child", "name": "Child"},
        wrong={"code": ["", "Child", "x" * 31, 7], "name": ["", "x" * 61]},
    ),
    Endpoint(
        "PATCH",
        f"/api/theaters/{NOWHERE}/ticket-types/{NOWHERE}",
        {"name": "Child", "online": True, "accompanied": False},
        optional=True,
        wrong={"name": [""], "online": ["perhaps"]},
    ),
    Endpoint(
        "POST",
        f"/api/theaters/{NOWHERE}/price-lists",
        {"name": "Everyday", "currency": "VND", "prices": {"adult": {"standard": 90000}}},
        wrong={
            "name": ["", "x" * 61],
            "currency": ["EURO", 7],
            "prices": [[], {"adult": 7}, {"adult": {"standard": -1}}],
        },
    ),
    Endpoint(
        "PATCH",
        f"/api/theaters/{NOWHERE}/price-lists/{NOWHERE}",
        {"name": "Everyday"},
        optional=True,
        wrong={"name": ["", "x" * 61]},
    ),
    Endpoint(
        "POST",
        "/api/showtimes",
        SHOWTIME,
        wrong={
            "movie_id": ["nonsense", 7],
            "screen_id": ["nonsense", 7],
            "starts_at": ["2030-01-01T10:00:00", "soon", 7, "99999-01-01T00:00:00Z"],
            "format": ["9D"],
            "prices": [{"standard": {"amount": -1, "currency": "VND"}}, {"throne": MONEY}, {"standard": 7}],
        },
    ),
    Endpoint(
        "POST",
        "/api/showtimes:batch",
        {"items": [SHOWTIME]},
        wrong={
            "items": [[], [{}], [7], "all", [{**SHOWTIME, "starts_at": "soon"}], [{**SHOWTIME, "draft": True}]],
        },
    ),
    *(
        Endpoint(
            "POST",
            f"/api/showtimes:{verb}",
            {"showtime_ids": [NOWHERE]},
            wrong={"showtime_ids": [[], ["nonsense"], [7], "all", [NOWHERE, NOWHERE], [NOWHERE] * 501]},
        )
        for verb in ("publish", "remove")
    ),
    Endpoint(
        "POST",
        f"/api/theaters/{NOWHERE}/plan:copy",
        {"from": "2030-01-07", "days": 7, "to": ["2030-01-14"]},
        wrong={
            "from": ["soon", "2030-13-01"],
            "days": [0, 2, "a week"],
            "to": [[], ["soon"], ["2030-01-14", "2030-01-14"], "2030-01-14"],
            "screens": [[], ["nonsense"]],
            "fold": [2, -1],
        },
    ),
    Endpoint(
        "PATCH",
        f"/api/screens/{NOWHERE}",
        {"name": "Hall", "seats": [{"row": "A", "number": 1, "x": 1, "y": 1}]},
        optional=True,
        wrong={"name": [""], "seats": [[{}], [7]]},
    ),
    Endpoint(
        "PATCH",
        f"/api/showtimes/{NOWHERE}",
        {"starts_at": "2030-01-01T10:00:00+00:00", "format": "2D", "language": "en", "prices": {"standard": MONEY}},
        optional=True,
        wrong={"prices": [{"throne": MONEY}, {"standard": 7}]},
    ),
    Endpoint(
        "POST",
        "/api/bookings",
        {"showtime_id": NOWHERE, "seat_ids": [NOWHERE]},
        wrong=NO_BOOKING,
    ),
    Endpoint(
        "DELETE",
        f"/api/bookings/{NOWHERE}",
        {"reason": "They called."},
        wrong={"reason": ["", "x" * 1000], "message": ["", "x" * 1000]},
    ),
    Endpoint(
        "POST", f"/api/bookings/{NOWHERE}/accept-change", {"revision": 1}, wrong={"revision": [0, -1, 2**63, "new"]}
    ),
    Endpoint(
        "POST",
        f"/api/bookings/{NOWHERE}/exchange",
        {"showtime_id": NOWHERE, "seat_ids": [NOWHERE], "reason": "They called."},
        wrong={**NO_BOOKING, "reason": ["", "x" * 1000]},
    ),
    Endpoint(
        "POST",
        f"/api/bookings/{NOWHERE}/exchange/quote",
        {"showtime_id": NOWHERE, "seat_ids": [NOWHERE]},
        wrong={"showtime_id": ["nonsense", 7], "seat_ids": NO_SEATS, "quantity": NO_QUANTITY},
    ),
    *(
        Endpoint(
            "POST",
            f"/api/bookings/{NOWHERE}/{path}",
            {"seat_ids": [NOWHERE]},
            wrong={"seat_ids": [[], *NO_SEATS]},
        )
        for path in ("give-back", "give-back/quote")
    ),
    Endpoint(
        "POST",
        f"/api/bookings/{NOWHERE}/seats",
        {"changes": [{"leaves": NOWHERE, "gets": NOWHERE}], "reason": "The seat is broken."},
        wrong={
            "changes": [[], "all", [7], [{"leaves": NOWHERE}], [{"leaves": NOWHERE, "gets": "nonsense"}]],
            "reason": ["", "x" * 1000],
            "message": ["x" * 1000],
        },
    ),
    *(
        Endpoint(
            method,
            f"/api/showtimes/{NOWHERE}/seats/blocked",
            {"seat_ids": [NOWHERE]},
            wrong={"seat_ids": [[], ["nonsense"], [7], [NOWHERE] * 501, "all"]},
        )
        for method in ("POST", "DELETE")
    ),
    Endpoint(
        "POST",
        "/api/promotions",
        {"name": "A promotion", "label": "A label", "off": "percent", "value": 10},
        wrong={
            "name": ["", "x" * 200],
            "label": ["", "x" * 200],
            "off": ["", "half", 1],
            "value": [0, -1, 101, 10**30, "ten", 1.5],
            "currency": ["EUR", "EURO", 7],
            "sold_until": ["soon", 7, "2027-01-31T23:59:59"],
            "most_per_customer": [0, -1, 10**12, "one"],
        },
    ),
    Endpoint(
        "PATCH",
        f"/api/promotions/{NOWHERE}",
        {"label": "A label"},
        optional=True,
        wrong={"label": ["", "x" * 200], "value": [0, "ten"]},
    ),
    Endpoint(
        "POST",
        f"/api/promotions/{NOWHERE}/codes",
        {"word": "QUIET"},
        wrong={"word": ["", 7, "x" * 200], "most_uses": [0, -1, "ten", 10**12]},
    ),
    Endpoint(
        "POST",
        f"/api/promotions/{NOWHERE}/vouchers",
        {"count": 10},
        wrong={"count": [0, -1, 10_001, "ten", 1.5]},
    ),
    Endpoint(
        "POST",
        f"/api/showtimes/{NOWHERE}/quote",
        {"seat_ids": [NOWHERE]},
        public=True,
        wrong={"seat_ids": NO_SEATS, "quantity": NO_QUANTITY},
    ),
    Endpoint(
        "POST",
        "/api/tickets/check-in",
        {"ticket": "nonsense", "showtime_id": NOWHERE, "door": "Hall 1, left"},
        wrong={"ticket": ["", "x" * 5000], "showtime_id": ["nonsense", 7], "door": ["x" * 65]},
    ),
    Endpoint(
        "POST",
        "/api/payments",
        {"booking_id": NOWHERE, "payment_method": {"token": "tok_visa"}},
        key=True,
        wrong={
            "booking_id": ["nonsense", 7],
            "payment_method": [{"token": "4111 1111 1111 1111"}, {"token": "tok_visa", "id": NOWHERE}, "tok_visa", {}],
            "gift_card": [{}, {"code": ""}, {"code": 7}, {"code": "x" * 200}, "7K3Q"],
        },
    ),
    Endpoint("POST", "/api/gift-cards/balance", {"code": "7K3Q-0M9T"}, wrong={"code": ["", 7, None, "x" * 200]}),
    Endpoint(
        "POST",
        "/api/gift-cards/issues",
        {"origin": "sold", "amount": MONEY, "reason": "paid in cash"},
        key=True,
        wrong={
            "origin": ["", "found"],
            "amount": [0, {"amount": 0, "currency": "VND"}, {"amount": 1, "currency": "XXX"}],
            "count": [0, -1, 1.5, "1", 10**6],
            "reason": ["", "x" * 1000],
        },
    ),
    Endpoint("POST", f"/api/gift-cards/issues/{NOWHERE}/refuse", {"note": "no"}, wrong={"note": NO_REASON}),
    Endpoint("POST", f"/api/gift-cards/{NOWHERE}/block", {"reason": "stolen"}, wrong={"reason": NO_REASON}),
    Endpoint("POST", f"/api/gift-cards/{NOWHERE}/unblock", {"reason": "found"}, wrong={"reason": NO_REASON}),
    Endpoint("POST", "/api/payments/methods", {"token": "tok_visa"}, wrong={"token": ["", "visa", "4111111111111111"]}),
    Endpoint(
        "POST",
        f"/api/payments/pay-outs/{NOWHERE}/paid",
        {"till": "till 2"},
        optional=True,
        wrong={"till": ["", 7, "x" * 65, "4111 1111 1111 1111"]},
    ),
    Endpoint(
        "POST",
        "/api/refunds",
        {"payment_id": NOWHERE, "amount": 1, "reason": "because"},
        key=True,
        wrong={
            "payment_id": ["nonsense", 7],
            "amount": [0, -1, 1.5, "1", 10**30],
            "kind": ["", "gift", 1],
            "reason": ["", "x" * 1000],
        },
    ),
    Endpoint(
        "POST",
        "/api/refunds/outside",
        {"payment_id": NOWHERE, "way": "cash", "reference": "Till 2", "reason": "because"},
        key=True,
        wrong={"payment_id": ["nonsense", 7], "amount": [0, 1.5, "1"], "way": ["", "shells"], "reason": NO_REASON},
    ),
    Endpoint("POST", f"/api/refunds/{NOWHERE}/refuse", {"note": "no"}, wrong={"note": NO_REASON}),
    Endpoint(
        "POST",
        "/api/notifications/email",
        {"to": "ada@customers.example", "subject": "Hello", "text": "Hello."},
        wrong={
            "to": ["nobody", "a@b.de\r\nBcc: c@d.ee"],
            "subject": ["", "a\nb", "x" * 500],
            "text": ["", "x" * 20_000],
        },
    ),
    Endpoint(
        "POST",
        "/api/notifications/sms",
        {"to": "+84901234567", "text": "Hello."},
        wrong={"to": ["0901234567", "nobody"], "text": ["", "x" * 2000]},
    ),
]


SERVICES = ["auth", "catalog", "booking", "payment", "notify"]
