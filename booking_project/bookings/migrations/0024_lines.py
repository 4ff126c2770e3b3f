"""Tariffs of showtimes, and what bookings were made of. Bookings of before have no lines, and their seats no type."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0023_filters")]

    operations = [
        migrations.AlterModelOptions(
            "booking",
            {
                "permissions": [
                    ("cancel_booking", "Can cancel anybody's booking"),
                    ("check_in_booking", "Can let people in by their tickets"),
                    ("sell_booking", "Can book ticket types that are not sold online"),
                ]
            },
        ),
        migrations.AddField(
            "showtime",
            "tariff",
            models.JSONField(null=True, help_text="Ticket types with their prices, fees, taxes, seller (prices.py)."),
        ),
        migrations.AddField(
            "booking",
            "lines",
            models.JSONField(
                default=list, db_default=[], help_text="What the total is made of, as it was sold (prices.py)."
            ),
        ),
        migrations.AddField(
            "bookingseat",
            "ticket_type",
            models.TextField(db_default="", help_text="The code of the type it was sold as; empty: the only one."),
        ),
        migrations.AddField(
            "bookingseat",
            "ticket_type_name",
            models.TextField(db_default="", help_text="What that type was called then."),
        ),
        migrations.AlterField(
            "bookingseat",
            "price_amount",
            models.BigIntegerField(
                help_text="What the lines of this seat come to, in minor units of the booking's currency."
            ),
        ),
    ]
