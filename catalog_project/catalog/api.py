"""Views: parse, call one service or selector, render. Everyone reads; who writes, STAFF_MAY says."""

from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import scheduling, schema, selectors, services, unpublished
from catalog.cache import read_through
from catalog.errors import (
    FewerSeats,
    InvalidFields,
    NameTaken,
    ScreenInUse,
    ScreenNotFound,
    ShowtimeIsCancelled,
    ShowtimeNotFound,
    ShowtimeOver,
    ShowtimesOverlap,
    ShowtimeStarted,
    TheaterInUse,
    TheaterNotFound,
)
from catalog.models import Showtime
from catalog.pages import as_json, dumps, list_page, near_page, to_them_alone
from catalog.serializers import (
    CancellationFilters,
    ChangedShowtime,
    LayoutParser,
    NewShowtime,
    ScreenInput,
    ScreenSerializer,
    ScreenSummarySerializer,
    ShowtimeDetailSerializer,
    ShowtimeFilters,
    ShowtimeSerializer,
    TheaterDetailSerializer,
    TheaterFilters,
    TheaterInput,
    TheaterNearbySerializer,
)
from catalog.views import CatalogView
from chassis.web.openapi import page_of, problems
from chassis.web.permissions import actor
from chassis.web.problems import OtherTheater
from chassis.web.queries import PageQuery, takes
from chassis.web.views import created


