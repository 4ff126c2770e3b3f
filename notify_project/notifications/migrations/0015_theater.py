"""At which theater a booking is, for staff who are limited to some; null of those from before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0014_wording_versions")]

    operations = [
        migrations.AddField(
            "bookingsummary",
            "theater_id",
            models.UUIDField(null=True, help_text="null: it is not known, and nobody who is limited to theaters sees it."),
        ),
    ]
