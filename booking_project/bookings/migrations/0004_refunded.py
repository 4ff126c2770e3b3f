"""Another thing that happens to a booking: all of its money went back, and not as goodwill. The table stays as it is."""

from django.db import migrations, models

from bookings.domain import Trigger


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_refuse_hold")]

    operations = [
        migrations.AlterField(
            "bookingtransition",
            "trigger",
            models.CharField(choices=[(trigger, trigger) for trigger in Trigger], max_length=32),
        ),
    ]
