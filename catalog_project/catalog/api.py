"""Views: parse, call one service or selector, render. Everyone reads; who writes, STAFF_MAY says."""

from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import scheduling, selectors, services
from catalog.cache import read_through
from catalog.models import Showtime
from catalog.pages import as_json, body_of, dumps, filters_of, list_page, page_of
from catalog.serializers import (
    CancellationFilters,
    MovieFilters,
    MovieInput,
    MovieSerializer,
    PageFilters,
    ScreenInput,
    ScreenSerializer,
    ScreenSummarySerializer,
    ShowtimeChange,
    ShowtimeFilters,
    ShowtimeInput,
    ShowtimeSerializer,
    TheaterDetailSerializer,
    TheaterFilters,
    TheaterInput,
    TheaterSerializer,
)
from chassis.web.permissions import IsSignedIn, caller
from chassis.web.roles import may

VERBS = {"POST": "add", "PATCH": "change", "DELETE": "delete"}


class ReadOnly(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS


class MayEdit(IsSignedIn):
    """POST, PATCH and DELETE take the permission to add, change and delete what the view is about."""

    def has_permission(self, request: Request, view: Any) -> bool:
        permission = f"{VERBS.get(request.method or '', 'change')}_{view.thing}"
        return super().has_permission(request, view) and may(caller(request).roles, permission)


class CatalogView(APIView):
    # The model that the view is about, as permissions name it. No docstring: it would describe every endpoint below.
    thing: ClassVar[str]
    permission_classes = [ReadOnly | MayEdit]


class Movies(CatalogView):
    thing = "movie"

    @extend_schema(operation_id="list_movies", parameters=[MovieFilters], responses=page_of(MovieSerializer), auth=[])
    def get(self, request: Request) -> HttpResponse:
        """Movies, the newest first."""
        answer = list_page(
            request,
            kind="movies",
            filters=MovieFilters,
            ordering=("-release_date", "-id"),
            rows=selectors.list_movies,
            serializer=MovieSerializer,
        )
        return as_json(answer)

    @extend_schema(operation_id="add_movie", request=MovieInput, responses={201: MovieSerializer})
    def post(self, request: Request) -> Response:
        movie = services.add_movie(**body_of(request, MovieInput))
        return Response(MovieSerializer(movie).data, status=201)


class MovieById(CatalogView):
    thing = "movie"

    @extend_schema(operation_id="get_movie", responses=MovieSerializer, auth=[])
    def get(self, _: Request, movie_id: UUID) -> HttpResponse:
        return as_json(
            read_through("movie", str(movie_id), lambda: dumps(MovieSerializer(selectors.get_movie(movie_id)).data))
        )

    @extend_schema(operation_id="change_movie", request=MovieInput, responses=MovieSerializer)
    def patch(self, request: Request, movie_id: UUID) -> Response:
        movie = services.change_movie(movie_id=movie_id, **body_of(request, MovieInput, partial=True))
        return Response(MovieSerializer(movie).data)

    @extend_schema(operation_id="remove_movie", responses={204: None})
    def delete(self, _: Request, movie_id: UUID) -> Response:
        """Only a movie that never had showtimes; else 409."""
        services.remove_movie(movie_id=movie_id)
        return Response(status=204)


class Theaters(CatalogView):
    thing = "theater"

    @extend_schema(
        operation_id="list_theaters", parameters=[TheaterFilters], responses=page_of(TheaterSerializer), auth=[]
    )
    def get(self, request: Request) -> HttpResponse:
        answer = list_page(
            request,
            kind="theaters",
            filters=TheaterFilters,
            ordering=("city", "name"),
            rows=selectors.list_theaters,
            serializer=TheaterSerializer,
        )
        return as_json(answer)

    @extend_schema(operation_id="add_theater", request=TheaterInput, responses={201: TheaterSerializer})
    def post(self, request: Request) -> Response:
        theater = services.add_theater(**body_of(request, TheaterInput))
        return Response(TheaterSerializer(theater).data, status=201)


class TheaterById(CatalogView):
    thing = "theater"

    @extend_schema(operation_id="get_theater", responses=TheaterDetailSerializer, auth=[])
    def get(self, _: Request, theater_id: UUID) -> HttpResponse:
        def load() -> str:
            return dumps(TheaterDetailSerializer(selectors.get_theater(theater_id)).data)

        return as_json(read_through("theater", str(theater_id), load))

    @extend_schema(operation_id="change_theater", request=TheaterInput, responses=TheaterSerializer)
    def patch(self, request: Request, theater_id: UUID) -> Response:
        changes = body_of(request, TheaterInput, partial=True)
        return Response(TheaterSerializer(services.change_theater(theater_id=theater_id, **changes)).data)

    @extend_schema(operation_id="remove_theater", responses={204: None})
    def delete(self, _: Request, theater_id: UUID) -> Response:
        """Only a theater that never had showtimes; else 409."""
        services.remove_theater(theater_id=theater_id)
        return Response(status=204)


class ScreensOfTheater(CatalogView):
    thing = "screen"

    @extend_schema(
        operation_id="list_screens", parameters=[PageFilters], responses=page_of(ScreenSummarySerializer), auth=[]
    )
    def get(self, request: Request, theater_id: UUID) -> HttpResponse:
        answer = list_page(
            request,
            kind="screens",
            filters=PageFilters,
            ordering=("name", "id"),
            rows=lambda: selectors.list_screens(theater_id=theater_id),
            serializer=ScreenSummarySerializer,
        )
        return as_json(answer)

    @extend_schema(operation_id="add_screen", request=ScreenInput, responses={201: ScreenSerializer})
    def post(self, request: Request, theater_id: UUID) -> Response:
        body = body_of(request, ScreenInput)
        screen = services.add_screen(theater_id=theater_id, name=body["name"], places=body["seats"])
        return Response(ScreenSerializer(screen).data, status=201)


class ScreenById(CatalogView):
    thing = "screen"

    @extend_schema(operation_id="get_screen", responses=ScreenSerializer, auth=[])
    def get(self, _: Request, screen_id: UUID) -> HttpResponse:
        """The screen with its layout: the same data that screen.updated tells."""

        def load() -> str:
            return dumps(ScreenSerializer(selectors.get_screen(screen_id)).data)

        return as_json(read_through("screen", str(screen_id), load))

    @extend_schema(operation_id="change_screen", request=ScreenInput, responses=ScreenSerializer)
    def patch(self, request: Request, screen_id: UUID) -> Response:
        """`seats` replaces the layout; a seat of the same row and number stays the same seat."""
        body = body_of(request, ScreenInput, partial=True)
        screen = services.change_screen(screen_id=screen_id, name=body.get("name"), places=body.get("seats"))
        return Response(ScreenSerializer(screen).data)

    @extend_schema(operation_id="remove_screen", responses={204: None})
    def delete(self, _: Request, screen_id: UUID) -> Response:
        """Only a screen that never had showtimes; else 409."""
        services.remove_screen(screen_id=screen_id)
        return Response(status=204)


class Showtimes(CatalogView):
    thing = "showtime"

    @extend_schema(
        operation_id="list_showtimes", parameters=[ShowtimeFilters], responses=page_of(ShowtimeSerializer), auth=[]
    )
    def get(self, request: Request) -> HttpResponse:
        """Showtimes to come, the next first."""
        answer = list_page(
            request,
            kind="showtimes",
            filters=ShowtimeFilters,
            ordering=("starts_at", "id"),
            rows=selectors.list_showtimes,
            serializer=ShowtimeSerializer,
        )
        page = msgspec.json.decode(answer)
        selectors.fill_in_seats_left(page["results"])
        return as_json(dumps(page))

    @extend_schema(operation_id="schedule_showtime", request=ShowtimeInput, responses={201: ShowtimeSerializer})
    def post(self, request: Request) -> Response:
        showtime = scheduling.schedule_showtime(**body_of(request, ShowtimeInput))
        return Response(_shown(showtime), status=201)


class ShowtimeById(CatalogView):
    thing = "showtime"

    @extend_schema(operation_id="get_showtime", responses=ShowtimeSerializer, auth=[])
    def get(self, _: Request, showtime_id: UUID) -> HttpResponse:
        def load() -> str:
            return dumps(ShowtimeSerializer(selectors.get_showtime(showtime_id)).data)

        showtime = msgspec.json.decode(read_through("showtime", str(showtime_id), load))
        selectors.fill_in_seats_left([showtime])
        return as_json(dumps(showtime))

    @extend_schema(operation_id="change_showtime", request=ShowtimeChange, responses=ShowtimeSerializer)
    def patch(self, request: Request, showtime_id: UUID) -> Response:
        """Prices may name only the categories that change. Another movie or screen is another showtime."""
        changes = body_of(request, ShowtimeChange, partial=True)
        return Response(_shown(scheduling.change_showtime(showtime_id=showtime_id, **changes)))

    @extend_schema(operation_id="cancel_showtime", parameters=[CancellationFilters], responses={204: None})
    def delete(self, request: Request, showtime_id: UUID) -> Response:
        """Cancels the showtime: its bookings are cancelled and refunded."""
        reason = filters_of(request, CancellationFilters)["reason"]
        scheduling.cancel_showtime(showtime_id=showtime_id, reason=reason)
        return Response(status=204)


def _shown(showtime: Showtime) -> dict[str, Any]:
    data = ShowtimeSerializer(showtime).data
    selectors.fill_in_seats_left([data])
    return data
