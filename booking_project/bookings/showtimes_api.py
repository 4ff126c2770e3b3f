"""What staff ask about a showtime before they change it."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import schema, screen_moves
from bookings.errors import ScreenUnknown, ShowtimeNotFound
from bookings.presentation import present_screen_move
from bookings.theaters import refuse_showtime
from chassis.web.openapi import problems
from chassis.web.permissions import May
from chassis.web.problems import OtherTheater
from chassis.web.theaters import theaters_of
from chassis.web.views import APIView


class ScreenMoveView(APIView):
    permission_classes = [May("view_booking")]

    @problems(ShowtimeNotFound, ScreenUnknown, OtherTheater)
    @extend_schema(
        operation_id="preview_screen_move",
        summary="Read who would sit where in another screen",
        description=(
            "For staff, before catalog moves the showtime to another screen of its theater: whom it reaches, and where "
            "they would sit. The same row and number, else the nearest seat of the same category; couple seats stay "
            "couple seats, and a booking stays together where there is room. Nothing is changed."
        ),
        tags=["seats"],
        responses=schema.ScreenMoveSerializer,
    )
    def get(self, request: Request, showtime_id: UUID, screen_id: UUID) -> Response:
        refuse_showtime(theaters_of(request), showtime_id)
        return Response(present_screen_move(screen_moves.preview(showtime_id, screen_id)))
