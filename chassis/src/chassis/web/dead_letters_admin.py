"""The admin's page of dead letters. It shows no payload: that is for `manage.py dead_letters show`."""

import logging

import amqp
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from chassis.messaging.dead_letter_records import record_taken_out
from chassis.messaging.dead_letters import DeadLetters
from chassis.messaging.worker import service_tables
from chassis.web.in_words import in_words
from chassis.web.staff_admin import actor_of

log = logging.getLogger(__name__)

SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
def dead_letters_view(request: HttpRequest) -> HttpResponse:
    """All staff may look; superusers replay and discard what they tick."""
    letters = DeadLetters(service_tables()[0])
    try:
        if request.method == "POST":
            _act(request, letters)
            return HttpResponseRedirect(request.path)
        found, counts = letters.all(limit=SHOWN), letters.counts()
    except (OSError, amqp.AMQPError) as exc:
        messages.error(request, f"RabbitMQ does not answer ({type(exc).__name__}).")
        found, counts = [], {}
    context = {
        **admin.site.each_context(request),
        "title": "Dead letters",
        "letters": [(letter, in_words(letter.reason)) for letter in found],
        "counts": counts,
        "may_act": _may_act(request),
    }
    return TemplateResponse(request, "chassis/dead_letters.html", context)


def _may_act(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _act(request: HttpRequest, letters: DeadLetters) -> None:
    if not _may_act(request):
        raise PermissionDenied
    chosen = set(request.POST.getlist("id"))
    action = letters.discard if request.POST.get("action") == "discard" else letters.replay
    with transaction.atomic():
        count = action(lambda letter: letter.id in chosen)
        record_taken_out(actor_of(request), action.__name__, chosen=chosen, count=count)
    log.warning(
        "dead letters taken out",
        extra={"action": action.__name__, "count": count, "by": request.user.get_username()},
    )
    messages.success(request, f"{count} {'discarded' if action == letters.discard else 'sent again'}.")
