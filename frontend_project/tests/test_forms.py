"""Forms of other sites, and sessions that cannot be looked at."""

from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from shop.urls import urlpatterns

EXAMPLES = {"slug": "a-film", "uuid": UUID(int=7)}


def address(pattern):
    named = pattern.pattern.converters.items()
    return reverse(pattern.name, kwargs={name: EXAMPLES[type(each).__name__[:4].lower()] for name, each in named})


@pytest.mark.parametrize("path", [address(pattern) for pattern in urlpatterns])
def test_no_form_of_another_site_does_anything(path):
    answer = Client(enforce_csrf_checks=True).post(path, {"everywhere": "1"})
    assert (answer.status_code, "Nothing was sent" in answer.content.decode()) == (403, True)


def test_who_opens_a_mailed_link_without_cookies_hears_what_helps():
    answer = Client(enforce_csrf_checks=True).post("/en/verify/")
    assert (answer.status_code, "Open the link of the mail once more" in answer.content.decode()) == (403, True)


def test_a_session_that_cannot_be_looked_at_signs_nobody_out(client, settings):
    """Where Redis is away."""
    client.cookies["frontend_session"] = "a" * 32
    away = {**settings.CACHES["sessions"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "sessions": away}
    answer = client.get("/en/account/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Signing in and choosing seats do not work right now" in answer.content.decode()
    assert "frontend_session" not in answer.cookies
