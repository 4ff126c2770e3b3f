"""Pages for what went wrong: what happened, in words, and what to do now."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from chassis.telemetry.correlation import correlation_id
from shop import visitors, words
from shop.forms import page_of, to_sign_in
from shop.services import Away, Refused


def _page(request: HttpRequest, status: int, title: str, said: str, *, form: str = "") -> HttpResponse:
    """form: where the form is that was sent."""
    shown = {"title": title, "said": said, "form": form, "correlation_id": correlation_id()}
    return render(request, "shop/problem.html", shown, status=status)


def away(request: HttpRequest, exc: Away) -> HttpResponse:
    response = _page(request, 503, _("One moment, please"), words.away(exc.name))
    response["Retry-After"] = str(exc.retry_after)
    return response


def signed_out(request: HttpRequest) -> HttpResponse:
    """To the page on which one signs in, and back from there to what was asked for."""
    visitors.sign_out(request)
    return to_sign_in(request, why="unsent" if request.method == "POST" else "ended")


def session_ended(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Another tab has signed in or out while this was under way: what the request has changed of the session is lost.

    The answer stands, and no cookie is set or taken: the other tab's may be there already. Where a form leads on to a
    page of who was signed in, they hear it on the way; one of nobody is sent once more, for it lives in the session.
    """
    if request.method != "POST" or "Location" not in response.headers:
        return response
    if visitors.visitor_of(request) is None:
        return HttpResponse(status=307, headers={"Location": request.get_full_path()})
    return to_sign_in(request, why="underway", onward=response.headers["Location"])


def refused(request: HttpRequest, exc: Refused) -> HttpResponse:
    response = _page(request, exc.status, _("This did not work"), words.problem(exc))
    if exc.retry_after:
        response["Retry-After"] = str(exc.retry_after)
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = _("There is nothing at this address, or not any more. The programme is on the first page.")
    return _page(request, 404, _("Not found"), said)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400, _("This did not work"), _("The address or the form is not complete. Please try again."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, _("This did not work"), _("This page is not for this account."))


def server_error(request: HttpRequest) -> HttpResponse:
    return _page(request, 500, _("This did not work"), _("The fault is ours. Nothing was booked or paid by it."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    match = request.resolver_match
    if match and match.url_name in ("verify", "reset"):
        said = _("Open the link of the mail once more, in a browser that keeps cookies while you do so.")
        return _page(request, 403, _("Nothing was sent"), said)
    said = _("The page was open for too long, or this browser keeps no cookies. Open the form again, and send it.")
    return _page(request, 403, _("Nothing was sent"), said, form=page_of(request))
