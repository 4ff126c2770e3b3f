"""Who may call: the caller of a request, and what their roles let them do."""

from typing import Any, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from chassis.storage.audit_log import Actor, Door
from chassis.web.principal import Principal
from chassis.web.roles import may
from chassis.web.tokens import validated


def caller(request: Request) -> Principal:
    """Who a request of a view that IsSignedIn guards comes from."""
    return cast(Principal, request.user)


def actor(request: Request) -> Actor:
    """The caller, for chassis.storage.audit_log.record."""
    user = caller(request)
    return Actor(user.id, user.username, Door.API, by_code=user.by_code, theaters=user.theaters)


class TokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token>`. The caller is who the token says, and stands in no table here."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        """None for another scheme; the name of one may be written in any case (RFC 9110, section 11.1)."""
        scheme, _, token = header.partition(b" ")
        return token.strip() if scheme.lower() == b"bearer" else None

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        """The caller and the token; None without one. Raises Unauthenticated, or ServiceUnavailable."""
        header = self.get_header(request)
        raw_token = None if header is None else self.get_raw_token(header)
        if raw_token is None:
            return None
        signed = validated(raw_token.decode("latin-1"), asked_with=request)
        return signed.principal, signed

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
