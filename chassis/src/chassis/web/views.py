"""The view that every service's views are: DRF's, which takes nothing that it was not told of."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rest_framework import views
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.web import limits
from chassis.web.gateway import public_path
from chassis.web.queries import PageQuery, taken_by


class APIView(views.APIView):
    """Query parameters are those of `@takes(...)` at the method; any other is 400, here and for every service.

    query: their values when the method runs, without those that are for the page to read.
    """

    query: dict[str, Any]
    # It admits its requests itself, along with their tokens (chassis.web.limits).
    admits = True

    def looks_up(self, request: Request, user_id: UUID) -> Sequence[str]:
        """Keys of Redis that are looked up along with the caller's token; limits.looked_up() has the values."""
        return ()

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        finally:  # a token that is none counts too
            limits.admit(request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = getattr(self, str(request.method).lower(), None)
        if method is not None and request.method != "OPTIONS":
            wanted = taken_by(method).read(request.query_params)
            self.query = {name: value for name, value in wanted.items() if name not in PageQuery._declared_fields}


class FileView(APIView):
    """Says what it is in the address, whatever the client would rather have; nobody keeps it, so it has no ETag."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)


def created(request: Request, body: Any, path: str) -> Response:
    """201 with what was made; path: where this service shows it from now on."""
    return Response(body, status=201, headers={"Location": public_path(request, path)})
