from typing import Any

from django.apps import AppConfig


class ChassisConfig(AppConfig):
    name = "chassis"
    label = "chassis"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # What answers requests is loaded by who answers them: a worker, a relay and a command start in half the time.
        from django.contrib.auth.signals import user_logged_in

        from chassis.storage import database_metrics
        from chassis.telemetry import tracing
        from chassis.web import grants

        database_metrics.connect()
        grants.connect()
        user_logged_in.connect(_begin_session, dispatch_uid="chassis.web.staff_sessions")
        if tracing.ON:
            from chassis.web import spans

            spans.connect()


def _begin_session(**sent: Any) -> None:
    from chassis.web import staff_sessions

    staff_sessions.begin(**sent)
