"""Guests: accounts without a password, which whoever proves their address takes over."""

from django.db import migrations, models
from django.db.models.functions import Lower

from accounts.domain import EndReason
from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0007_filters")]

    operations = [
        migrations.AddField(
            "user",
            "is_guest",
            models.BooleanField(
                default=False,
                db_default=False,
                editable=False,
                help_text=(
                    "Somebody who buys without an account: there is no password, and signing in goes by the mailed link."
                ),
            ),
        ),
        migrations.AddField(
            "user",
            "claimed_by",
            models.UUIDField(
                null=True, editable=False, help_text="Of a guest: the account that has what they bought."
            ),
        ),
        migrations.AlterField(
            "session",
            "end_reason",
            models.CharField(blank=True, choices=[(reason, reason) for reason in EndReason], max_length=16),
        ),
        AddIndexBeside(
            "user",
            models.Index(
                Lower("email"),
                models.F("id").desc(),
                condition=models.Q(email_verified_at=None, is_guest=False),
                name="users_claimed_with_password",
            ),
        ),
        AddIndexBeside(
            "user",
            models.Index(
                Lower("email"),
                models.F("id"),
                condition=models.Q(is_guest=True, is_active=True),
                name="users_guests_of_email",
            ),
        ),
    ]
