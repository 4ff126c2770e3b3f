"""Who may change the catalog: by the method of the request and what the view is about."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from chassis.web.permissions import IsSignedIn, caller
from chassis.web.problems import OtherTheater
from chassis.web.roles import may
from chassis.web.theaters import may_at

VERBS = {**dict.fromkeys(SAFE_METHODS, "view"), "POST": "add", "PATCH": "change", "DELETE": "delete"}


class ReadOnly(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS


class AtTheirTheater(BasePermission):
    """Whoever is limited to theaters reads and does there what staff alone do of the theater in the address."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not may_at(request, view.kwargs["theater_id"]):
            raise OtherTheater
        return True


class MayEdit(IsSignedIn):
    """GET, POST, PATCH and DELETE take the permission to view, add, change and delete what the view is about."""

    def has_permission(self, request: Request, view: Any) -> bool:
        permission = f"{VERBS.get(request.method or '', 'change')}_{view.thing}"
        return super().has_permission(request, view) and may(caller(request).roles, permission)
