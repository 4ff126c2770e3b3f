"""Whether a session was begun with a code of a second factor, and who takes one away from whom."""

from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import CASCADE

from accounts.domain import EndReason
from chassis.ids import uuid7


def _account(**more: Any) -> Any:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=CASCADE, related_name="+", **more)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_guests"), ("otp_totp", "0003_add_timestamps"), ("otp_static", "0003_add_timestamps")]

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
        migrations.CreateModel(
            "SecondFactorReset",
            [
                ("id", models.UUIDField(primary_key=True, default=uuid7, editable=False, serialize=False)),
                ("reason", models.CharField(max_length=300)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                ("agreed_at", models.DateTimeField(null=True)),
                ("agreed_by", _account(null=True)),
                ("asked_by", _account()),
                ("user", _account(verbose_name="whose it is")),
            ],
            options={"db_table": "second_factor_resets", "ordering": ["-id"]},
        ),
    ]
