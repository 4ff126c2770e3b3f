from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payment"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A provider that nobody knows stops the boot, not the first customer."""
        from payments import gateways

        gateways.check()
