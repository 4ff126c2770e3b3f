"""Drafts, shown through the API to who may plan, and to nobody else; never from the cache."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from catalog import selectors
from catalog.domain import ShowtimeStatus
from catalog.serializers import ShowtimeSerializer
from chassis.web.pages import CursorPage
from chassis.web.permissions import caller
from chassis.web.problems import PermissionDenied, Unauthenticated
from chassis.web.roles import may
from chassis.web.theaters import may_at, theaters_of

REFUSALS = (Unauthenticated, PermissionDenied)


def is_about_drafts(filters: Mapping[str, Any]) -> bool:
    return filters.get("status") == ShowtimeStatus.DRAFT


def may_plan(request: Request) -> bool:
    return bool(request.user and request.user.is_authenticated) and may(caller(request).roles, "change_showtime")


def page_of_drafts(request: Request, filters: Mapping[str, Any]) -> dict[str, Any]:
    """Like the list of showtimes. Raises Unauthenticated, PermissionDenied."""
    if not may_plan(request):
        raise PermissionDenied if request.user and request.user.is_authenticated else Unauthenticated
    pages = CursorPage(ordering=("starts_at", "id"))
    drafts, theaters = selectors.list_showtimes(**filters), theaters_of(request)
    if theaters is not None:
        drafts = drafts.filter(theater_id__in=theaters)
    page = pages.paginate_queryset(drafts, request)
    shown: dict[str, Any] = pages.get_paginated_response(ShowtimeSerializer(page, many=True).data).data
    return shown


def draft(request: Request, showtime_id: UUID) -> dict[str, Any] | None:
    """The draft with that id; None where there is none, or who asks may not see it."""
    found = selectors.find_draft(showtime_id) if may_plan(request) else None
    return ShowtimeSerializer(found).data if found is not None and may_at(request, found.theater_id) else None
