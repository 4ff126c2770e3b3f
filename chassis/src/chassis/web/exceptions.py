"""Problems as RFC 9457 problem details, whoever raised them: a view, DRF, Django or the database.

The admin is for people: its pages stay HTML.
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import DatabaseError, DataError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.views import defaults
from rest_framework import exceptions as drf

from chassis.storage.database import is_away
from chassis.telemetry.correlation import correlation_id
from chassis.web.gateway import public_path
from chassis.web.problems import (
    BadRequest,
    BadRequestFields,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    Problem,
    ServiceUnavailable,
    Unauthenticated,
)

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


def problem_response(problem: Problem, *, instance: str = "") -> HttpResponse:
    """The problem+json response to a problem; instance is the path it happened at, as the client has it."""
    body: dict[str, Any] = {
        "type": f"urn:marquee:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "instance": instance,
        "correlation_id": correlation_id(),
        **problem.extra,
    }
    if problem.errors is not None:
        body["errors"] = list(problem.errors)[: problem.most_errors]
    return HttpResponse(
        json.dumps(body, default=str),
        status=problem.status,
        content_type=CONTENT_TYPE,
        # no-store also keeps ConditionalGetMiddleware from giving an error an ETag.
        headers={"Cache-Control": "no-store", **problem.headers},
    )


_DRF_CODES: dict[int, type[Problem]] = {
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
}
_TITLES = {
    400: "The request cannot be understood",
    405: "This method is not allowed here",
    406: "No such representation",
    415: "The body must be application/json",
}


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's EXCEPTION_HANDLER: every exception a view may raise, as problem+json; unknown ones are re-raised."""
    request = context.get("request")
    path = public_path(request) if request is not None else ""
    problem = to_problem(exc)
    return None if problem is None else problem_response(problem, instance=path)


def to_problem(exc: Exception) -> Problem | None:
    """The problem an exception stands for; None for one that nobody foresaw."""
    match exc:
        case Problem():
            return exc
        case drf.ValidationError():
            return BadRequestFields(errors=list(field_errors(exc.detail)))
        case drf.APIException():
            return _from_drf(exc)
        case Http404():
            return NotFound()
        case DjangoPermissionDenied():
            return PermissionDenied()
        case RequestDataTooBig():
            return PayloadTooLarge()
        case SuspiciousOperation() | UnreadablePostError():
            return BadRequest()
        case DatabaseError() | InterfaceError() if is_away(exc):
            log.error("database unavailable", extra={"error": type(exc).__name__})
            return ServiceUnavailable("The database is not available right now.")
        case DataError():
            # A value that no column can hold got past a serializer: the caller's mistake, and ours to look at.
            log.error("value refused by the database", exc_info=exc)
            return BadRequest("A value is outside of what can be stored.")
        case _:
            return None


def _from_drf(exc: drf.APIException) -> Problem:
    known = _DRF_CODES.get(exc.status_code)
    if known is not None:
        return known(str(exc.detail))
    codes = exc.get_codes()
    problem = Problem(str(exc.detail))
    problem.status = exc.status_code
    problem.code = codes if isinstance(codes, str) else "invalid"
    problem.title = _TITLES.get(exc.status_code, str(exc.default_detail))
    wait = getattr(exc, "wait", None)
    if wait is not None:
        problem.headers["Retry-After"] = str(int(wait) + 1)
    return problem


def field_errors(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """DRF's nested error details as a flat list of JSON pointers (RFC 6901) and sentences."""
    if isinstance(detail, Mapping):
        found = []
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else "/" + str(name).replace("~", "~0").replace("/", "~1")
            found += field_errors(inner, pointer + step)
        return found
    if isinstance(detail, list):
        found = []
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            found += field_errors(inner, f"{pointer}/{index}" if nested else pointer)
        return found
    return [{"pointer": pointer, "detail": str(detail)}]


def _is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith(f"/admin/{settings.SERVICE_NAME}/")


class ProblemMiddleware:
    """Turns what escapes a view into problem+json, and refuses addresses that no database can look up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return problem_response(BadRequest("An address may not hold NUL."), instance=public_path(request))
        response = self.get_response(request)
        if response.status_code == 405 and not response.content and not _is_admin(request):
            # Django's own decorators answer with an empty page.
            allow = MethodNotAllowed(headers={"Allow": response.headers.get("Allow", "")})
            return problem_response(allow, instance=public_path(request))
        return response

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if _is_admin(request) and isinstance(exc, DataError | ValidationError | OverflowError):
            # No form of ours sends what no column can hold: a key that is none, a number of forty digits.
            log.warning("value refused by an admin page", exc_info=exc)
            return bad_request(request, exc)
        problem = to_problem(exc)
        if problem is None or (_is_admin(request) and not isinstance(problem, ServiceUnavailable)):
            return None
        return problem_response(problem, instance=public_path(request))


def _admin_page(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    """For people: what is the matter, and a way back. It asks no database, which may be what is the matter."""
    site = settings.SERVICE_TITLE
    shown = {"title": title, "words": words, "site_header": site, "site_title": site}
    return HttpResponse(render_to_string("chassis/refused.html", shown, request), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_admin(request):
        words = "The address or the form holds what this page does not ask for."
        return _admin_page(request, 400, "This cannot be understood", words)
    return problem_response(to_problem(exception) or BadRequest(), instance=public_path(request))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_admin(request):
        words = str(exception) or "Your account has no right to do this. Whoever gives out roles can say who has."
        return _admin_page(request, 403, "This is not done", words)
    return problem_response(PermissionDenied(), instance=public_path(request))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_admin(request):
        return _admin_page(request, 404, "There is no such page", "What was here may have been taken away since.")
    return problem_response(NotFound(), instance=public_path(request))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the exception, which may come from a middleware: a session's query, say."""
    exc = sys.exception()
    problem = to_problem(exc) if isinstance(exc, Exception) else None
    if problem is None and _is_admin(request):
        return defaults.server_error(request)
    return problem_response(problem or Problem(), instance=public_path(request))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _is_admin(request):
        words = "The page was open for too long, or somebody signed in or out meanwhile. Load it again, then send it."
        return _admin_page(request, 403, "Nothing was done", words)
    return problem_response(PermissionDenied("The request lacks a valid CSRF token."), instance=public_path(request))
