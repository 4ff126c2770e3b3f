"""The HTTP side: parse, call one service or selector, render."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import holds, inventory, selectors, services
from bookings.domain import PaymentStatus, State
from bookings.models import BookingTransition
from bookings.presentation import present, present_hold, present_seat_map
from chassis.web import idempotency
from chassis.web.idempotency import key_from
from chassis.web.pages import CursorPage
from chassis.web.parsing import StrictSerializer, StrictUUIDField
from chassis.web.permissions import May
from chassis.web.problems import BadRequest


class MoneySerializer(serializers.Serializer[Any]):
    amount = serializers.IntegerField(help_text="Minor units.")
    currency = serializers.CharField(help_text="ISO 4217.")


class PaymentMethodSerializer(StrictSerializer):
    """Either a token of the payment gateway or the id of a saved method; never a card number."""

    token = serializers.RegexField(r"\Atok_[A-Za-z0-9_]{1,64}\Z", required=False)
    id = StrictUUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either `token` or `id`.")
        return {name: str(value) for name, value in attrs.items()}


class BookingRequest(StrictSerializer):
    showtime_id = StrictUUIDField()
    seat_ids = serializers.ListField(
        child=StrictUUIDField(), min_length=1, max_length=settings.MAX_SEATS_PER_BOOKING, required=False
    )
    quantity = serializers.IntegerField(
        min_value=1,
        max_value=settings.MAX_SEATS_PER_BOOKING,
        required=False,
        help_text="Instead of seat_ids: the best available seats.",
    )
    category = serializers.CharField(max_length=32, required=False, help_text="With quantity: of this kind.")
    payment_method = PaymentMethodSerializer(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("seat_ids" in attrs) == ("quantity" in attrs):
            raise serializers.ValidationError("Give either `seat_ids` or `quantity`.")
        if "category" in attrs and "quantity" not in attrs:
            raise serializers.ValidationError({"category": ["Only with `quantity`."]})
        return attrs

    def validate_seat_ids(self, seat_ids: list[UUID]) -> list[UUID]:
        if len(set(seat_ids)) != len(seat_ids):
            raise serializers.ValidationError("A seat is named twice.")
        return seat_ids


class BookedSeatSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    row = serializers.CharField()
    number = serializers.IntegerField()
    category = serializers.CharField()
    price = MoneySerializer()


class BookingSerializer(serializers.Serializer[Any]):
    """The shape of a booking, for the documentation; present() makes it."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    status = serializers.ChoiceField(choices=[state.value for state in State])
    payment_status = serializers.ChoiceField(choices=[status.value for status in PaymentStatus])
    payment_id = serializers.UUIDField(allow_null=True)
    showtime_id = serializers.UUIDField()
    showtime = serializers.DictField()
    seats = BookedSeatSerializer(many=True)
    total = MoneySerializer()
    hold_expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    ticket = serializers.CharField(allow_null=True)


class TransitionSerializer(serializers.ModelSerializer[BookingTransition]):
    class Meta:
        model = BookingTransition
        fields = ["from_status", "to_status", "trigger", "cause", "actor", "reason", "at"]


class SeatSerializer(BookedSeatSerializer):
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    accessible = serializers.BooleanField()
    status = serializers.ChoiceField(choices=["available", "held", "sold", "blocked"])


class SeatMapSerializer(serializers.Serializer[Any]):
    showtime_id = serializers.UUIDField()
    version = serializers.CharField()
    screen = serializers.DictField()
    seats = SeatSerializer(many=True)


class SeatsRequest(StrictSerializer):
    seat_ids = serializers.ListField(child=StrictUUIDField(), min_length=1, max_length=500)


class CancellationRequest(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class NewestFirst(CursorPage):
    ordering = "-id"


class BookingListView(APIView):
    @extend_schema(
        responses=BookingSerializer(many=True),
        parameters=[OpenApiParameter("user_id", UUID, description="Staff only: whose bookings.")],
    )
    def get(self, request: Request) -> Response:
        owner = request.query_params.get("user_id")
        try:
            owner_id = UUID(owner) if owner is not None else None
        except ValueError:
            raise BadRequest("user_id is not a UUID.") from None
        pages = NewestFirst()
        page = pages.paginate_queryset(selectors.bookings_of(request.user, owner_id=owner_id), request, view=self)
        return pages.get_paginated_response([present(booking) for booking in page])

    @extend_schema(
        request=BookingRequest,
        responses={201: BookingSerializer},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        wanted = BookingRequest.parse(request.data)
        hold = holds.hold_best_seats if "quantity" in wanted else holds.hold_seats
        held = hold(user_id=request.user.id, key=key_from(request, required=False), **wanted)
        if isinstance(held, holds.Replayed):
            return idempotency.replay(held.claim)
        body = present_hold(held.booking, held.seats, held.sale)
        return Response(body, status=201, headers={"Location": f"{request.path}/{held.booking.id}"})


class BookingView(APIView):
    @extend_schema(responses=BookingSerializer)
    def get(self, request: Request, booking_id: UUID) -> Response:
        return Response(present(selectors.booking_for(request.user, booking_id)))

    @extend_schema(request=CancellationRequest, responses=BookingSerializer)
    def delete(self, request: Request, booking_id: UUID) -> Response:
        """Cancels it. Staff give a reason when the booking is somebody else's."""
        booking = selectors.booking_for(request.user, booking_id)
        wanted = {"reason": ""}
        if booking.user_id != request.user.id or request.data:
            wanted = CancellationRequest.parse(request.data or {})
        services.cancel_booking(
            booking_id=booking_id,
            user_id=request.user.id,
            is_staff=request.user.is_staff,
            **wanted,
        )
        return Response(present(selectors.booking_for(request.user, booking_id)))


class HistoryView(APIView):
    @extend_schema(responses=TransitionSerializer(many=True))
    def get(self, request: Request, booking_id: UUID) -> Response:
        history = selectors.history_for(request.user, booking_id)
        return Response({"results": TransitionSerializer(history, many=True).data})


class SeatMapView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(responses=SeatMapSerializer)
    def get(self, _: Request, showtime_id: UUID) -> Response:
        sale, statuses = selectors.seat_map(showtime_id)
        return Response(present_seat_map(sale, statuses))


class BlockedSeatsView(APIView):
    """Seats that managers keep off sale: for the house, or because they are broken."""

    permission_classes = [May("change_seatstatus")]

    @extend_schema(request=SeatsRequest, responses={204: None})
    def post(self, request: Request, showtime_id: UUID) -> Response:
        holds.block_seats(showtime_id=showtime_id, **SeatsRequest.parse(request.data))
        return Response(status=204)

    @extend_schema(request=SeatsRequest, responses={204: None})
    def delete(self, request: Request, showtime_id: UUID) -> Response:
        """Puts them back on sale."""
        inventory.unblock_seats(showtime_id=showtime_id, **SeatsRequest.parse(request.data))
        return Response(status=204)
