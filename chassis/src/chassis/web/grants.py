"""After each migration the groups, and what they may do, are exactly what the service's STAFF_MAY says."""

import logging
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Model
from django.db.models.signals import post_migrate

from chassis.roles import NOTHING, Everything
from chassis.web.roles import group_names, staff_may

log = logging.getLogger(__name__)

# An advisory lock that nothing else in the database takes.
LOCK = 7_305_216_480


def connect() -> None:
    """For ChassisConfig.ready."""
    # Django sends the signal for one app after the other; with the last, the permissions of all are there.
    last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
    post_migrate.connect(_after_migrate, sender=last, dispatch_uid="chassis.web.grants")
    checks.register(_check_table)


def grant(*, using: str = DEFAULT_DB_ALIAS) -> None:
    """Makes groups and their permissions exactly the table; where they are, nothing changes.

    A group that is no role any more keeps no permission, and goes once nobody is in it.
    """
    from django.contrib.auth.models import Group

    table, names = staff_may(), group_names()
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            # Pods that migrate side by side grant one after the other.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        groups = Group.objects.using(using)
        for name in sorted(names):
            group, _ = groups.get_or_create(name=name)
            group.permissions.set(_ids(table.get(name, NOTHING), using=using))
        strangers = groups.exclude(name__in=names)
        for group in strangers.exclude(permissions=None):
            log.warning("group is no role: its permissions are taken away", extra={"group": group.name})
            group.permissions.clear()
        strangers.filter(user=None).delete()


def _apps() -> list[str]:
    """Whose permissions STAFF_MAY names: the service's own, and the chassis's, for its log of what staff did."""
    return [settings.SERVICE_APP, "chassis"]


def _ids(permissions: frozenset[str] | Everything, *, using: str) -> list[int]:
    """Of those that are there: half way through a service's migrations some of its models are still to come."""
    from django.contrib.auth.models import Permission

    rows = Permission.objects.using(using)
    if not isinstance(permissions, Everything):
        rows = rows.filter(content_type__app_label__in=_apps(), codename__in=permissions)
    return list(rows.values_list("pk", flat=True))


def _after_migrate(*, using: str, apps: Any = apps, **_: Any) -> None:
    """apps: as they are at the end of the migration, which may have gone back to before there were users."""
    try:
        apps.get_model(settings.AUTH_USER_MODEL)
    except LookupError:
        return
    grant(using=using)


def _check_table(**_: Any) -> list[checks.CheckMessage]:
    """A permission that no model of the service has would be granted to nobody, and nobody would be told."""
    models = (model for app in _apps() for model in apps.get_app_config(app).get_models())
    known = {name for model in models for name in _permissions_of(model)}
    named = {name for granted in staff_may().values() if not isinstance(granted, Everything) for name in granted}
    return [
        checks.Error(f"STAFF_MAY names {name}, which is no permission of {settings.SERVICE_APP}", id="chassis.E001")
        for name in sorted(named - known)
    ]


def _permissions_of(model: type[Model]) -> list[str]:
    options = model._meta
    builtin = [get_permission_codename(verb, options) for verb in options.default_permissions]
    return [*builtin, *(name for name, _ in options.permissions)]
