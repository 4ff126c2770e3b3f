"""Where a form leads after it was sent, and what it says where it was refused."""

import pytest
from django.test import RequestFactory
from django.utils import translation

from shop import words
from shop.services import Refused
from shop.sign_in import field_errors, onward


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "https://evil.example/en/",
        "javascript:alert(1)",
        "%2f%2fevil.example",
        "en/account/",
        "",
    ],
)
def test_nobody_is_led_to_another_site(wanted):
    for request in (RequestFactory().get("/", {"next": wanted}), RequestFactory().post("/", {"next": wanted})):
        assert onward(request) == "/en/bookings/"


@pytest.mark.parametrize("wanted", ["/en/account/", "/vi/who/", "/en/bookings/?cursor=x%3D"])
def test_one_goes_on_to_what_one_asked_for(wanted):
    assert onward(RequestFactory().get("/", {"next": wanted})) == wanted


def refused(code, *, seconds=0, **errors):
    told = [{"pointer": f"/{name}", "detail": detail} for name, detail in errors.items()]
    return Refused(429, {"code": code, "detail": "of the service", "errors": told}, retry_after=seconds)


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "in 1 second."), (30, "in 30 seconds."), (150, "in 3 minutes."), (0, "wait a little")]
)
def test_who_tried_too_often_hears_for_how_long_to_wait(seconds, said):
    assert said in words.problem(refused("sign_in_throttled", seconds=seconds))


def test_what_is_wrong_with_a_form_is_said_once_in_our_words():
    with translation.override("en"):
        assert field_errors(refused("invalid", phone="E.164!", nickname="No such field.")) == [
            "A telephone number begins with + and the country code, like +84901234567.",
            "No such field.",
        ]
        assert field_errors(refused("invalid_credentials")) == ["The name or the password is wrong."]
