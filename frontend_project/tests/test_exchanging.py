"""What the page of an exchange asks the services, and when."""

import inspect
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.test import RequestFactory

from shop import exchanging

SEAT = {"id": "a1", "row": "A", "number": 1, "x": 1, "y": 1, "category": "standard", "status": "available"}
SEAT |= {"price": {"amount": 900, "currency": "EUR"}}
ANSWERS = {
    "bookings": {"id": "own", "seats": [{"ticket_type": {"code": "adult"}}]},
    "showtimes": {"movie": {"title": "Dune"}},
    "seats": {"seats": [SEAT], "version": "1", "ticket_types": []},
    "quote": {"seats": [SEAT]},
}


class Services:
    """Answer none of the first three questions before all three are asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._together = Barrier(3, timeout=10)

    def get(self, service: str, path: str, **_: Any) -> Any:
        self.asked.append(service)
        self._together.wait()
        return ANSWERS["seats" if path.endswith("/seats") else path.split("/")[1]]

    def post(self, service: str, path: str, body: object, **_: Any) -> Any:
        assert path == "/bookings/own/exchange/quote"
        self.asked.append("quote")
        return ANSWERS["quote"]


def test_the_booking_and_the_seats_are_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services()
    monkeypatch.setattr(exchanging, "shopper_of", lambda request: services)
    monkeypatch.setattr(exchanging, "render", lambda request, template, shown, status: shown)
    page = inspect.unwrap(exchanging.exchange_for)
    shown: Any = page(RequestFactory().get("/"), booking_id=uuid4(), showtime_id=uuid4())
    assert (sorted(services.asked[:3]), services.asked[3:]) == (["booking", "booking", "catalog"], ["quote"])
    assert shown["booking"] == ANSWERS["bookings"]
    assert shown["chosen"] == ["a1"]
