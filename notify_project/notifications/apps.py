from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.apps.registry import apps as apps_now
from django.db.models.signals import post_migrate


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_fill_in_wordings, sender=self)


def _fill_in_wordings(*, apps: Apps = apps_now, **_: Any) -> None:
    """A kind of message that came with this version has its wording before the first of it is written.

    apps: the models as they are after this migration, which need not be the last; `flush` says none.
    """
    from notifications import first_wordings

    first_wordings.fill_in(apps=apps)
