"""For the tests of a service: that everything staff can do there leaves a record of who did it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.test import RequestFactory
from rest_framework.permissions import AllowAny

from chassis.storage.models import AuditRecord
from chassis.testing_pages import pages
from chassis.web.permissions import IsSignedIn

_USUAL = ("changelist", "add", "history", "delete", "change", "export")
_UNSAFE = ("post", "put", "patch", "delete")


def staff_deeds(superuser: Any) -> set[str]:
    """All there is: `POST /refunds` for an endpoint that asks for more than to be signed in, and of the admin site
    `add movie`, `change movie`, `delete movie` for its forms, `cancel showtime` for its actions and `seats showtime`
    for a page of the service's own, by its name.

    superuser: what a page does not offer them it offers to nobody.
    """
    return {*_endpoints(of_everybody=False), *_forms_and_actions(superuser)}


def deeds_of_everybody() -> set[str]:
    """`POST /bookings` for an endpoint that asks for no more than to be signed in, or for nothing at all.

    One of them may still decide by itself what staff may do with it: then it is a deed of theirs as well.
    """
    return {*_endpoints(of_everybody=True)}


def _endpoints(*, of_everybody: bool) -> Iterator[str]:
    for route in import_module(f"{settings.SERVICE_APP}.urls").urlpatterns:
        view = route.callback.view_class
        # A page behind a mailed link is no endpoint of the API, and asks nobody who they are.
        if (set(getattr(view, "permission_classes", ())) <= {AllowAny, IsSignedIn}) is not of_everybody:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(route.pattern))
        yield from (f"{method.upper()} /{path}" for method in _UNSAFE if hasattr(view, method))


def _forms_and_actions(superuser: Any) -> Iterator[str]:
    request = RequestFactory().get("/")
    request.user = superuser
    for model, page in pages().items():
        name = model._meta.model_name
        yield from (
            f"{verb} {name}" for verb in ("add", "change", "delete") if getattr(page, f"has_{verb}_permission")(request)
        )
        yield from (f"{action} {name}" for action in page.get_actions(request))
        yield from (f"{own} {name}" for own in _own_pages(model, page))


def _own_pages(model: type[Model], page: Any) -> Iterator[str]:
    """Beside those that Django has for each model, and chassis its export; what chassis adds to its own models only
    shows."""
    app = model._meta.app_label
    if app != settings.SERVICE_APP:
        return
    usual = {f"{app}_{model._meta.model_name}_{verb}" for verb in _USUAL}
    for route in page.get_urls():
        if route.name and route.name not in usual:
            yield route.name.removeprefix(f"{app}_")


@contextmanager
def leaving_a_record(door: str) -> Iterator[Callable[[], list[AuditRecord]]]:
    """What is done inside is on record with a name, by this door; the records can be asked for afterwards."""
    before = set(AuditRecord.objects.values_list("pk", flat=True))

    def made() -> list[AuditRecord]:
        return list(AuditRecord.objects.exclude(pk__in=before).order_by("pk"))

    yield made
    assert made(), "nothing was written down"
    for entry in made():
        assert entry.door == door
        assert entry.actor_name
        assert entry.actor_id
        assert entry.before is not None or entry.after is not None or entry.reason
