"""A showtime: how many tickets, which seats, what they cost, and holding them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from chassis.codes import MAX_TYPED
from shop import choices, chosen, words
from shop.forms import sent_from
from shop.seat_boxes import boxes
from shop.services import Refused, Shopper, together
from shop.visitors import anybody, visitor_of


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def showtime(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    if request.method == "POST":
        return _hold(request, showtime_id)
    if chosen.CHOICE in request.GET:
        return _chosen_before(request, showtime_id)
    return _page(request, showtime_id, request.GET)


def _chosen_before(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    """The seats once more: those that are still there stay chosen."""
    choice = chosen.choice_of(request)
    if choice is None or choice["body"]["showtime_id"] != str(showtime_id):
        return _page(request, showtime_id, request.GET, error=words.choice_gone())
    return _page(request, showtime_id, chosen.form_of(choice), refused=chosen.refusal_of(choice))


@csrf_protect
@sent_from("showtime")
def price(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    """What the seats that are chosen cost, line by line: a part of the showtime's page."""
    shopper = anybody(request)
    shown = looked_at(shopper, showtime_id)
    wanted = choices.counts(request.POST, shown["seat_map"]["ticket_types"])
    quote = partial(_quote, shopper, showtime_id, _code(request))
    found = priced(quote, wanted, request.POST.getlist("seat"), proposes=False)
    return render(request, "shop/price.html", shown | found)


def _code(request: HttpRequest) -> str:
    return request.POST.get("promo_code", "").strip()[:MAX_TYPED]


def looked_at(shopper: Shopper, showtime_id: UUID) -> dict[str, Any]:
    """A showtime with its seats, and how many of them are free."""
    found, seat_map = together(
        partial(shopper.get, "catalog", f"/showtimes/{showtime_id}"),
        partial(shopper.get, "booking", f"/showtimes/{showtime_id}/seats"),
    )
    return {"showtime": found, "seat_map": seat_map, "free": choices.free(seat_map["seats"])}


def _page(
    request: HttpRequest,
    showtime_id: UUID,
    form: QueryDict,
    *,
    error: str = "",
    refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    """form: how many tickets of which type. Seats are the best ones unless `seat` names some.

    refused: why the seats are not held, which names those that it is about.
    """
    shopper = anybody(request)
    shown = looked_at(shopper, showtime_id)
    seats = shown["seat_map"]["seats"]
    wanted = choices.counts(form, shown["seat_map"]["ticket_types"])
    # A code that was refused a moment ago is not tried once more.
    code = "" if refused is not None and words.is_about_code(refused) else form.get("promo_code", "")
    quote = partial(_quote, shopper, showtime_id, code)
    found = priced(quote, wanted, choices.still_free(form.getlist("seat"), seats))
    if refused is not None:
        error = words.about_seats(refused, seats)
    found["error"] = error or found["error"]
    shown |= {
        **hall(seats, found["chosen"]),
        "wanted": wanted,
        "types": [each for each in shown["seat_map"]["ticket_types"] if each["online"]],
        "numbers": range(choices.MOST + 1),
        "attempt": uuid4(),
        "promo_code": form.get("promo_code", ""),
        **found,
    }
    return render(request, "shop/showtime.html", shown, status=status)


def hall(seats: Sequence[Mapping[str, Any]], chosen: Collection[str]) -> dict[str, Any]:
    """The map of the seats as a part of a form (hall.html), and what it says while somebody chooses."""
    rows = [{"name": row["name"], "boxes": boxes(row["seats"], chosen)} for row in choices.rows(seats)]
    return {"rows": rows, "seat_texts": words.seat_texts()}


def _quote(shopper: Shopper, showtime_id: UUID, code: str, ask: dict[str, Any]) -> Any:
    return shopper.post("booking", f"/showtimes/{showtime_id}/quote", ask | ({"promo_code": code} if code else {}))


def priced(
    quote: Callable[[dict[str, Any]], Any], wanted: Mapping[str, int], named: Sequence[str], *, proposes: bool = True
) -> dict[str, Any]:
    """What a quote tells of the seats that are named, or of the best ones where none is and it proposes some.

    quote: asks for it, and raises Refused; `refused` is the code of that.
    """
    ask: dict[str, Any] = {"quantity": wanted}
    if named or not proposes:
        try:
            ask = {"seats": choices.tickets(named, wanted)}
        except ValueError:
            return {"quote": None, "chosen": named, "error": "", "missing": sum(wanted.values()) - len(named)}
    if not wanted:
        return {"quote": None, "chosen": [], "error": "", "missing": 0}
    try:
        found = quote(ask)
    except Refused as refused:
        error = words.against(refused)[0]
        return {"quote": None, "chosen": named, "error": error, "missing": 0, "refused": refused.code}
    return {"quote": found, "chosen": [seat["id"] for seat in found["seats"]], "error": "", "missing": 0}


def _hold(request: HttpRequest, showtime_id: UUID) -> HttpResponse:
    seat_map = anybody(request).get("booking", f"/showtimes/{showtime_id}/seats")
    wanted = choices.counts(request.POST, seat_map["ticket_types"])
    try:
        seats = choices.tickets(request.POST.getlist("seat"), wanted)
    except ValueError:
        return _page(request, showtime_id, request.POST, error=words.numbers_differ(), status=400)
    if not seats:
        return _page(request, showtime_id, request.POST, error=words.nothing_chosen(), status=400)
    body: dict[str, Any] = {"showtime_id": str(showtime_id), "seats": seats}
    if code := _code(request):
        body["promo_code"] = code
        if visitor_of(request) is None:
            # Else it would be told only after they have said who they are.
            try:
                _quote(anybody(request), showtime_id, code, {"seats": seats})
            except Refused as refused:
                if refused.status == 404:
                    raise
                return _page(request, showtime_id, request.POST, refused=refused, status=refused.status)
    ids = {seat["seat_id"] for seat in seats}
    named = [seat for seat in seat_map["seats"] if seat["id"] in ids]
    name = chosen.choose(request, body, seats=named, attempt=choices.attempt(request.POST))
    if visitor_of(request) is None:
        return chosen.who_holds(request, name)
    return chosen.hold(request, name)
