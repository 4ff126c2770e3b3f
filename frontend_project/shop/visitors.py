"""Who is at the shop: the tokens of a session, which never leave the server.

A browser has the name of a session and nothing else. Access tokens are renewed here before they end; auth lets two
pages renew at the same time.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.utils import translation

from chassis.web.gateway import address_of
from shop.services import Refused, Shopper, SignedOut

TOKENS = "tokens"
WHO = "who"
# Renewed so long before the end that a page's calls are over by then.
EARLY_SECONDS = 30
# As much of what a browser calls itself as auth keeps.
LONGEST_DEVICE = 200


@dataclass(frozen=True)
class Visitor:
    """Somebody with an account, or a guest who gave an address."""

    username: str
    email: str
    is_guest: bool

    @property
    def name(self) -> str:
        """As pages call them."""
        return self.email if self.is_guest else self.username


def shopper_of(request: HttpRequest) -> Shopper:
    """As whom this request asks the services. Raises SignedOut when its session has ended at auth, Away."""
    return replace(anybody(request), token=access_token(request))


def anybody(request: HttpRequest) -> Shopper:
    """As nobody in particular, for what is alike for everybody: the session is not looked at."""
    device = request.headers.get("User-Agent", "")[:LONGEST_DEVICE]
    return Shopper(translation.get_language() or "en", address_of(request) or "", device)


def visitor_of(request: HttpRequest) -> Visitor | None:
    """None for one who is not signed in. No service is asked."""
    who = request.session.get(WHO)
    return Visitor(**who) if who else None


def username_of(request: HttpRequest) -> str:
    """ "" for one who is not signed in."""
    visitor = visitor_of(request)
    return visitor.username if visitor else ""


def access_token(request: HttpRequest) -> str:
    """That of the visitor, renewed where it ends soon; "" without one. Raises SignedOut, Away."""
    kept = request.session.get(TOKENS)
    if not kept:
        return ""
    if kept["ends_at"] - time.time() > EARLY_SECONDS:
        return str(kept["access"])
    try:
        pair = anybody(request).post("auth", "/token/refresh", {"refresh_token": kept["refresh"]})
    except Refused as refused:
        raise SignedOut from refused
    _keep(request, pair)
    return str(pair["access_token"])


def sign_in(request: HttpRequest, pair: dict[str, Any]) -> Visitor:
    """Begins a session of these tokens; its name is a new one, so that nobody who knew the old one has it."""
    request.session.cycle_key()
    _keep(request, pair)
    return remember(request, shopper_of(request).get("auth", "/users/me"))


def remember(request: HttpRequest, account: Mapping[str, Any]) -> Visitor:
    """account: theirs, as auth tells it now."""
    visitor = Visitor(username=account["username"], email=account["email"], is_guest=account["guest"])
    request.session[WHO] = asdict(visitor)
    return visitor


def sign_out(request: HttpRequest) -> None:
    """Forgets everything of the session. Ending it at auth is the caller's."""
    request.session.flush()


def _keep(request: HttpRequest, pair: dict[str, Any]) -> None:
    request.session[TOKENS] = {
        "access": pair["access_token"],
        "refresh": pair["refresh_token"],
        "ends_at": time.time() + int(pair["expires_in"]),
    }
