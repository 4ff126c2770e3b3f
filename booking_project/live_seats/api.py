"""What the API document says of live seats. Behind the gateway the process beside booking answers (server.py); whoever
asks booking itself is told so."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.errors import ShowtimeNotFound, ShowtimeUnknown
from chassis.web.openapi import problems
from chassis.web.problems import BadRequest
from chassis.web.queries import Query, takes
from chassis.web.views import APIView
from live_seats.errors import NO_WEBSOCKET, OriginNotAllowed, TooManySockets


class LiveSeatsQuery(Query):
    version = serializers.CharField(
        max_length=64,
        required=False,
        help_text="Of the map that the client has: the first message says what became of its seats since.",
    )


class LiveSeatsView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @takes(LiveSeatsQuery)
    @problems(ShowtimeNotFound, ShowtimeUnknown, OriginNotAllowed, TooManySockets)
    @extend_schema(
        operation_id="watch_seats",
        summary="Watch the seats of a showtime",
        description=(
            "A WebSocket, for anybody. The server sends JSON texts, `map` and `delta`: the channel `seats_live` of "
            "`contracts/asyncapi.yaml`. Nothing is expected of the client. Whatever stands against it is answered "
            "before the upgrade; `GET /showtimes/{showtime_id}/seats` is the way without a socket."
        ),
        tags=["seats"],
        responses={101: OpenApiResponse(description="The socket is open, and its first message comes at once.")},
    )
    def get(self, request: Request, showtime_id: UUID) -> Response:
        raise BadRequest(NO_WEBSOCKET)
