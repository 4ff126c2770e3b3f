"""The seats of a payment and of a refund, with what they were sold at. Constant defaults rewrite nothing.

Payments of before know no seats: of those an amount is given back.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_card_last4")]

    operations = [
        migrations.AddField(
            "payment",
            "seats",
            models.JSONField(
                db_default=[],
                default=list,
                help_text="As they were sold, and what became of the money of each (seats.Seat); none: not known.",
            ),
        ),
        migrations.AddField(
            "payment",
            "let_in",
            models.JSONField(
                db_default=[], default=list, help_text="The ids of the seats to which somebody was let in."
            ),
        ),
        migrations.AddField(
            "refund",
            "seats",
            models.JSONField(
                db_default=[],
                default=list,
                help_text="Those that it gives back the money of, with their prices; none: an amount was asked for.",
            ),
        ),
        migrations.AlterField(
            "refund",
            "kind",
            models.CharField(
                choices=[("cancel", "cancel"), ("goodwill", "goodwill")],
                db_default="goodwill",
                default="cancel",
                help_text="Whether the booking ends with it, or its seats are given back.",
                max_length=12,
            ),
        ),
    ]
