"""Who holds the seats, and paying them."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from chassis.codes import MAX_TYPED
from shop import choices, chosen, purchases, visitors, words
from shop.cards import entered_card, forget_card, to_card_page
from shop.forms import sent_from
from shop.services import Refused, together
from shop.sign_in import LONGEST, field_errors, signed_in
from shop.visitors import anybody, shopper_of, visitor_of

# The method of a payment by a card that was entered for it, beside the ids of saved ones.
ENTERED = "card"


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def who(request: HttpRequest) -> HttpResponse:
    """A guest's address, or an account; then the chosen seats are held."""
    choice, name = chosen.choice_of(request), request.GET.get(chosen.CHOICE, "")
    if choice is None:
        return chosen.choice_gone(request)
    visitor = visitor_of(request)
    body = {field: request.POST.get(field, "").strip()[:LONGEST] for field in ("email", "full_name")}
    if visitor is not None:
        # In another tab, maybe: whoever came instead would have lost what was booked there.
        if request.method == "POST" and body["email"].casefold() != visitor.email.casefold():
            messages.info(request, words.goes_on_as(visitor.name))
        return chosen.hold(request, name)
    if request.method != "POST":
        return _who(request, choice)
    body["language"] = translation.get_language() or "en"
    try:
        pair = anybody(request).post("auth", "/guests", {field: value for field, value in body.items() if value})
    except Refused as refused:
        return _who(request, choice, typed=body, errors=field_errors(refused), status=refused.status)
    visitors.sign_in(request, pair)
    return chosen.hold(request, name)


def _who(request: HttpRequest, choice: Mapping[str, Any], *, status: int = 200, **form: Any) -> HttpResponse:
    """form: what was typed, and what is wrong with it."""
    found = anybody(request).get("catalog", f"/showtimes/{choice['body']['showtime_id']}")
    showtime = {
        **found,
        "movie_title": found["movie"]["title"],
        "theater_name": found["theater"]["name"],
        "time_zone": found["theater"]["time_zone"],
        "screen": found["screen"]["name"],
    }
    shown = {"chosen": {"showtime": showtime, "seats": choice["seats"]}, "next": request.get_full_path(), **form}
    return render(request, "shop/who.html", shown, status=status)


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@cache_control(private=True, no_store=True)
def checkout(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Kept by no browser: who goes back to the page would be told the time that was left when it first came."""
    if request.method == "POST":
        return _pay(request, booking_id)
    return _page(request, booking_id)


def _page(
    request: HttpRequest, booking_id: UUID, *, error: str = "", status: int = 200, method: str = ""
) -> HttpResponse:
    """method: the card that is chosen, "card" or the id of a saved one; "" for what is nearest at hand."""
    shopper = shopper_of(request)
    booking, methods = together(
        partial(shopper.get, "booking", f"/bookings/{booking_id}"),
        partial(shopper.get, "payment", "/payments/methods", page_size=20),
    )
    if booking["status"] != "PENDING" or not purchases.due(booking)["amount"]:
        return redirect("booking", booking_id=booking_id)
    card = entered_card(request, str(booking_id))
    saved = [each["id"] for each in methods["results"]]
    usable = [*([ENTERED] if card else []), *saved]
    shown = {
        "booking": booking,
        "methods": methods["results"],
        "visitor": visitor_of(request),
        "card": card,
        "chosen_method": method if method in usable else next(iter(usable), ""),
        "gift_card": _gift_card(request),
        "save": "save" in request.POST,
        "attempt": uuid4(),
        "error": error,
    }
    return render(request, "shop/checkout.html", shown, status=status)


def _gift_card(request: HttpRequest) -> str:
    return request.POST.get("gift_card", "").strip()[:MAX_TYPED]


def _pay(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    body: dict[str, Any] = {"booking_id": str(booking_id)}
    method, card = request.POST.get("method", ""), entered_card(request, str(booking_id))
    if method and method != ENTERED:
        body["payment_method"] = {"id": method}
    elif card:
        body["payment_method"] = _method_of(request, card)
        # Saved just now, its token is used up, and it is one of the list.
        method = body["payment_method"].get("id", ENTERED)
        if method != ENTERED:
            forget_card(request, str(booking_id))
    if code := _gift_card(request):
        body["gift_card"] = {"code": code}
    if len(body) == 1:
        return _page(request, booking_id, error=words.no_card(), status=400)
    try:
        shopper_of(request).post("payment", "/payments", body, key=choices.attempt(request.POST))
    except Refused as refused:
        over = refused.code in ("already_paid", "payment_in_progress", "booking_ended", "hold_expired")
        if over or (method in ("", ENTERED) and is_about_card(refused)):
            forget_card(request, str(booking_id))
        if over:
            return redirect("booking", booking_id=booking_id)
        return _page(request, booking_id, error=words.problem(refused), status=refused.status, method=method)
    forget_card(request, str(booking_id))
    return redirect("booking", booking_id=booking_id)


def is_about_card(refused: Refused) -> bool:
    """Whether the card itself was refused, or its token may have been used: then it has to be entered anew."""
    fields = (each.get("pointer", "") for each in refused.errors)
    of_card = refused.status == 402 or refused.code in ("attempt_withdrawn", "card_number_refused")
    return of_card or any(field.startswith("/payment_method") for field in fields)


def _method_of(request: HttpRequest, card: Mapping[str, str]) -> dict[str, str]:
    """A card that was just entered, saved where that is wanted; where it cannot be, it pays all the same."""
    if "save" in request.POST:
        with suppress(Refused):
            saved = shopper_of(request).post("payment", "/payments/methods", {"token": card["token"]})
            return {"id": saved["id"]}
    return {"token": card["token"]}


@csrf_protect
@sent_from("checkout")
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
    back = reverse("checkout", kwargs={"booking_id": booking_id})
    return to_card_page(request, purpose=str(booking_id), back=back, told=purchases.due(booking))
