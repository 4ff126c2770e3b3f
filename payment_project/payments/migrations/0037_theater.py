"""At which theater a payment's booking is, for staff who are limited to some; null of those from before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0036_counter_found")]

    operations = [
        migrations.AddField(
            "payment",
            "theater_id",
            models.UUIDField(null=True, help_text="Of its booking; null: it is not known, or only by the receipt."),
        ),
    ]
