"""What was chosen of a showtime, until it is known who holds it: each choice by a name that its tab knows."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from shop.kept import CHOICES, keep, kept
from shop.services import Refused
from shop.visitors import shopper_of

# In addresses.
CHOICE = "choice"


def choose(request: HttpRequest, body: Mapping[str, Any], *, seats: Sequence[Mapping[str, Any]], attempt: str) -> str:
    """Keeps a choice; its name comes back. body: what booking is asked to hold. seats: row and number of each."""
    name = secrets.token_urlsafe(6)
    named = [{"row": seat["row"], "number": seat["number"]} for seat in seats]
    keep(request, CHOICES, name, {"body": body, "seats": named, "attempt": attempt})
    return name


def choice_of(request: HttpRequest) -> Mapping[str, Any] | None:
    """That which the address names: body, seats, attempt; refused where it was, booking once it is held."""
    found: Mapping[str, Any] | None = kept(request, CHOICES, request.GET.get(CHOICE, ""))
    return found


def who_holds(request: HttpRequest, name: str) -> HttpResponse:
    """To the page that asks for whom they are; its address tells what was chosen, should the choice be gone by then."""
    choice = kept(request, CHOICES, name)
    query = {"showtime": choice["body"]["showtime_id"], CHOICE: name, **dict(form_of(choice).lists())}
    del query["promo_code"]
    return HttpResponseRedirect(f"{reverse('who')}?{urlencode(query, doseq=True)}")


def choice_gone(request: HttpRequest) -> HttpResponse:
    """To the showtime of the choice that the address names, which says that it is gone; home where it names none."""
    query = request.GET.copy()
    try:
        return _again(UUID(query.pop("showtime", [""])[0]), query.urlencode())
    except ValueError:
        return redirect("home")


def hold(request: HttpRequest, name: str) -> HttpResponse:
    """Holds what was chosen, and goes on to paying it; or back to the seats, which say why not.

    The choice stays, with what became of it: whoever comes to its address again is led to the same place.
    """
    choice = kept(request, CHOICES, name)
    if "booking" not in choice and "refused" not in choice:
        try:
            booking = shopper_of(request).post("booking", "/bookings", choice["body"], key=choice["attempt"])
            choice = {**choice, "booking": booking["id"]}
        except Refused as refused:
            choice = {**choice, "refused": {"status": refused.status, "problem": refused.problem}}
        keep(request, CHOICES, name, choice)
    if "booking" in choice:
        return redirect("checkout", booking_id=choice["booking"])
    return _again(UUID(choice["body"]["showtime_id"]), urlencode({CHOICE: name}))


def _again(showtime_id: UUID, query: str) -> HttpResponse:
    address = reverse("showtime", kwargs={"showtime_id": showtime_id})
    return HttpResponseRedirect(f"{address}?{query}")


def form_of(choice: Mapping[str, Any]) -> QueryDict:
    """The form of the showtime's page, as it was filled in."""
    form, body = QueryDict(mutable=True), choice["body"]
    form.setlist("seat", [seat["seat_id"] for seat in body["seats"]])
    for code in {seat["ticket_type"] for seat in body["seats"]}:
        form[f"type-{code}"] = str(sum(seat["ticket_type"] == code for seat in body["seats"]))
    form["promo_code"] = body.get("promo_code", "")
    return form


def refusal_of(choice: Mapping[str, Any]) -> Refused | None:
    """Why it was not held, if it was tried."""
    return Refused(**choice["refused"]) if "refused" in choice else None
