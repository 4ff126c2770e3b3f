"""Whoever looks through their open sessions gets them newest first, off the index."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0011_security_keys")]

    operations = [
        AddIndexBeside(
            "session",
            models.Index(fields=["user", "-id"], condition=models.Q(ended_at=None), name="sessions_open_by_age"),
        ),
        RemoveIndexBeside("session", "sessions_open"),
    ]
