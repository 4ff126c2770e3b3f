from django.apps import AppConfig


class ChassisConfig(AppConfig):
    name = "chassis"
    label = "chassis"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from chassis import (
            database_metrics,
            openapi,  # noqa: F401  (registers the security scheme with drf-spectacular)
            tracing,
        )

        database_metrics.connect()
        if tracing.ON:
            from chassis import django_spans

            django_spans.connect()
