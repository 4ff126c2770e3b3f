"""The HTTP side of exchanges: parse, call one service, render."""

from functools import partial
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import desk, exchange_holds, holds, schema
from bookings.api import HOLD_REFUSED, REFUSED, keep_answer, parse_about, seller_of
from bookings.errors import (
    AddressChanged,
    BookingNotFound,
    CancellationClosed,
    ExchangeOpen,
    NotExchangeable,
    OwnPurchase,
    SecondPersonNeeded,
)
from bookings.presentation import present_exchange_quote, present_hold
from bookings.promo_guesses import guessing
from bookings.serializers import BookingRequest, ExchangeQuoteRequest, ExchangeRequest, StaffExchangeRequest
from chassis.web import idempotency
from chassis.web.gateway import address_of, public_path
from chassis.web.openapi import KEY, problems
from chassis.web.permissions import actor, caller
from chassis.web.problems import OtherTheater, PermissionDenied
from chassis.web.second_factor import SecondFactorNeeded
from chassis.web.views import APIView, created

# Where this service shows what was made.
BOOKINGS = "/bookings"


class ExchangeQuoteSerializer(schema.QuoteSerializer):
    """What an exchange for these seats would come to now."""

    worth = schema.MoneySerializer(help_text="What the booking may pay of it.")
    retained = schema.MoneySerializer(help_text="What is kept of the booking, as of its cancellation.")
    to_pay = schema.MoneySerializer(help_text="What is left to be paid.")
    refund = schema.MoneySerializer(help_text="What comes back.")


class ExchangeView(APIView):
    @problems(
        *REFUSED,
        *HOLD_REFUSED,
        BookingNotFound,
        NotExchangeable,
        CancellationClosed,
        ExchangeOpen,
        PermissionDenied,
        SecondFactorNeeded,
        OwnPurchase,
        AddressChanged,
        SecondPersonNeeded,
        OtherTheater,
    )
    @extend_schema(
        operation_id="exchange_booking",
        summary="Exchange a booking for another showtime of its film",
        description=(
            "Holds seats of the other showtime, as a booking of them does. They are paid with what a cancellation of "
            "the old booking would give back now; what they cost more is paid as any booking is, and what they cost "
            "less comes back. Once that is paid the old booking ends: its seats are free, its tickets let nobody in. "
            "Until then it is as good as before, whatever becomes of the new one. Staff do it for a customer with a "
            "reason, and nothing is kept."
        ),
        request=ExchangeRequest,
        responses={201: schema.BookingSerializer},
        parameters=[KEY],
        examples=schema.EXCHANGE,
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        user = caller(request)
        own, wanted = parse_about(request, booking_id, own=BookingRequest, staff=StaffExchangeRequest)
        key = idempotency.key_from(request, required=False)
        holding: dict[str, Any] = {
            "once": holds.Once(key, partial(keep_answer, path=public_path(request, BOOKINGS)))
            if key is not None
            else None,
            "seller": seller_of(request, wanted["showtime_id"]),
        }
        with guessing(wanted.get("promo_code"), user_id=user.id, address=address_of(request)):
            if own:
                held = exchange_holds.exchange_booking(
                    booking_id=booking_id, user_id=user.id, wanted=wanted, verified=user.email_verified, **holding
                )
            else:
                held = desk.exchange_for_customer(
                    booking_id=booking_id,
                    actor=actor(request),
                    reason=wanted.pop("reason"),
                    wanted=wanted,
                    **holding,
                )
        if isinstance(held, holds.Replayed):
            return idempotency.replay(held.claim)
        return created(request, present_hold(held), f"{BOOKINGS}/{held.booking.id}")


class ExchangeQuoteView(APIView):
    @problems(*REFUSED, BookingNotFound, NotExchangeable, CancellationClosed)
    @extend_schema(
        operation_id="quote_exchange",
        summary="Ask what an exchange comes to",
        description="What these seats cost, what the booking would pay of it now, what is to be paid or comes back.",
        request=ExchangeQuoteRequest,
        responses=ExchangeQuoteSerializer,
        examples=schema.EXCHANGE_QUOTE,
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        wanted = ExchangeQuoteRequest.parse(request.data)
        user = caller(request)
        with guessing(wanted.get("promo_code"), user_id=user.id, address=address_of(request)):
            quoted = exchange_holds.quote_exchange(
                booking_id=booking_id,
                user_id=user.id,
                wanted=wanted,
                by_staff=seller_of(request, wanted["showtime_id"]) is not None,
            )
        return Response(present_exchange_quote(*quoted))
