"""What theaters are called, for a page that knows their ids alone."""

import re
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from catalog.models import Theater
from chassis.theaters import MOST
from chassis.web.desk import panel

# Of those that are not among the ids.
SHOWN = 100


@require_safe
def theaters_panel(request: HttpRequest) -> HttpResponse:
    """Those whose ids stand in `theaters`, with anything between them, and which others there are."""
    ids = _ids_in(request.GET.get("theaters", ""))
    known = Theater.objects.in_bulk(ids)
    others = Theater.objects.exclude(id__in=ids).order_by("city", "name", "id")[:SHOWN]
    chosen = [(id_, known.get(id_)) for id_ in ids]
    return panel(request, "catalog/theaters.html", "Theaters", chosen=chosen, others=others)


def _ids_in(text: str) -> list[UUID]:
    """The first MOST of them, each once."""
    found = []
    for word in re.split(r"[\s,]+", text)[: 2 * MOST]:
        try:
            found.append(UUID(word))
        except ValueError:
            continue
    return list(dict.fromkeys(found))[:MOST]
