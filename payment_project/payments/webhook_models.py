"""What providers have told by webhooks, so that each is taken once."""

from django.db import models


class WebhookDelivery(models.Model):
    """A webhook that was taken: the same one again changes nothing."""

    id = models.CharField(primary_key=True, max_length=192, help_text="The provider, and its own id of the message.")
    provider = models.CharField(max_length=32)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "webhook_deliveries"
        verbose_name_plural = "webhook deliveries"

    def __str__(self) -> str:
        return self.id
