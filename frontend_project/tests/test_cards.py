"""Cards that are entered at the card company, and how they find their way back."""

from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest
from django.test import RequestFactory

from shop import cards


def at(session: dict[str, Any]) -> HttpRequest:
    request = RequestFactory().get("/")
    request.session = session  # type: ignore[assignment]
    return request


@pytest.fixture
def _cache(settings: Any) -> None:
    local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings.CACHES = {**settings.CACHES, "default": local}


@pytest.mark.usefixtures("_cache")
def test_two_bookings_are_paid_in_two_tabs() -> None:
    session: dict[str, Any] = {}
    for booking in ("a", "b"):
        cards.to_card_page(at(session), purpose=booking, back=f"/{booking}/", told={})
    for booking in ("a", "b"):
        posted = RequestFactory().post("/card-entered", {"state": session[cards.CARDS][booking], "token": booking})
        assert cards.card_entered(posted)["Location"] == f"/{booking}/"
    cards.forget_card(at(session), "b")
    assert [cards.entered_card(at(session), each) for each in ("a", "b", "c")] == [
        *({"back": "/a/", "token": "a", "brand": "", "last4": ""}, None, None)
    ]
    cache.clear()
