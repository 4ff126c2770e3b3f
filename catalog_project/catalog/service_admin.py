"""The base of the pages whose forms save through services (catalog.forms)."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.forms import ServiceForm
from chassis.admin import StaffAdmin, actor_of
from chassis.storage.audit_log import Actor


class ServiceAdmin(StaffAdmin):
    """Saves what the form's service saved, and removes through remove()."""

    recorded_by_service = True

    def remove(self, row: Any, actor: Actor) -> None:
        raise NotImplementedError

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with a row goes by its service; what stays, the service would refuse."""
        deleted, counts, _, _ = super().get_deleted_objects(objs, request)
        kept = [f"{row}: {why}" for row in objs if (why := self.kept_because(row))]
        return deleted, counts, set(), kept

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"actor": actor_of(request)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        assert isinstance(form, ServiceForm)
        obj.pk = form.carry_out().pk
        obj._state.adding = False
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj, actor_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset.order_by("pk"):
            self.remove(row, actor_of(request))
