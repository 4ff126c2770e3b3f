"""The newest few of a kind in a session, each by its own name: the tabs of a browser share one session."""

from typing import Any

from django.http import HttpRequest

FEW = 5
# In the session: what was chosen of showtimes, and cards that are entered.
CHOICES, CARDS = "choices", "cards"
KINDS = (CHOICES, CARDS)


def kept(request: HttpRequest, kind: str, name: str) -> Any:
    """None where there is no such thing, or not any more."""
    return request.session.get(kind, {}).get(name)


def keep(request: HttpRequest, kind: str, name: str, value: object) -> None:
    """As the newest of its kind; the oldest goes where there are more than a few."""
    others = [(each, old) for each, old in request.session.get(kind, {}).items() if each != name]
    request.session[kind] = dict([*others[1 - FEW :], (name, value)])


def let_go(request: HttpRequest, kind: str, name: str) -> None:
    request.session[kind] = {each: old for each, old in request.session.get(kind, {}).items() if each != name}
