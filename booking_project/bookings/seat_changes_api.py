"""The HTTP side of other seats for a booking: parse, call one service, render."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import schema, seat_changes, selectors
from bookings.errors import (
    AddressChanged,
    BookingNotFound,
    CompanionAlone,
    CoupleSeatSplit,
    ExchangeUnderWay,
    OwnPurchase,
    SeatsNotChangeable,
    SeatUnavailable,
    ShowtimeUnknown,
    UnknownSeat,
)
from bookings.presentation import present_booking
from bookings.serializers import MOST
from chassis.web.openapi import problems
from chassis.web.parsing import StrictSerializer, StrictUUIDField
from chassis.web.permissions import May, actor, caller
from chassis.web.views import APIView


class ChangeSerializer(StrictSerializer):
    leaves = StrictUUIDField(help_text="A place that the booking has now: `moved_to`, or else the id of the seat.")
    gets = StrictUUIDField(help_text="A free seat of the showtime.")


class SeatChangesRequest(StrictSerializer):
    changes = serializers.ListField(child=ChangeSerializer(), min_length=1, max_length=MOST)
    reason = serializers.CharField(max_length=300, help_text="A note that the customer does not see.")
    message = serializers.CharField(
        max_length=500, required=False, default="", help_text="What the customer is told of it."
    )

    def validate_changes(self, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for end in ("leaves", "gets"):
            if len({change[end] for change in changes}) < len(changes):
                raise serializers.ValidationError("Name each seat once.")
        return changes


class SeatChangesView(APIView):
    permission_classes = [May("reseat_booking")]

    @problems(
        *(BookingNotFound, OwnPurchase, AddressChanged, ExchangeUnderWay, SeatsNotChangeable, SeatUnavailable),
        *(UnknownSeat, CoupleSeatSplit, CompanionAlone, ShowtimeUnknown),
    )
    @extend_schema(
        operation_id="change_seats",
        summary="Give a booking other seats",
        description=(
            "For staff: free seats of the same showtime in the place of those that a sold booking has, whatever they "
            "cost. Its customer is told, with new tickets: those of before let nobody in any more."
        ),
        request=SeatChangesRequest,
        responses={200: schema.BookingSerializer},
        examples=schema.SEAT_CHANGES,
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        wanted = SeatChangesRequest.parse(request.data)
        places = {change["leaves"]: change["gets"] for change in wanted.pop("changes")}
        seat_changes.change_seats(places={booking_id: places}, actor=actor(request), **wanted)
        return Response(present_booking(selectors.booking_for(caller(request), booking_id)))
