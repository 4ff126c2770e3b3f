"""Cards: typed on the card company's page alone, which sends its visitors back with a token."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from shop.forms import sent_from
from shop.kept import CARDS, keep, kept, let_go

# How long the card company's page may take, in seconds: longer than seats are held.
CARD_SECONDS = 900


def to_card_page(request: HttpRequest, *, purpose: str, back: str, told: Mapping[str, Any]) -> HttpResponse:
    """purpose: what the card is for. back: the path of the way back. told: what the page may know beside."""
    state = str(uuid4())
    # By purpose: who pays two bookings in two tabs is at the card company twice.
    keep(request, CARDS, purpose, state)
    cache.set(f"card:{state}", {"back": back}, CARD_SECONDS)
    query = {
        "return_url": f"{settings.PUBLIC_URL}{reverse('card_entered')}",
        "state": state,
        "language": translation.get_language(),
        **told,
    }
    return HttpResponseRedirect(f"{settings.CARD_PAGE_URL}?{urlencode(query)}")


@csrf_exempt
@sent_from("home")
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


def entered_card(request: HttpRequest, purpose: str) -> Mapping[str, str] | None:
    """The card that the visitor entered for this purpose: token, brand, last4."""
    state = kept(request, CARDS, purpose)
    entered: Mapping[str, str] | None = cache.get(f"card:{state}") if state else None
    return entered if entered and "token" in entered else None


def forget_card(request: HttpRequest, purpose: str) -> None:
    """A token is good for one attempt."""
    if entered_card(request, purpose):
        cache.delete(f"card:{kept(request, CARDS, purpose)}")
        let_go(request, CARDS, purpose)
