"""The account of whoever is signed in: what is known of them, their password, their cards, their mails."""

from functools import cache, partial
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from shop import visitors, words
from shop.cards import entered_card, forget_card, to_card_page
from shop.forms import sent_from
from shop.services import Away, Refused, cursor_of, together, unless_away
from shop.sign_in import LONGEST, again_later, field_errors, signed_in
from shop.visitors import anybody, shopper_of

PROFILE = ("full_name", "phone", "language", "time_zone")
CONTINENTS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)
PAGE = 20


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def account(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    typed = {name: request.POST.get(name, "").strip()[:LONGEST] for name in PROFILE}
    try:
        changed = shopper_of(request).ask("auth", "PATCH", "/users/me", typed)
    except Refused as refused:
        return again_later(_page(request, typed=typed, refused=refused), refused)
    # The page goes on in the language that was chosen.
    known = changed["language"] in dict(settings.LANGUAGES)
    with translation.override(changed["language"] if known else translation.get_language()):
        messages.success(request, _("It is saved."))
        return HttpResponseRedirect(reverse("account"))


def _page(request: HttpRequest, *, typed: dict[str, str] | None = None, refused: Refused | None = None) -> HttpResponse:
    shopper = shopper_of(request)
    found, sessions, methods = together(
        partial(shopper.get, "auth", "/users/me"),
        unless_away(partial(shopper.get, "auth", "/sessions", page_size=PAGE)),
        unless_away(partial(shopper.get, "payment", "/payments/methods", page_size=PAGE)),
    )
    shown = {
        "account": found,
        "profile": typed or found,
        "codes": dict(settings.LANGUAGES),
        "zones": time_zones(),
        "sessions": sessions,
        "methods": methods and methods["results"],
        "errors": field_errors(refused) if refused else [],
    }
    return render(request, "shop/account.html", shown, status=refused.status if refused else 200)


@cache
def time_zones() -> tuple[str, ...]:
    """The places by which clocks are told, without the names of before."""
    return tuple(sorted(name for name in available_timezones() if name.startswith(CONTINENTS)))


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def email(request: HttpRequest) -> HttpResponse:
    """Another address, which proves itself by a mailed link; it takes the password."""
    if request.method != "POST":
        return render(request, "shop/change_email.html")
    typed = request.POST.get("email", "").strip()[:LONGEST]
    body = {"email": typed, "current_password": request.POST.get("current_password", "")}
    try:
        changed = shopper_of(request).ask("auth", "PATCH", "/users/me", body)
    except Refused as refused:
        shown = {"typed": typed, "errors": field_errors(refused)}
        return again_later(render(request, "shop/change_email.html", shown, status=refused.status), refused)
    visitors.remember(request, changed)
    messages.success(request, _("A mail with a link is on its way. Please follow it, so that tickets come there."))
    return redirect("account")


@csrf_protect
@sent_from("account")
@signed_in
def ask_again(request: HttpRequest) -> HttpResponse:
    """Another mail with the link that confirms the address."""
    shopper_of(request).post("auth", "/email/verify/request", None)
    messages.info(request, _("A mail with a link is on its way. Only the newest link is good."))
    return redirect("account")


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """A new password: every session ends, and this browser begins one by it."""
    if request.method != "POST":
        return render(request, "shop/change_password.html")
    new = request.POST.get("new_password", "")
    if new != request.POST.get("again", ""):
        return render(request, "shop/change_password.html", {"error": words.passwords_differ()}, status=400)
    body = {"current_password": request.POST.get("current_password", ""), "new_password": new}
    try:
        shopper_of(request).post("auth", "/password/change", body)
    except Refused as refused:
        shown = {"errors": field_errors(refused)}
        return again_later(render(request, "shop/change_password.html", shown, status=refused.status), refused)
    return _in_again(request, new)


def _in_again(request: HttpRequest, new: str) -> HttpResponse:
    username = visitors.username_of(request)
    visitors.sign_out(request)
    messages.success(request, _("Your new password is set. Wherever else you were signed in, you are not any more."))
    try:
        pair = anybody(request).post("auth", "/token", {"username": username, "password": new})
        visitors.sign_in(request, pair)
    except (Away, Refused):
        return redirect("sign_in")
    return redirect("account")


@require_safe
@signed_in
def enter_card(request: HttpRequest) -> HttpResponse:
    """To the card company's page, for a card that is to be saved."""
    return to_card_page(request, purpose=_to_save(request), back=reverse("save_card"), told={})


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def save_card(request: HttpRequest) -> HttpResponse:
    card = entered_card(request, _to_save(request))
    if card is None:
        return redirect("account")
    if request.method != "POST":
        return render(request, "shop/save_card.html", {"card": card})
    forget_card(request, _to_save(request))
    try:
        shopper_of(request).post("payment", "/payments/methods", {"token": card["token"]})
    except Refused as refused:
        messages.error(request, words.problem(refused))
    else:
        messages.success(request, _("The card is saved."))
    return redirect("account")


def _to_save(request: HttpRequest) -> str:
    """What such a card is for: this account, whoever else uses the browser meanwhile."""
    return f"account {visitors.username_of(request)}"


@csrf_protect
@sent_from("account")
@signed_in
def remove_card(request: HttpRequest, method_id: UUID) -> HttpResponse:
    shopper_of(request).ask("payment", "DELETE", f"/payments/methods/{method_id}")
    messages.success(request, _("The card is removed."))
    return redirect("account")


@csrf_protect
@sent_from("account")
@signed_in
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Signs another browser out, wherever it is."""
    shopper_of(request).ask("auth", "DELETE", f"/sessions/{session_id}")
    messages.success(request, _("That browser is signed out."))
    return redirect("account")


@require_safe
@signed_in
def received(request: HttpRequest) -> HttpResponse:
    """The messages that went to them, the newest first."""
    shopper = shopper_of(request)
    page, found = together(
        partial(shopper.get, "notify", "/notifications/history", page_size=PAGE, cursor=request.GET.get("cursor")),
        partial(shopper.get, "auth", "/users/me"),
    )
    shown: dict[str, Any] = {
        "received": page["results"],
        "next": cursor_of(page["next"]),
        "zone": found["time_zone"],
    }
    return render(request, "shop/received.html", shown)
