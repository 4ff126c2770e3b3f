"""Bookings that were made: how they stand, their tickets, giving them back."""

from functools import partial
from typing import Any
from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from shop import words
from shop.services import Refused, cursor_of, together, unless_away
from shop.sign_in import signed_in
from shop.visitors import shopper_of

PAGE = 20


@require_safe
@signed_in
def bookings(request: HttpRequest) -> HttpResponse:
    shopper = shopper_of(request)
    page, account = together(
        partial(shopper.get, "booking", "/bookings", page_size=PAGE, cursor=request.GET.get("cursor")),
        unless_away(partial(shopper.get, "auth", "/users/me")),
    )
    shown = {"bookings": page["results"], "next": cursor_of(page["next"]), "account": account}
    return render(request, "shop/bookings.html", shown)


@require_safe
@signed_in
def booking(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    shopper = shopper_of(request)
    found, terms = together(
        partial(shopper.get, "booking", f"/bookings/{booking_id}"),
        unless_away(partial(shopper.get, "booking", f"/bookings/{booking_id}/cancellation")),
    )
    shown = {"booking": found, "settled": _settled(found), "codes": _codes(found), "cancellation": terms}
    return render(request, "shop/booking.html", shown)


@require_safe
@signed_in
def status(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """How it stands, looked at again and again until it is settled; then the page is loaded anew."""
    found = shopper_of(request).get("booking", f"/bookings/{booking_id}")
    response = render(request, "shop/status.html", {"booking": found, "settled": _settled(found)})
    if _settled(found):
        response["HX-Refresh"] = "true"
    return response


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def cancel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """What comes back, before; and after, that it does."""
    shopper = shopper_of(request)
    error, status_code = "", 200
    if request.method == "POST":
        try:
            shopper.ask("booking", "DELETE", f"/bookings/{booking_id}")
            return redirect("booking", booking_id=booking_id)
        except Refused as refused:
            if refused.status == 404:
                raise
            error, status_code = words.problem(refused), refused.status
    found, terms = together(
        partial(shopper.get, "booking", f"/bookings/{booking_id}"),
        partial(shopper.get, "booking", f"/bookings/{booking_id}/cancellation"),
    )
    shown = {"booking": found, "cancellation": terms, "error": error}
    return render(request, "shop/cancel.html", shown, status=status_code)


def _settled(found: dict[str, Any]) -> bool:
    """Whether nothing more happens to it by itself: paid with its tickets made, or ended."""
    if found["status"] == "PENDING":
        return False
    return found["status"] != "CONFIRMED" or bool(found["tickets"])


def _codes(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each seat's ticket with its code as a picture of vectors."""
    return [{**ticket, "picture": _picture(ticket["code"])} for ticket in found["tickets"]]


def _picture(code: str) -> SafeString:
    drawn = segno.make(code, error="m").svg_inline(border=2, omitsize=True, svgclass="code", lineclass=None)
    return mark_safe(drawn)  # noqa: S308  (its own elements alone)
