"""Who may call: the caller of a request, and what their roles let them do."""

from typing import Any, cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from chassis.web.roles import may
from chassis.web.tokens import Principal, verify


def caller(request: Request) -> Principal:
    """Who a request of a view that IsSignedIn guards comes from."""
    return cast(Principal, request.user)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`."""

    def authenticate(self, request: Request) -> tuple[Principal, str] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        principal = verify(token.strip())
        return principal, principal.token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class IsSignedIn(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated)


def May(permission: str) -> type[BasePermission]:  # noqa: N802  (reads as the permission class it makes)
    """A permission class: one of the caller's roles has this permission in the service's STAFF_MAY."""

    class _May(IsSignedIn):
        def has_permission(self, request: Request, view: Any) -> bool:
            return super().has_permission(request, view) and may(caller(request).roles, permission)

    return _May
