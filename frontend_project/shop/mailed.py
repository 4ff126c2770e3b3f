"""What mailed links open: /verify proves an address, /reset sets a password.

A GET changes nothing, for mail scanners follow links: what is to be done has a button. The secret is in the address of
the first request alone. It is moved into a cookie of the page at once, so that it stands in no history and no Referer,
and the gateway logs no queries.
"""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from shop import visitors, words
from shop.services import Refused
from shop.sign_in import LONGEST, field_errors, onward
from shop.visitors import anybody

COOKIE = "mailed_link"
COOKIE_SECONDS = 3600
# In the session of who asks for a link: where they wanted to go when they had forgotten their password.
ONWARD = "onward"
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
LONGEST_PASSWORD = 128
# As many accounts of one address as auth names, and one.
MOST_ACCOUNTS = 51


@never_cache
@require_safe
def opened(request: HttpRequest, page: str) -> HttpResponse:
    """To the page in its reader's language, with the secret out of sight.

    Lax: it is opened from a mail, which may be a page of another site.
    """
    with translation.override(translation.get_language_from_request(request)):
        response = HttpResponseRedirect(reverse(page))
    if "token" in request.GET:
        token = request.GET["token"]
        response["Referrer-Policy"] = "no-referrer"
        for name, path in _cookies(page).items():
            response.set_cookie(
                name,
                token if TOKEN.fullmatch(token) else "",
                max_age=COOKIE_SECONDS,
                path=path,
                secure=bool(settings.SESSION_COOKIE_SECURE),
                httponly=True,
                samesite="Lax",
            )
    return response


def _cookies(page: str) -> dict[str, str]:
    """By name its path, for the page in each language: a reader may turn to another one, and no other page has it."""
    paths = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            paths[f"{COOKIE}_{code}"] = reverse(page)
    return paths


def _token(request: HttpRequest) -> str:
    """What the link brought, or ""."""
    token = request.COOKIES.get(f"{COOKIE}_{translation.get_language()}", "")
    return token if TOKEN.fullmatch(token) else ""


def _spent(response: HttpResponse, page: str) -> HttpResponse:
    for name, path in _cookies(page).items():
        response.delete_cookie(name, path=path, samesite="Lax")
    return response


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    token = _token(request)
    if request.method != "POST":
        return render(request, "shop/verify.html", {"step": "confirm" if token else "dead"})
    try:
        anybody(request).post("auth", "/email/verify", {"token": token})
    except Refused as refused:
        return _spent(render(request, "shop/verify.html", {"step": "dead"}, status=refused.status), "verify")
    return _spent(render(request, "shop/verify.html", {"step": "done"}), "verify")


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """Sets a password by a mailed link; without one it asks for the address that one should be mailed to."""
    if request.method != "POST":
        return _page(request, "password" if _token(request) else "address")
    if "email" in request.POST:
        return _mail(request)
    return _set(request)


def _page(
    request: HttpRequest, step: str, *, errors: list[str] | None = None, status: int = 200, **shown: Any
) -> HttpResponse:
    said = {"step": step, "errors": errors, "next": onward(request), **shown}
    return render(request, "shop/reset.html", said, status=status)


def _mail(request: HttpRequest) -> HttpResponse:
    """Says the same of an address that has an account as of one that has none."""
    request.session[ONWARD] = onward(request)
    email = request.POST["email"].strip()[:LONGEST]
    try:
        anybody(request).post("auth", "/password/reset", {"email": email})
    except Refused as refused:
        return _page(request, "address", errors=field_errors(refused), status=refused.status, typed=email)
    return _page(request, "mailed", status=202)


def _set(request: HttpRequest) -> HttpResponse:
    password, username = request.POST.get("password", ""), request.POST.get("username", "")[:LONGEST]
    # The names that auth gave for this link, from one attempt to the next.
    accounts = [name[:LONGEST] for name in request.POST.getlist("account")[:MOST_ACCOUNTS]]

    def asked(*errors: str, status: int = 400) -> HttpResponse:
        return _page(request, "password", errors=list(errors), status=status, accounts=accounts, username=username)

    if password != request.POST.get("again", ""):
        return asked(words.passwords_differ())
    if not password or len(password) > LONGEST_PASSWORD or "\0" in password:
        return asked(words.password_length())
    body = {"token": _token(request), "new_password": password} | ({"username": username} if username else {})
    try:
        anybody(request).post("auth", "/password/reset/confirm", body)
    except Refused as refused:
        if refused.code == "which_account":
            accounts = refused.problem["usernames"]
            return asked(words.which_account(), status=refused.status)
        if refused.code == "weak_password":
            return asked(*field_errors(refused), status=refused.status)
        return _spent(_page(request, "dead", status=refused.status), "reset")
    back = request.session.get(ONWARD) or onward(request)
    if visitors.visitor_of(request) is not None:
        visitors.sign_out(request)
    return _spent(_page(request, "done", next=back), "reset")
