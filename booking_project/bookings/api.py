"""The HTTP side: parse, call one service or selector, render."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import blocks, desk, endings, extensions, holds, quotes, schema, selectors
from bookings.errors import (
    AccompaniedAlone,
    AddressChanged,
    AddressNotVerified,
    BookingNotFound,
    CancellationClosed,
    CompanionAlone,
    CoupleSeatSplit,
    ExchangeUnderWay,
    HeldTooOften,
    HoldExtended,
    HoldOver,
    NotCancellable,
    NotEnoughSeats,
    NotExtendable,
    OrphanSeat,
    OwnPurchase,
    SalesClosed,
    SeatUnavailable,
    SecondPersonNeeded,
    ShowtimeNotFound,
    ShowtimeUnknown,
    TicketTypeNotOnline,
    TicketTypeNotSold,
    TooManyHolds,
    TooManyHoldsInAll,
    TotalTooLarge,
    UnknownSeat,
    UnknownTicketType,
)
from bookings.presentation import (
    present_booking,
    present_cancellation,
    present_hold,
    present_quote,
    present_seat_map,
    present_transition,
)
from bookings.promo_errors import PromoCodeInvalid, PromoCodeUnfit, PromoCodeUsedUp, TooManyGuesses
from bookings.promo_guesses import guessing, marks
from bookings.schema import BookingSerializer
from bookings.serializers import BookingRequest, WantedSerializer
from bookings.theaters import showtimes_at
from chassis.storage.audit_log import Actor
from chassis.web import idempotency
from chassis.web.gateway import address_of, public_path
from chassis.web.limits import looked_up
from chassis.web.openapi import KEY, problems
from chassis.web.pages import CursorPage
from chassis.web.parsing import StrictSerializer, StrictUUIDField
from chassis.web.permissions import May, actor, caller
from chassis.web.problems import OtherTheater, PermissionDenied
from chassis.web.queries import PageQuery, takes
from chassis.web.second_factor import SecondFactorNeeded
from chassis.web.views import APIView, created

# What may stand against what somebody asks for, whether they book it or ask what it costs.
REFUSED = (
    NotEnoughSeats,
    UnknownSeat,
    UnknownTicketType,
    TicketTypeNotSold,
    TicketTypeNotOnline,
    AccompaniedAlone,
    TotalTooLarge,
    ShowtimeNotFound,
    ShowtimeUnknown,
    PromoCodeInvalid,
    PromoCodeUnfit,
    PromoCodeUsedUp,
    TooManyGuesses,
)
# And against holding it.
HOLD_REFUSED = (
    SeatUnavailable,
    OrphanSeat,
    CoupleSeatSplit,
    CompanionAlone,
    SalesClosed,
    TooManyHolds,
    TooManyHoldsInAll,
    HeldTooOften,
    AddressNotVerified,
)
# The permission to book what is not sold online.
SELL = "sell_booking"


class SeatsRequest(StrictSerializer):
    seat_ids = serializers.ListField(child=StrictUUIDField(), min_length=1, max_length=500)
    reason = serializers.CharField(max_length=300, required=False, help_text="A note among staff, kept in the log.")


class CancellationRequest(StrictSerializer):
    reason = serializers.CharField(max_length=300, help_text="From staff: a note that the customer does not see.")
    message = serializers.CharField(
        max_length=500, required=False, help_text="From staff alone: what the customer is told of it."
    )


class OwnCancellationRequest(StrictSerializer):
    reason = serializers.CharField(max_length=300, required=False)


class BookingsQuery(PageQuery):
    user_id = StrictUUIDField(required=False, help_text="Staff only: whose bookings.")
    reference = serializers.CharField(max_length=12, required=False, help_text="That booking alone.")
    email = serializers.CharField(max_length=254, required=False, help_text="Staff only: whose bookings.")


class NewestFirst(CursorPage):
    ordering = "-id"


class BookingListView(APIView):
    def looks_up(self, request: Request, user_id: UUID) -> Sequence[str]:
        """Whether they have been wrong about promo codes too often."""
        return marks(user_id, address_of(request)) if request.method == "POST" else ()

    @takes(BookingsQuery)
    @extend_schema(
        operation_id="list_bookings",
        summary="List bookings",
        description="One's own, the newest first; staff may read those of a user, or of a reference.",
        responses=schema.BOOKINGS,
    )
    def get(self, request: Request) -> Response:
        found = selectors.bookings_of(
            caller(request),
            owner_id=self.query.get("user_id"),
            **{name: self.query.get(name) for name in ("reference", "email")},
        )
        pages = NewestFirst()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response([present_booking(booking) for booking in page])

    @problems(*REFUSED, *HOLD_REFUSED)
    @extend_schema(
        operation_id="book_seats",
        summary="Book seats",
        description=(
            "Holds the seats for five minutes. With a payment method it is paid at once: the booking is PENDING, and "
            "soon CONFIRMED or FAILED. Without one, `POST /payments` pays it while the hold lasts; more than a few "
            "seats are held like that only for a verified e-mail address. What costs nothing needs no payment: it is "
            "CONFIRMED by itself."
        ),
        request=BookingRequest,
        responses={201: BookingSerializer},
        parameters=[KEY],
        examples=schema.BOOK,
    )
    def post(self, request: Request) -> Response:
        wanted = BookingRequest.parse(request.data)
        hold = holds.hold_best_seats if "quantity" in wanted else holds.hold_seats
        key = idempotency.key_from(request, required=False)
        once = holds.Once(key, partial(keep_answer, path=public_path(request))) if key is not None else None
        customer = caller(request)
        known, address = looked_up(request), address_of(request)
        with guessing(wanted.get("promo_code"), user_id=customer.id, address=address, known=known):
            held = hold(
                user_id=customer.id,
                verified=customer.email_verified,
                seller=seller_of(request, wanted["showtime_id"]),
                once=once,
                **wanted,
            )
        if isinstance(held, holds.Replayed):
            return idempotency.replay(held.claim)
        return created(request, present_hold(held), f"{request.path}/{held.booking.id}")


def seller_of(request: Request, showtime_id: UUID) -> Actor | None:
    """Who of staff asks, if they sell at the theater of this showtime what is not sold online."""
    user = caller(request)
    if not user.may(SELL):
        return None
    theirs = user.theaters is None or showtimes_at(user.theaters).filter(id=showtime_id).exists()
    return actor(request) if theirs else None


def keep_answer(claim: idempotency.Claim, held: holds.Held, *, path: str) -> None:
    """For repetitions of the request. path: of bookings, through the gateway."""
    location = {"Location": f"{path}/{held.booking.id}"}
    idempotency.complete(claim, status=201, body=present_hold(held), headers=location)


class BookingView(APIView):
    @problems(BookingNotFound)
    @extend_schema(
        operation_id="get_booking",
        summary="Read a booking",
        description="One's own, or any for staff.",
        responses=BookingSerializer,
    )
    def get(self, request: Request, booking_id: UUID) -> Response:
        return Response(present_booking(selectors.booking_for(caller(request), booking_id)))

    @problems(
        BookingNotFound,
        NotCancellable,
        ExchangeUnderWay,
        CancellationClosed,
        PermissionDenied,
        SecondFactorNeeded,
        OwnPurchase,
        AddressChanged,
        SecondPersonNeeded,
    )
    @extend_schema(
        operation_id="cancel_booking",
        summary="Cancel a booking",
        description=(
            "One's own by the theater's rules. Staff cancel somebody else's with a reason, and all of it is paid back; "
            "not that of an account whose address they changed within a day."
        ),
        request=CancellationRequest,
        responses={200: BookingSerializer},
        examples=schema.CANCEL,
    )
    def delete(self, request: Request, booking_id: UUID) -> Response:
        user = caller(request)
        own, wanted = parse_about(request, booking_id, own=OwnCancellationRequest, staff=CancellationRequest)
        if own:
            outcome = endings.cancel_booking(booking_id=booking_id, user_id=user.id, **wanted)
        else:
            outcome = desk.cancel_for_customer(booking_id=booking_id, actor=actor(request), **wanted)
        return Response(present_booking(selectors.booking_for(user, booking_id), outcome))


def parse_about(
    request: Request, booking_id: UUID, *, own: type[StrictSerializer], staff: type[StrictSerializer]
) -> tuple[bool, dict[str, Any]]:
    """Whether the booking is the caller's own, and what is sent to end it: by its customer, or by staff.

    Parsed before it is looked for, so a bad body is no different where there is no such booking. Raises
    ValidationError, BookingNotFound, and PermissionDenied where somebody else's may be read and not ended.
    """
    user = caller(request)
    is_own, may_end = selectors.is_own(user, booking_id), user.may("cancel_booking")
    wanted = (staff if may_end and not is_own else own).parse(request.data)
    if not is_own:
        selectors.booking_for(user, booking_id)
        if not may_end:
            raise PermissionDenied
    return is_own, wanted


class CancellationView(APIView):
    @problems(BookingNotFound)
    @extend_schema(
        operation_id="preview_cancellation",
        summary="Read what a cancellation gives back",
        description="What comes back if its customer cancels now, what is kept and why, and until when that holds.",
        responses=schema.CancellationSerializer,
    )
    def get(self, request: Request, booking_id: UUID) -> Response:
        booking = selectors.booking_for(caller(request), booking_id)
        return Response(present_cancellation(booking, endings.cancellation_of(booking)))


class ExtensionView(APIView):
    @problems(BookingNotFound, HoldExtended, HoldOver, NotExtendable, SalesClosed)
    @extend_schema(
        operation_id="extend_hold",
        summary="Hold the seats for longer",
        description=(
            "Once, while the seats are held and not paid: for five minutes from now, and at the most until sales close."
        ),
        request=None,
        responses={200: BookingSerializer},
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        return Response(present_booking(extensions.extend_hold(booking_id=booking_id, user_id=caller(request).id)))


class HistoryView(APIView):
    @problems(BookingNotFound)
    @extend_schema(
        operation_id="get_booking_history",
        summary="Read what happened to a booking",
        description="Each change of its status with its cause, the oldest first.",
        responses=schema.HistorySerializer,
    )
    def get(self, request: Request, booking_id: UUID) -> Response:
        user = caller(request)
        booking = selectors.booking_for(user, booking_id)
        to_staff = user.may(selectors.SEE_ALL) and booking.user_id != user.id
        lines = [
            present_transition(line, owner_id=booking.user_id, to_staff=to_staff) for line in booking.history.all()
        ]
        return Response({"results": lines})


class QuoteView(APIView):
    permission_classes = [AllowAny]

    @problems(*REFUSED)
    @extend_schema(
        operation_id="quote_seats",
        summary="Ask what seats cost",
        description=(
            "Each line of what a booking of these seats would come to now. Nothing is held: seats that are named may "
            "be taken, and the best available ones may be others a moment later."
        ),
        tags=["seats"],
        request=WantedSerializer,
        responses=schema.QuoteSerializer,
        examples=schema.QUOTE,
    )
    def post(self, request: Request, showtime_id: UUID) -> Response:
        wanted = WantedSerializer.parse(request.data)
        quote = quotes.quote_best_seats if "quantity" in wanted else quotes.quote_seats
        customer = caller(request) if request.user is not None else None
        user_id = customer.id if customer else None
        by_staff = customer is not None and seller_of(request, showtime_id) is not None
        with guessing(wanted.get("promo_code"), user_id=user_id, address=address_of(request)):
            quoted = quote(showtime_id=showtime_id, user_id=user_id, by_staff=by_staff, **wanted)
        return Response(present_quote(quoted))


class SeatMapView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @problems(ShowtimeNotFound, ShowtimeUnknown)
    @extend_schema(
        operation_id="get_seat_map",
        summary="Read the seat map of a showtime",
        description="Every seat with its place, price and status. It may be a second old.",
        tags=["seats"],
        responses=schema.SeatMapSerializer,
    )
    def get(self, _: Request, showtime_id: UUID) -> Response:
        sale, statuses = selectors.seat_map(showtime_id)
        return Response(present_seat_map(sale, statuses))


class BlockedSeatsView(APIView):
    """Seats that managers keep off sale: for the house, or because they are broken."""

    permission_classes = [May("change_seatstatus")]

    @problems(SeatUnavailable, UnknownSeat, ShowtimeNotFound, ShowtimeUnknown, OtherTheater)
    @extend_schema(
        operation_id="block_seats",
        summary="Take seats off sale",
        tags=["seats"],
        request=SeatsRequest,
        responses={204: None},
        examples=schema.SEATS_OFF_SALE,
    )
    def post(self, request: Request, showtime_id: UUID) -> Response:
        blocks.block_seats(showtime_id=showtime_id, actor=actor(request), **SeatsRequest.parse(request.data))
        return Response(status=204)

    @problems(OtherTheater)
    @extend_schema(
        operation_id="unblock_seats",
        summary="Put seats back on sale",
        tags=["seats"],
        request=SeatsRequest,
        responses={204: None},
        examples=schema.SEATS_OFF_SALE,
    )
    def delete(self, request: Request, showtime_id: UUID) -> Response:
        """Puts them back on sale."""
        blocks.unblock_seats(showtime_id=showtime_id, actor=actor(request), **SeatsRequest.parse(request.data))
        return Response(status=204)
