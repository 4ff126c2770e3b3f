"""What is answered instead of success: a class with a stable code for each kind. Services add theirs in errors.py."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class Problem(Exception):
    """An answer other than success. Services subclass it in their errors.py with a code of their own.

    detail: a sentence for the person who reads it. errors: [{"pointer", "detail"}], one per bad field.
    headers: of the response. extra: further members of the body.

    For the API document: members, the schemas of those further members, each with an example; codes, where an
    instance chooses its code among several. most_errors: so many of errors are told.
    """

    status: int = 500
    code: str = "internal_error"
    title: str = "Something went wrong on our side"
    members: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    codes: ClassVar[Sequence[str]] = ()
    most_errors: ClassVar[int] = 50

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors
        self.headers = dict(headers or {})
        self.extra = extra


class BadRequest(Problem):
    status = 400
    code = "bad_request"
    title = "The request cannot be understood"


class Unauthenticated(Problem):
    status = 401
    code = "not_authenticated"
    title = "A valid access token is needed"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class PermissionDenied(Problem):
    status = 403
    code = "permission_denied"
    title = "You may not do this"


class OtherTheater(PermissionDenied):
    code = "other_theater"
    title = "You may do this at other theaters, and not at this one"


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = "There is no such thing here"


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = "The state of things does not allow this"


class Unprocessable(Problem):
    status = 422
    code = "unprocessable"
    title = "The request is well-formed but cannot be carried out"


class TooManyRequests(Problem):
    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after: int = 60, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extra)


class ServiceUnavailable(Problem):
    """retry_after in seconds."""

    status = 503
    code = "service_unavailable"
    title = "A part of the system is not available right now"

    def __init__(self, detail: str = "", *, retry_after: int = 2, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extra)


class BadRequestFields(BadRequest):
    code = "invalid"
    title = "A field is missing, unknown or wrong"


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "This method is not allowed here"


class PayloadTooLarge(Problem):
    status = 413
    code = "payload_too_large"
    title = "The body is too large"
