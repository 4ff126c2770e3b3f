"""Cancellations are settled, as moves are: the tick looks at those that may still have an open booking."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0014_staff_pages")]

    operations = [
        migrations.AddField(
            "showtime",
            "swept_at",
            models.DateTimeField(
                editable=False, help_text="When it was cancelled and had no open booking any more.", null=True
            ),
        ),
        migrations.AddField(
            "showtime",
            "settled_at",
            models.DateTimeField(
                editable=False, help_text="When it was cancelled and could not get one any more.", null=True
            ),
        ),
    ]