class Theaters(CatalogView):
    thing = "theater"

    @takes(TheaterFilters)
    @extend_schema(
        operation_id="list_theaters",
        summary="List theaters",
        description="Theaters by city and name; around a point the nearest first, on one page, with `distance_km`.",
        responses=page_of(TheaterNearbySerializer),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        if "near" in self.query:
            return as_json(near_page(request, self.query))
        answer = list_page(
            request,
            kind="theaters",
            filters=self.query,
            ordering=("city", "name", "id"),
            rows=selectors.list_theaters,
            serializer=TheaterNearbySerializer,
        )
        return as_json(answer)

    @problems(OtherTheater, NameTaken)
    @extend_schema(
        operation_id="add_theater",
        summary="Add a theater",
        description="For managers. Its clocks and its currency are those of all its showtimes.",
        request=TheaterInput,
        responses={201: TheaterDetailSerializer},
        examples=schema.THEATER,
    )
    def post(self, request: Request) -> Response:
        theater = services.add_theater(actor=actor(request), **TheaterInput.parse(request.data))
        return created(request, TheaterDetailSerializer(theater).data, f"/theaters/{theater.id}")


class TheaterById(CatalogView):
    thing = "theater"

    @problems(TheaterNotFound)
    @extend_schema(
        operation_id="get_theater",
        summary="Read a theater",
        description="The theater with its screens.",
        responses=TheaterDetailSerializer,
        auth=[],
    )
    def get(self, _: Request, theater_id: UUID) -> HttpResponse:
        def load() -> str:
            return dumps(TheaterDetailSerializer(selectors.get_theater(theater_id)).data)

        return as_json(read_through("theater", str(theater_id), load))

    @problems(OtherTheater, TheaterNotFound, TheaterInUse, NameTaken)
    @extend_schema(
        operation_id="change_theater",
        summary="Change a theater",
        description="Only the members that are given change.",
        request=TheaterInput,
        responses=TheaterDetailSerializer,
        examples=schema.THEATER_CHANGE,
    )
    def patch(self, request: Request, theater_id: UUID) -> Response:
        changes = TheaterInput.parse(request.data, partial=True)
        theater = services.change_theater(theater_id=theater_id, actor=actor(request), **changes)
        return Response(TheaterDetailSerializer(theater).data)

    @problems(OtherTheater, TheaterNotFound, TheaterInUse)
    @extend_schema(
        operation_id="remove_theater",
        summary="Remove a theater",
        responses={204: None},
    )
    def delete(self, request: Request, theater_id: UUID) -> Response:
        """Only a theater that never had showtimes; else 409."""
        services.remove_theater(theater_id=theater_id, actor=actor(request))
        return Response(status=204)


class ScreensOfTheater(CatalogView):
    thing = "screen"
    parser_classes = [LayoutParser]

    @problems(TheaterNotFound)
    @takes(PageQuery)
    @extend_schema(
        operation_id="list_screens",
        summary="List the screens of a theater",
        tags=["screens"],
        description="Screens by name, without their seats.",
        responses=page_of(ScreenSummarySerializer),
        auth=[],
    )
    def get(self, request: Request, theater_id: UUID) -> HttpResponse:
        answer = list_page(
            request,
            kind="screens",
            filters=self.query,
            ordering="name",  # of one theater's screens each has its own
            rows=lambda: selectors.list_screens(theater_id=theater_id),
            serializer=ScreenSummarySerializer,
        )
        return as_json(answer)

    @problems(OtherTheater, TheaterNotFound, InvalidFields, NameTaken)
    @extend_schema(
        operation_id="add_screen",
        summary="Add a screen",
        tags=["screens"],
        description="For managers. A screen is its seats, each at a place of its own.",
        request=ScreenInput,
        responses={201: ScreenSerializer},
        examples=schema.SCREEN,
    )
    def post(self, request: Request, theater_id: UUID) -> Response:
        body = ScreenInput.parse(request.data)
        place = {"theater_id": theater_id, "name": body["name"], "places": body["seats"]}
        screen = services.add_screen(actor=actor(request), **place)
        return created(request, ScreenSerializer(screen).data, f"/screens/{screen.id}")


class ScreenById(CatalogView):
    thing = "screen"
    parser_classes = [LayoutParser]

    @problems(ScreenNotFound)
    @extend_schema(
        operation_id="get_screen",
        summary="Read a screen",
        tags=["screens"],
        responses=ScreenSerializer,
        auth=[],
    )
    def get(self, _: Request, screen_id: UUID) -> HttpResponse:
        """The screen with its layout: the same data that screen.updated tells."""

        def load() -> str:
            return dumps(ScreenSerializer(selectors.get_screen(screen_id)).data)

        return as_json(read_through("screen", str(screen_id), load))

    @problems(OtherTheater, ScreenNotFound, ScreenInUse, InvalidFields, NameTaken)
    @extend_schema(
        operation_id="change_screen",
        summary="Change a screen",
        tags=["screens"],
        request=ScreenInput,
        responses=ScreenSerializer,
        examples=schema.SCREEN_CHANGE,
    )
    def patch(self, request: Request, screen_id: UUID) -> Response:
        """`seats` replaces the layout; a seat of the same row and number stays the same seat."""
        body = ScreenInput.parse(request.data, partial=True)
        changes = {"name": body.get("name"), "places": body.get("seats")}
        screen = services.change_screen(screen_id=screen_id, actor=actor(request), **changes)
        return Response(ScreenSerializer(screen).data)

    @problems(OtherTheater, ScreenNotFound, ScreenInUse)
    @extend_schema(
        operation_id="remove_screen",
        summary="Remove a screen",
        tags=["screens"],
        responses={204: None},
    )
    def delete(self, request: Request, screen_id: UUID) -> Response:
        """Only a screen that never had showtimes; else 409."""
        services.remove_screen(screen_id=screen_id, actor=actor(request))
        return Response(status=204)


class Showtimes(CatalogView):
    thing = "showtime"

    @problems(*unpublished.REFUSALS)
    @takes(ShowtimeFilters)
    @extend_schema(
        operation_id="list_showtimes",
        summary="List showtimes",
        responses=page_of(ShowtimeSerializer),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """Showtimes to come, the next first."""
        if unpublished.is_about_drafts(self.query):
            return to_them_alone(dumps(unpublished.page_of_drafts(request, self.query)))
        answer = list_page(
            request,
            kind="showtimes",
            filters=self.query,
            ordering=("starts_at", "id"),
            rows=selectors.list_showtimes,
            serializer=ShowtimeSerializer,
        )
        page = msgspec.json.decode(answer)
        selectors.fill_in_seats_left(page["results"])
        return as_json(dumps(page))

    @problems(OtherTheater, InvalidFields, ShowtimesOverlap)
    @extend_schema(
        operation_id="schedule_showtime",
        summary="Schedule a showtime",
        description="For managers. Soon after, its seats are for sale.",
        request=NewShowtime,
        responses={201: ShowtimeDetailSerializer},
        examples=schema.SHOWTIME,
    )
    def post(self, request: Request) -> Response:
        showtime = scheduling.schedule_showtime(actor=actor(request), **NewShowtime.parse(request.data))
        return created(request, _shown(showtime), f"/showtimes/{showtime.id}")


class ShowtimeById(CatalogView):
    thing = "showtime"

    @problems(ShowtimeNotFound)
    @extend_schema(
        operation_id="get_showtime",
        summary="Read a showtime",
        description="One showtime, with how many seats are left.",
        responses=ShowtimeDetailSerializer,
        auth=[],
    )
    def get(self, request: Request, showtime_id: UUID) -> HttpResponse:
        if (draft := unpublished.draft(request, showtime_id)) is not None:
            return to_them_alone(dumps(draft))

        def load() -> str:
            return dumps(ShowtimeDetailSerializer(selectors.get_showtime(showtime_id)).data)

        showtime = msgspec.json.decode(read_through("showtime", str(showtime_id), load))
        selectors.fill_in_seats_left([showtime])
        return as_json(dumps(showtime))

    @problems(
        OtherTheater,
        ShowtimeNotFound,
        InvalidFields,
        ShowtimesOverlap,
        ShowtimeStarted,
        ShowtimeIsCancelled,
        FewerSeats,
    )
    @extend_schema(
        operation_id="change_showtime",
        summary="Change a showtime",
        request=ChangedShowtime,
        responses=ShowtimeDetailSerializer,
        examples=schema.SHOWTIME_CHANGE,
    )
    def patch(self, request: Request, showtime_id: UUID) -> Response:
        """Prices may name only the categories that change; they end that it follows a price list, and so does
        `price_list_id` null, with which it costs what it costs now. A draft may get another movie too. Booking says
        beforehand who would sit where in another screen (`preview_screen_move`); where that has fewer seats of a
        category it takes `refund_without_seat`."""
        changes = ChangedShowtime.parse(request.data, partial=True)
        return Response(_shown(scheduling.change_showtime(showtime_id=showtime_id, actor=actor(request), **changes)))

    @problems(OtherTheater, ShowtimeNotFound, ShowtimeOver, ShowtimeIsCancelled)
    @takes(CancellationFilters)
    @extend_schema(
        operation_id="cancel_showtime",
        summary="Cancel a showtime",
        responses={204: None},
    )
    def delete(self, request: Request, showtime_id: UUID) -> Response:
        """Cancels the showtime: its bookings are cancelled and refunded. A draft is removed."""
        scheduling.cancel_showtime(showtime_id=showtime_id, reason=self.query["reason"], actor=actor(request))
        return Response(status=204)


def _shown(showtime: Showtime) -> dict[str, Any]:
    data = ShowtimeDetailSerializer(showtime).data
    selectors.fill_in_seats_left([data])
    return data
