"""Forms and the pages on which they stand: the way back to one that was not carried out."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST

# More than one showtime's form has of seats and of types, and longer than any of them.
MOST_CHOSEN, LONGEST = 40, 60


def sent_from(page: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view of what a form sends that stands on the page of that name. Who opens its address is led to the page."""

    def decorated(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        sent = require_POST(view)

        @wraps(view)
        def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(_address(page, kwargs))
            return sent(request, *args, **kwargs)

        return shown

    return decorated


def _address(page: str, kwargs: dict[str, Any]) -> str:
    """kwargs: of the form's own address, which a page may have too."""
    try:
        return reverse(page, kwargs=kwargs)
    except NoReverseMatch:
        return reverse(page)


def page_of(request: HttpRequest) -> str:
    """The page that was asked for, or to which a form was sent, with the seats and tickets that were chosen in it.

    Nothing else that was typed: it may be somebody else who reads the page next.
    """
    if request.method != "POST":
        return request.get_full_path()
    chosen = [
        (name, value)
        for name, values in request.POST.lists()
        if (name == "seat" or name.startswith("type-")) and len(name) <= LONGEST
        for value in values
        if len(value) <= LONGEST
    ]
    return f"{request.path}?{urlencode(chosen[:MOST_CHOSEN])}" if chosen else request.get_full_path()


def to_sign_in(request: HttpRequest, *, why: str = "", onward: str = "") -> HttpResponse:
    """To the page on which one signs in, and from there onward, or back to what was asked for.

    why: of words.SIGNED_OUT. It stands in the address, for there may be no session any more, or one of another tab.
    """
    query = {"next": onward or page_of(request)} | ({"why": why} if why else {})
    return HttpResponseRedirect(f"{reverse('sign_in')}?{urlencode(query)}")
