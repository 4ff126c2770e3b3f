"""The HTTP side of the doors: parse, call one service or selector, render."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import doors, schema, selectors
from bookings.errors import (
    ShowtimeNotFound,
    TicketInvalid,
    TicketUnknown,
    TicketUsed,
    TicketVoid,
    WrongShowtime,
)
from bookings.presentation import present_admission, present_revoked
from bookings.theaters import refuse_showtime
from chassis.web.jwks import JwksSerializer
from chassis.web.openapi import problems
from chassis.web.parsing import StrictSerializer, StrictUUIDField
from chassis.web.permissions import May, actor
from chassis.web.problems import OtherTheater
from chassis.web.theaters import theaters_of
from chassis.web.views import APIView


class CheckInRequest(StrictSerializer):
    ticket = serializers.CharField(max_length=4096, help_text="What the code holds: a seat's, or the booking's.")
    showtime_id = StrictUUIDField(help_text="What the door is for.")
    door = serializers.CharField(max_length=64, required=False, default="", help_text="As people know it.")


class CheckInView(APIView):
    permission_classes = [May("check_in_booking")]

    @problems(OtherTheater, TicketInvalid, TicketUnknown, WrongShowtime, TicketVoid, TicketUsed)
    @extend_schema(
        operation_id="check_in_ticket",
        summary="Let somebody in",
        description=(
            "For staff at a door. A seat's ticket lets one person in, once; a booking's all of its people who "
            "are not in yet. 409 says why not: another showtime, the booking ended, or somebody is in with it already, "
            "since when and through which door."
        ),
        tags=["tickets"],
        request=CheckInRequest,
        responses={200: schema.AdmissionSerializer},
        examples=schema.CHECK_IN,
    )
    def post(self, request: Request) -> Response:
        wanted = CheckInRequest.parse(request.data)
        return Response(present_admission(doors.check_in(actor=actor(request), **wanted)))


class RevokedTicketsView(APIView):
    permission_classes = [May("check_in_booking")]

    @problems(ShowtimeNotFound, OtherTheater)
    @extend_schema(
        operation_id="list_revoked_tickets",
        summary="Read the tickets that do not count any more",
        description="For a door that loses its connection: it refuses these, and otherwise goes by the signature.",
        tags=["tickets"],
        responses=schema.RevokedTicketsSerializer,
    )
    def get(self, request: Request, showtime_id: UUID) -> Response:
        refuse_showtime(theaters_of(request), showtime_id)
        return Response(present_revoked(*selectors.revoked_tickets(showtime_id), selectors.reseated_of(showtime_id)))


class TicketKeysView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(
        operation_id="get_ticket_keys",
        summary="Read the public keys of tickets",
        tags=["tickets"],
        responses=JwksSerializer,
        auth=[],
    )
    def get(self, _: Request) -> Response:
        """The public keys that tickets are verified with (RFC 7517)."""
        return Response(settings.TICKET_KEYS.jwks, headers={"Cache-Control": "public, max-age=300"})
