from django.apps import AppConfig


class ChassisConfig(AppConfig):
    name = "chassis"
    label = "chassis"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from chassis.storage import database_metrics
        from chassis.telemetry import tracing
        from chassis.web import grants, openapi, staff_sessions  # noqa: F401  (openapi registers a security scheme)

        database_metrics.connect()
        grants.connect()
        staff_sessions.connect()
        if tracing.ON:
            from chassis.web import spans

            spans.connect()
