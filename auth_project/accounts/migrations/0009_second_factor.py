"""Whether a session was begun with a code of a second factor."""

from django.db import migrations, models

from accounts.domain import EndReason


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_guests")]

    operations = [
        migrations.AddField(
            "session",
            "by_code",
            models.BooleanField(
                default=False, db_default=False, help_text="Whether they gave a code of their second factor."
            ),
        ),
        migrations.AlterField(
            "session",
            "end_reason",
            models.CharField(blank=True, choices=[(reason, reason) for reason in EndReason], max_length=16),
        ),
    ]
