"""Who holds the seats, and paying them."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chassis.codes import MAX_TYPED
from shop import choices, purchases, visitors, words
from shop.seats import CHOSEN, hold_chosen
from shop.services import Refused, together
from shop.sign_in import LONGEST, field_errors, signed_in
from shop.visitors import anybody, shopper_of, visitor_of

# How long the card company's page may take, in seconds: longer than seats are held.
CARD_SECONDS = 900
CARD = "card"


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def who(request: HttpRequest) -> HttpResponse:
    """A guest's address, or an account; then the chosen seats are held."""
    if CHOSEN not in request.session:
        return redirect("home")
    if request.method != "POST":
        if visitor_of(request) is not None:
            return hold_chosen(request)
        return render(request, "shop/who.html", {"next": reverse("who")})
    body = {name: request.POST.get(name, "").strip()[:LONGEST] for name in ("email", "full_name")}
    body["language"] = translation.get_language() or "en"
    try:
        pair = anybody(request).post("auth", "/guests", {name: value for name, value in body.items() if value})
    except Refused as refused:
        shown = {"next": reverse("who"), "typed": body, "errors": field_errors(refused)}
        return render(request, "shop/who.html", shown, status=refused.status)
    visitors.sign_in(request, pair, is_guest=True)
    return hold_chosen(request)


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def checkout(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    if request.method == "POST":
        return _pay(request, booking_id)
    return _page(request, booking_id)


def _page(request: HttpRequest, booking_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    shopper = shopper_of(request)
    booking, methods = together(
        partial(shopper.get, "booking", f"/bookings/{booking_id}"),
        partial(shopper.get, "payment", "/payments/methods", page_size=20),
    )
    if booking["status"] != "PENDING" or not purchases.due(booking)["amount"]:
        return redirect("booking", booking_id=booking_id)
    shown = {
        "booking": booking,
        "methods": methods["results"],
        "card": _card(request, booking_id),
        "attempt": uuid4(),
        "error": error,
    }
    return render(request, "shop/checkout.html", shown, status=status)


def _pay(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    body: dict[str, Any] = {"booking_id": str(booking_id)}
    saved, card = request.POST.get("method", ""), _card(request, booking_id)
    if saved and saved != CARD:
        body["payment_method"] = {"id": saved}
    elif card:
        body["payment_method"] = {"token": card["token"]}
    if code := request.POST.get("gift_card", "").strip()[:MAX_TYPED]:
        body["gift_card"] = {"code": code}
    if len(body) == 1:
        return _page(request, booking_id, error=words.no_card(), status=400)
    try:
        shopper_of(request).post("payment", "/payments", body, key=choices.attempt(request.POST))
    except Refused as refused:
        _forget_card(request, booking_id)
        if refused.code in ("already_paid", "payment_in_progress", "booking_ended", "hold_expired"):
            return redirect("booking", booking_id=booking_id)
        return _page(request, booking_id, error=words.problem(refused), status=refused.status)
    _forget_card(request, booking_id)
    return redirect("booking", booking_id=booking_id)


@csrf_protect
@require_POST
@signed_in
def extend(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Five more minutes, once."""
    try:
        shopper_of(request).post("booking", f"/bookings/{booking_id}/extend", None)
    except Refused as refused:
        return _page(request, booking_id, error=words.problem(refused), status=refused.status)
    return redirect("checkout", booking_id=booking_id)


@require_safe
@signed_in
def card_page(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """To the card company's page, which knows the way back and nothing of the booking but what it costs."""
    booking = shopper_of(request).get("booking", f"/bookings/{booking_id}")
    state = str(uuid4())
    request.session[CARD] = {"state": state, "booking_id": str(booking_id)}
    cache.set(f"card:{state}", {"back": reverse("checkout", kwargs={"booking_id": booking_id})}, CARD_SECONDS)
    query = {
        "return_url": f"{settings.PUBLIC_URL}{reverse('card_entered')}",
        "state": state,
        **purchases.due(booking),
        "language": translation.get_language(),
    }
    return HttpResponseRedirect(f"{settings.CARD_PAGE_URL}?{urlencode(query)}")


@csrf_exempt
@require_POST
def card_entered(request: HttpRequest) -> HttpResponse:
    """The card company's page sends its visitor back, with a token in the body: it stands in no address.

    It is another site, so its POST brings no session; what it brings waits under the state until the session that
    began with that state comes for it.
    """
    state, token = request.POST.get("state", ""), request.POST.get("token", "")
    waiting = cache.get(f"card:{state}") if len(state) == len(str(uuid4())) else None
    if waiting is None:
        return redirect("home")
    if token:
        entered = {
            "token": token[:128],
            "brand": request.POST.get("brand", "")[:20],
            "last4": request.POST.get("last4", "")[:4],
        }
        cache.set(f"card:{state}", {**waiting, **entered}, CARD_SECONDS)
    response = HttpResponseRedirect(waiting["back"])
    response.status_code = 303
    return response


def _card(request: HttpRequest, booking_id: UUID) -> Mapping[str, str] | None:
    """The card that this session entered for this booking: token, brand, last4."""
    begun = request.session.get(CARD)
    if not begun or begun["booking_id"] != str(booking_id):
        return None
    entered: Mapping[str, str] | None = cache.get(f"card:{begun['state']}")
    return entered if entered and "token" in entered else None


def _forget_card(request: HttpRequest, booking_id: UUID) -> None:
    """A token is good for one attempt."""
    if _card(request, booking_id):
        cache.delete(f"card:{request.session.pop(CARD)['state']}")
