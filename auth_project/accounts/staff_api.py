"""What the other services ask about staff who come to their admin sites; the gateway lets nobody else through."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import sign_on
from accounts.api import PublicView
from accounts.serializers import StaffKeyInput, StaffSignInInput, StaffTokenInput
from chassis.web.gateway import address_of
from chassis.web.staff_tokens import StaffToken


@extend_schema(exclude=True)
class StaffSessions(PublicView):
    def post(self, request: Request) -> Response:
        """Signs in to the desk: a token for the cookie of all admin sites."""
        token = sign_on.sign_in(
            **StaffSignInInput.parse(request.data),
            address=address_of(request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        return _told(token, status=201)


@extend_schema(exclude=True)
class StaffKeys(PublicView):
    def post(self, request: Request) -> Response:
        """What a security key is to sign for a sign-in with it."""
        asked = sign_on.ask_key(**StaffKeyInput.parse(request.data), address=address_of(request))
        return Response(asked, headers={"Cache-Control": "no-store"})


@extend_schema(exclude=True)
class StaffSessionRenewal(PublicView):
    def post(self, request: Request) -> Response:
        """A token for one of the same session, which may have expired."""
        return _told(sign_on.renew(sign_on.of_text(**StaffTokenInput.parse(request.data))))


@extend_schema(exclude=True)
class StaffSessionEnd(PublicView):
    def post(self, request: Request) -> Response:
        """Ends the session of a token, at all sites."""
        sign_on.end(sign_on.of_text(**StaffTokenInput.parse(request.data)))
        return Response(status=204)


def _told(token: StaffToken, *, status: int = 200) -> Response:
    body = {"token": token.text, "expires_in": settings.ACCESS_TOKEN_SECONDS}
    return Response(body, status=status, headers={"Cache-Control": "no-store"})
