"""The sessions of whoever is signed in: where they are, and ending one of them."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, sessions, tokens
from accounts.api import NOTHING
from accounts.serializers import SessionSerializer
from chassis.web.gateway import address_of
from chassis.web.openapi import page_of, problems
from chassis.web.pages import CursorPage
from chassis.web.permissions import caller
from chassis.web.problems import NotFound
from chassis.web.queries import PageQuery, takes
from chassis.web.views import APIView


class Sessions(APIView):
    @takes(PageQuery)
    @extend_schema(
        operation_id="list_sessions",
        summary="List my sessions",
        tags=["sessions"],
        responses=page_of(SessionSerializer),
    )
    def get(self, request: Request) -> Response:
        """Where the account is signed in now, the newest first."""
        pages = CursorPage()
        page = pages.paginate_queryset(selectors.open_sessions_of(caller(request).id), request, view=self)
        asking = {"asking": tokens.session_of(str(request.auth))}
        return pages.get_paginated_response(SessionSerializer(page, many=True, context=asking).data)


class OneSession(APIView):
    @problems(NotFound)
    @extend_schema(
        operation_id="end_session",
        summary="End one of my sessions",
        tags=["sessions"],
        responses={204: NOTHING},
    )
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Signs it out: its refresh token and its access tokens are good no more. One that has ended stays ended."""
        sessions.end_own(user_id=caller(request).id, session_id=session_id, address=address_of(request))
        return Response(status=204)
