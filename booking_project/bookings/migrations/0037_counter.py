"""What staff sell at the counter: how they were paid, and who it was."""

import django.db.models.deletion
from django.db import migrations, models

from bookings import words


class Migration(migrations.Migration):
    dependencies = [("bookings", "0036_desk")]

    operations = [
        migrations.CreateModel(
            "CounterSale",
            [
                (
                    "booking",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="counter_sale",
                        serialize=False,
                        to="bookings.booking",
                    ),
                ),
                ("method", models.CharField(choices=words.counter_methods, max_length=16)),
                (
                    "slip",
                    models.CharField(
                        blank=True, help_text="Number of what the card machine printed.", max_length=11
                    ),
                ),
                (
                    "handed_amount",
                    models.BigIntegerField(
                        help_text="In cash, of the booking's currency; null: not told.", null=True
                    ),
                ),
                ("seller_id", models.UUIDField(help_text="The account at auth of who sold it.")),
                ("seller", models.CharField(max_length=150)),
                ("sold_at", models.DateTimeField()),
            ],
            options={"db_table": "counter_sales"},
        ),
    ]
