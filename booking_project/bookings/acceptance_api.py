"""The HTTP side of accepting what a showtime became: parse, call one service, render."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import acceptance, schema, selectors
from bookings.errors import BookingNotFound, ChangeNotAcceptable, NothingToAccept
from bookings.presentation import present_booking
from bookings.serializers import AcceptanceRequest
from chassis.web import idempotency
from chassis.web.openapi import KEY, problems
from chassis.web.permissions import caller
from chassis.web.views import APIView


class AcceptChangeView(APIView):
    @problems(BookingNotFound, ChangeNotAcceptable, NothingToAccept)
    @extend_schema(
        operation_id="accept_change",
        summary="Accept what a showtime became",
        description=(
            "One's own, of which `change` tells: its history keeps that this is well, once. The right to cancel for "
            "nothing that the change gave is over then, and the rules that it was sold under hold again. A later "
            "change gives it anew. Saying nothing keeps it until the showtime begins."
        ),
        request=AcceptanceRequest,
        responses={200: schema.BookingSerializer},
        parameters=[KEY],
        examples=schema.ACCEPT_CHANGE,
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        wanted = AcceptanceRequest.parse(request.data)
        user = caller(request)

        def accept(_: UUID) -> dict[str, Any]:
            acceptance.accept_change(booking_id=booking_id, user_id=user.id, **wanted)
            return present_booking(selectors.booking_for(user, booking_id))

        return idempotency.once(request, accept)
