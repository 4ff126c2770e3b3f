"""To which theaters whoever asks is limited, at an admin site or through the API: asked by all that shows or does
something of one theater."""

from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request

from chassis.theaters import Theaters, works_at
from chassis.web.principal import Principal
from chassis.web.staff_sessions import token_of


def theaters_of(request: HttpRequest | Request) -> Theaters:
    """None: every theater. Of customers, and of an operator's local account, too: nothing is theirs by a theater."""
    if isinstance(request, Request):
        user: object = request.user
        return user.theaters if isinstance(user, Principal) else None
    token = token_of(request)
    return None if token is None else token.theaters


def may_at(request: HttpRequest | Request, theater_id: UUID | None) -> bool:
    """Whether whoever asks has a part in what belongs to this theater; what they may do there their roles say."""
    return works_at(theaters_of(request), theater_id)
