"""The last four digits of the card that pays, which staff look a booking up by. A constant default rewrites nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_sealed_tokens")]

    operations = [
        migrations.AddField(
            "payment",
            "card_last4",
            models.CharField(blank=True, db_default="", default="", help_text="Of the card that pays.", max_length=4),
        ),
    ]
