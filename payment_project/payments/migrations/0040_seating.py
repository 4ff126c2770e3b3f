"""Seats are named as the booking has them now."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0039_pay_outs_found")]

    operations = [
        migrations.AlterField(
            "payment",
            "seats",
            models.JSONField(
                db_default=[],
                default=list,
                help_text="As they were sold, where they are, and what became of their money (seats.Seat); none: not known.",
            ),
        ),
        migrations.AddField(
            "payment",
            "seating",
            models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Which seating of the booking its seats are named by; each other one has a larger number.",
            ),
        ),
    ]
