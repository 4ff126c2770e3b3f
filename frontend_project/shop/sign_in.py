"""Signing in, opening an account, and signing out."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from shop import visitors, words
from shop.forms import sent_from, to_sign_in
from shop.services import Away, Refused, SignedOut

LONGEST = 254
P = ParamSpec("P")


def signed_in(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """A view for those who are signed in; the others sign in first, and come back.

    Who sent a form was signed in before, and hears that it was not carried out.
    """

    @wraps(view)
    def shown(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if visitors.visitor_of(request) is None:
            return to_sign_in(request, why="unsent" if request.method == "POST" else "")
        return view(request, *args, **kwargs)

    return shown


def onward(request: HttpRequest) -> str:
    """Where somebody wanted to go: a path of this shop, else the list of their bookings."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if is_ours and not urlsplit(wanted).netloc else reverse("bookings")


def field_errors(refused: Refused) -> list[str]:
    """What is wrong with a form, as sentences; a problem without fields is one sentence."""
    told = (words.field(each.get("pointer", ""), each["detail"]) for each in refused.errors)
    return list(dict.fromkeys(told)) or [words.problem(refused)]


def again_later(response: HttpResponse, refused: Refused) -> HttpResponse:
    """The answer to a form that was refused; programs read from it too when the next attempt is taken."""
    if refused.retry_after:
        response["Retry-After"] = str(refused.retry_after)
    return response


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    shown: dict[str, Any] = {"next": onward(request), "why": words.SIGNED_OUT.get(request.GET.get("why", ""))}
    if request.method != "POST":
        # In another tab, maybe, since the reason was told.
        is_in = shown["why"] and visitors.visitor_of(request) is not None
        return HttpResponseRedirect(onward(request)) if is_in else render(request, "shop/sign_in.html", shown)
    name = request.POST.get("name", "").strip()[:LONGEST]
    body = {"email" if "@" in name else "username": name, "password": request.POST.get("password", "")}
    try:
        visitors.sign_in(request, visitors.anybody(request).post("auth", "/token", body))
    except Refused as refused:
        shown |= {"name": name, "errors": field_errors(refused)}
        return again_later(render(request, "shop/sign_in.html", shown, status=refused.status), refused)
    return HttpResponseRedirect(onward(request))


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "shop/register.html", {"next": onward(request)})
    typed: dict[str, Any] = {
        name: request.POST.get(name, "").strip()[:LONGEST] for name in ("username", "email", "full_name")
    }
    body = {**typed, "password": request.POST.get("password", ""), "language": translation.get_language()}
    nobody = visitors.anybody(request)
    try:
        nobody.post("auth", "/register", {name: value for name, value in body.items() if value})
        pair = nobody.post("auth", "/token", {"username": typed["username"], "password": body["password"]})
    except Refused as refused:
        shown = {"next": onward(request), "typed": typed, "errors": field_errors(refused)}
        return render(request, "shop/register.html", shown, status=refused.status)
    visitors.sign_in(request, pair)
    return HttpResponseRedirect(onward(request))


@csrf_protect
@sent_from("home")
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session here and at auth; with `everywhere` all those of the account."""
    try:
        everywhere = "everywhere" in request.POST
        visitors.shopper_of(request).post("auth", "/logout", {"everywhere": True} if everywhere else {})
    except (Away, Refused, SignedOut):
        pass  # the tokens are forgotten here in any case, and nobody else has them
    visitors.sign_out(request)
    return redirect("home")


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Who is signed in: the part of each page's head that is its reader's."""
    return render(request, "shop/me.html", {"visitor": visitors.visitor_of(request)})
