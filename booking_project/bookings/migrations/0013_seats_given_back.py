"""Seats that are given back while their booking goes on. Of bookings of before every seat is there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0012_with_card")]

    operations = [
        migrations.AddField(
            "bookingseat",
            "given_back_at",
            models.DateTimeField(help_text="When it went back on sale, its booking going on.", null=True),
        ),
    ]
