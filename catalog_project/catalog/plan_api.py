"""Views by which a programme is planned: many showtimes at once, copies, drafts. For who may plan, STAFF_MAY says."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import copying, drafts, planning, schema
from catalog.errors import InvalidFields, PlanRefused, TheaterNotFound
from catalog.models import Showtime
from catalog.permissions import AtTheirTheater
from catalog.plan_serializers import (
    BatchInput,
    CopyInput,
    CopySerializer,
    DraftsInput,
    PlannedSerializer,
    PlanParser,
    PlanSerializer,
    PublishInput,
    RemovedSerializer,
    wanted_of,
)
from chassis.web import idempotency
from chassis.web.openapi import KEY, problems
from chassis.web.permissions import May, actor
from chassis.web.problems import OtherTheater
from chassis.web.views import APIView


class BatchOfShowtimes(APIView):
    permission_classes = [May("add_showtime")]
    parser_classes = [PlanParser]

    @problems(OtherTheater, PlanRefused)
    @extend_schema(
        operation_id="plan_showtimes",
        summary="Plan many showtimes at once",
        tags=["showtimes"],
        description=(
            "For managers: all of them or none. `errors` names every row that does not fit, and what is in its way, "
            "among the rows too. Drafts, unless `publish` says otherwise."
        ),
        parameters=[KEY],
        request=BatchInput,
        responses={200: PlanSerializer},
        examples=schema.BATCH,
    )
    def post(self, request: Request) -> Response:
        body = BatchInput.parse(request.data)
        wanted = [wanted_of(item) for item in body.pop("items")]

        def plan(_: UUID) -> Mapping[str, Any]:
            made = planning.plan_showtimes(wanted=wanted, actor=actor(request), **body)
            return _told(made.showtimes, made.errors("/items"), dry_run=body["dry_run"])

        return idempotency.once(request, plan)


class PublishedShowtimes(APIView):
    permission_classes = [May("add_showtime")]
    parser_classes = [PlanParser]

    @problems(OtherTheater, PlanRefused)
    @extend_schema(
        operation_id="publish_showtimes",
        summary="Publish drafts",
        tags=["showtimes"],
        description="All of them or none. One that is scheduled already stays as it is.",
        request=PublishInput,
        responses={200: PlanSerializer},
        examples=schema.DRAFTS,
    )
    def post(self, request: Request) -> Response:
        body = PublishInput.parse(request.data)
        made = drafts.publish_drafts(actor=actor(request), **body)
        return Response(_told(made.showtimes, drafts.errors_of(made), dry_run=body["dry_run"]))


class RemovedDrafts(APIView):
    permission_classes = [May("delete_showtime")]
    parser_classes = [PlanParser]

    @problems(OtherTheater, PlanRefused)
    @extend_schema(
        operation_id="remove_drafts",
        summary="Remove drafts",
        tags=["showtimes"],
        description="All of them or none. What is on sale is cancelled instead.",
        request=DraftsInput,
        responses={200: RemovedSerializer},
        examples=schema.DRAFTS,
    )
    def post(self, request: Request) -> Response:
        body = DraftsInput.parse(request.data)
        return Response({"removed": drafts.remove_drafts(actor=actor(request), **body)})


class CopiedPlan(APIView):
    permission_classes = [May("add_showtime"), AtTheirTheater]

    @problems(OtherTheater, TheaterNotFound, InvalidFields, PlanRefused)
    @extend_schema(
        operation_id="copy_plan",
        summary="Copy a day or a week",
        tags=["showtimes"],
        description=(
            "What is planned or scheduled on those days, again on others, at the same time of the theater's clocks: "
            "all of it or none, unless `leave_out` says otherwise. Drafts, unless `publish` does."
        ),
        parameters=[KEY],
        request=CopyInput,
        responses={200: CopySerializer},
        examples=schema.COPY,
    )
    def post(self, request: Request, theater_id: UUID) -> Response:
        body = CopyInput.parse(request.data)
        days = {"first": body.pop("from"), "screen_ids": body.pop("screens", None)}

        def copy(_: UUID) -> Mapping[str, Any]:
            made = copying.copy_plan(theater_id=theater_id, actor=actor(request), **days, **body)
            return _told(made.plan.showtimes, made.errors(), dry_run=body["dry_run"])

        return idempotency.once(request, copy)


def _told(showtimes: list[Showtime], errors: list[dict[str, str]], *, dry_run: bool) -> Mapping[str, Any]:
    shown = PlannedSerializer(showtimes, many=True).data
    return {"dry_run": dry_run, "showtimes": shown, "errors": errors}
