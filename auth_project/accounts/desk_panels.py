"""The desk's pages that are put together at auth: its first page, its search, and a customer whole."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from accounts.models import Session, User
from chassis.web.desk import Panel, context, may, panel
from chassis.web.desk_search import LONGEST

SESSIONS_SHOWN = 10
SERVICES = ("payment", "booking", "notify", "catalog", "auth")
TONIGHT = (
    Panel("booking", "Tonight", "houses/", wide=True),
    Panel("payment", "Takings of today", "takings-today/", wide=True),
)
NEEDED = tuple(
    Panel(service, title, "needs/")
    for service, title in zip(SERVICES, ("Payments", "Bookings", "Messages", "Catalog", "Accounts"), strict=True)
)
SEARCHED = (
    ("booking", "Bookings"),
    ("auth", "People"),
    ("payment", "Payments"),
    ("notify", "Messages"),
    ("catalog", "Films and theaters"),
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "accounts/home.html", context(request, "Home", tonight=TONIGHT, needed=NEEDED))


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Whatever staff know of somebody, asked of all services at once; each says what it found."""
    term = request.GET.get("q", "").strip()[:LONGEST]
    asked = f"search/?{urlencode({'q': term})}"
    panels = [Panel(service, title, asked) for service, title in SEARCHED] if term else []
    return TemplateResponse(request, "accounts/search.html", context(request, "Search", q=term, panels=panels))


@require_safe
def customer(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Everything that the services know of somebody."""
    user = get_object_or_404(User, id=user_id)
    below = f"customers/{user.id}"
    zone = user.time_zone or "UTC"
    asked = f"?{urlencode({'zone': zone})}"
    panels = [
        Panel("booking", "Bookings", f"{below}/bookings/", wide=True),
        Panel("payment", "Money", f"{below}/money/{asked}", wide=True),
        Panel("notify", "Messages", f"{below}/messages/{asked}", wide=True),
    ]
    shown = {"customer": user, "panels": panels, "sessions": _sessions_of(request, user), "zone": zone}
    title = user.full_name or user.username
    return TemplateResponse(request, "accounts/customer.html", context(request, title, **shown, **_may(request)))


@require_safe
def person_panel(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Who somebody is, for a page that is about something else of theirs."""
    user = User.objects.filter(id=user_id).first()
    return panel(request, "accounts/person.html", "Customer", customer=user, leads_on=True, **_may(request))


def _sessions_of(request: HttpRequest, user: User) -> list[Session] | None:
    """The newest; None for whoever may not see them."""
    if not may(request, "view_session"):
        return None
    return list(Session.objects.filter(user=user).order_by("-id")[:SESSIONS_SHOWN])


def _may(request: HttpRequest) -> dict[str, Any]:
    return {"may_change": may(request, "change_user")}
