"""What staff filter by has an index of those that few are: they would else be looked for among all there are."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0006_swept_often")]

    operations = [
        AddIndexBeside(
            "user", models.Index(fields=["-id"], condition=models.Q(is_active=False), name="users_not_active")
        ),
        AddIndexBeside(
            "session",
            models.Index(fields=["end_reason", "-id"], condition=~models.Q(end_reason=""), name="sessions_by_end"),
        ),
    ]
