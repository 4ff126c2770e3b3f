"""The HTTP side of seats that their customer gives back: parse, call one service, render."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import returns, schema, selectors
from bookings.errors import (
    AccompaniedAlone,
    BookingNotFound,
    CancellationClosed,
    CompanionAlone,
    CoupleSeatSplit,
    ExchangeUnderWay,
    NotCancellable,
    SeatsNotReturnable,
)
from bookings.presentation import present_booking, present_cancellation
from bookings.promo_errors import PromoCodeUnfit
from bookings.serializers import SeatsBackRequest
from chassis.web import idempotency
from chassis.web.openapi import KEY, problems
from chassis.web.permissions import caller
from chassis.web.views import APIView

# What may stand against giving these seats back, whether it is done or asked.
REFUSED = (
    BookingNotFound,
    SeatsNotReturnable,
    CoupleSeatSplit,
    CompanionAlone,
    AccompaniedAlone,
    PromoCodeUnfit,
)


class GiveBackView(APIView):
    @problems(*REFUSED, ExchangeUnderWay, CancellationClosed, NotCancellable)
    @extend_schema(
        operation_id="give_seats_back",
        summary="Give seats of a booking back",
        description=(
            "One's own, paid, by the rules it was sold under: the seats are free at once, their tickets let nobody in, "
            "and their money goes back to the card. The booking goes on with the others; all that it has is its "
            "cancellation."
        ),
        request=SeatsBackRequest,
        responses={200: schema.BookingSerializer},
        parameters=[KEY],
        examples=schema.SEATS,
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        wanted = SeatsBackRequest.parse(request.data)
        user = caller(request)

        def give_back(_: UUID) -> dict[str, Any]:
            outcome = returns.give_back_seats(booking_id=booking_id, user_id=user.id, **wanted)
            return present_booking(selectors.booking_for(user, booking_id), outcome)

        return idempotency.once(request, give_back)


class GiveBackQuoteView(APIView):
    @problems(*REFUSED)
    @extend_schema(
        operation_id="quote_seats_back",
        summary="Ask what comes back of seats",
        description="What comes back of these seats if their customer gives them back now, what is kept and why.",
        request=SeatsBackRequest,
        responses=schema.CancellationSerializer,
        examples=schema.SEATS,
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        wanted = SeatsBackRequest.parse(request.data)
        booking, outcome = returns.quote_seats_back(booking_id=booking_id, user_id=caller(request).id, **wanted)
        return Response(present_cancellation(booking, outcome))
