"""What a refund means for its booking. Until now a refund of staff left the ticket as it was; the saga's own came after
the end of the booking. A constant default of the database, so that processes of the version before go on as they were.
"""

from django.db import migrations, models

CHOICES = [("cancel", "cancel"), ("goodwill", "goodwill")]


class Migration(migrations.Migration):
    beside_traffic = "of the time before the first release, when no table was large"
    dependencies = [("payments", "0006_card_once")]

    operations = [
        migrations.AddField(
            "refund",
            "kind",
            models.CharField(
                choices=CHOICES,
                db_default="goodwill",
                default="cancel",
                help_text="Whether the booking ends with it.",
                max_length=12,
            ),
        ),
        migrations.RunSQL("UPDATE refunds SET kind = 'cancel' WHERE requested_by = ''", migrations.RunSQL.noop),
    ]
