"""Forms of other sites, forms whose session has ended, and sessions that cannot be looked at."""

from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from shop import words
from shop.middleware import SessionsMiddleware
from shop.sessions import SessionStore
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


@pytest.mark.parametrize("path", [address(pattern) for pattern in urlpatterns])
def test_who_opens_the_address_of_a_form_is_led_to_its_page(client, path):
    """Which asks a service, maybe, that does not run here."""
    assert client.get(path).status_code != 405


def test_who_was_signed_out_before_a_form_came_hears_it_and_comes_back_with_the_seats(client):
    sent = client.post("/vi/bookings/07000000-0000-7000-8000-000000000000/give-back/", {"seat": ["a", "b"], "x": "y"})
    assert sent.status_code == 302
    where, _, query = sent["Location"].partition("?")
    back = "/vi/bookings/07000000-0000-7000-8000-000000000000/give-back/?seat=a&seat=b"
    assert (where, dict(parse_qsl(query))) == ("/vi/sign-in/", {"next": back, "why": "unsent"})
    with translation.override("vi"):
        assert escape(str(words.SIGNED_OUT["unsent"])) in client.get(sent["Location"]).content.decode()


def test_a_form_that_came_without_its_cookie_is_there_once_more():
    path = f"/de/showtimes/{UUID(int=7)}/"
    form = {"seat": ["a", "b"], "type-adult": "2", "promo_code": "QUIET"}
    answer = Client(enforce_csrf_checks=True).post(path, form)
    assert answer.status_code == 403
    assert f'href="{path}?seat=a&amp;seat=b&amp;type-adult=2"' in answer.content.decode()


def ended(request, *, who, answer):
    """What comes of a request whose session another tab has ended before it was written."""
    store = SessionStore()
    store["who"] = who
    store.create()
    request.COOKIES[settings.SESSION_COOKIE_NAME] = store.session_key

    def view(request):
        request.session["choices"] = {"a": 1}
        SessionStore(store.session_key).delete()
        return answer

    response = SessionsMiddleware(view)(request)
    assert not response.cookies
    return response


ADA = {"username": "ada", "email": "ada@customers.example", "is_guest": False}


def test_a_form_during_which_another_tab_signed_out_leads_to_what_became_of_it(client):
    with translation.override("ja"):
        answer = ended(RequestFactory().post("/ja/account/"), who=ADA, answer=HttpResponseRedirect("/ja/account/"))
        assert answer.status_code == 302
        assert answer["Location"] == "/ja/sign-in/?next=%2Fja%2Faccount%2F&why=underway"
        assert str(words.SIGNED_OUT["underway"]) in client.get(answer["Location"]).content.decode()


def test_what_nobody_in_particular_chose_meanwhile_is_sent_once_more():
    answer = ended(RequestFactory().post("/en/x/?a=b"), who=None, answer=HttpResponseRedirect("/en/who/"))
    assert (answer.status_code, answer["Location"]) == (307, "/en/x/?a=b")


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_page_that_was_made_meanwhile_is_shown(method):
    answer = HttpResponse("a page")
    assert ended(getattr(RequestFactory(), method)("/en/account/"), who=ADA, answer=answer) is answer


def test_who_has_signed_in_again_since_is_led_on(client):
    store = SessionStore()
    store["who"] = ADA
    store.create()
    client.cookies[settings.SESSION_COOKIE_NAME] = store.session_key
    onward = client.get("/en/sign-in/?next=/en/account/&why=underway")
    assert (onward.status_code, onward["Location"]) == (302, "/en/account/")
