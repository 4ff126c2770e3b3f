"""What every page has in common: its policy, and words for what went wrong."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django_redis.exceptions import ConnectionInterrupted

from chassis.storage.redis import RedisUnavailable
from shop import errors_pages
from shop.assets import version_of
from shop.services import Away, Refused, SignedOut

# Nothing from elsewhere, nothing inline. Live seats are a socket of our own origin, which 'self' covers.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


FOR_EVER = "public, max-age=31536000, immutable"


def is_named_by_its_content(request: HttpRequest) -> bool:
    """Whether it is a file of ours, asked for by the hash of what it holds now: another version has another name."""
    files = str(settings.STATIC_URL)
    if not request.path_info.startswith(files):
        return False
    try:
        return request.GET.get("v") == version_of(request.path_info.removeprefix(files))
    except (LookupError, SuspiciousFileOperation):
        return False


class PolicyMiddleware:
    """Says what a page may load, and that it is its reader's alone unless its view says otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        if response.status_code == 200 and is_named_by_its_content(request):
            response["Cache-Control"] = FOR_EVER
        if "Cache-Control" not in response.headers:
            patch_cache_control(response, private=True, no_cache=True)
        return response


class SessionsMiddleware(SessionMiddleware):
    """Django's, but that a session which ends while a request is under way makes no bad request of it."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return errors_pages.session_ended(request, response)


class PartsMiddleware:
    """A part of a page goes nowhere: where it was sent to sign in, say, its page is loaded anew and goes there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "HX-Request" in request.headers and "Location" in response.headers:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return response


class ProblemsInWordsMiddleware:
    """What a service refused, or a service that is away, as a page of the shop, where the view had no better answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        match exc:
            case Away():
                return errors_pages.away(request, exc)
            case RedisUnavailable() | ConnectionInterrupted():
                return errors_pages.away(request, Away("sessions"))
            case SignedOut():
                return errors_pages.signed_out(request)
            case Refused(status=404):
                return errors_pages.not_found(request, exc)
            case Refused():
                return errors_pages.refused(request, exc)
        return None
