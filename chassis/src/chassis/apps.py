from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class ChassisConfig(AppConfig):
    default = True
    name = "chassis"
    label = "chassis"
    verbose_name = "System"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # What answers requests is loaded by who answers them: a worker, a relay and a command start in half the time.
        from chassis.storage import database_metrics
        from chassis.telemetry import tracing
        from chassis.web import grants

        database_metrics.connect()
        grants.connect()
        if tracing.ON:
            from chassis.web import spans

            spans.connect()


class DeskConfig(SimpleAdminConfig):
    """The plain configuration: admin modules are loaded by the web process alone (chassis.urls)."""

    default_site = "chassis.web.sign_in.DeskSite"
