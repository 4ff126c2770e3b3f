"""A customer says that a change of their showtime suits them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0037_counter")]

    operations = [
        migrations.AddField(
            "booking",
            "accepted_revision",
            models.BigIntegerField(
                db_default=0, default=0, help_text="Of the newest move that its customer said suits them."
            ),
        ),
    ]
