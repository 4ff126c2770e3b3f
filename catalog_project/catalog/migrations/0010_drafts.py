"""Showtimes may be drafts."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0009_tariffs_beside")]

    operations = [
        migrations.AlterField(
            model_name="showtime",
            name="status",
            field=models.CharField(
                choices=[("draft", "draft"), ("scheduled", "scheduled"), ("cancelled", "cancelled")],
                default="scheduled",
                editable=False,
                max_length=10,
            ),
        ),
        AddIndexBeside(
            "showtime",
            models.Index(
                fields=["theater", "starts_at", "id"],
                name="idx_showtimes_drafts",
                condition=models.Q(status="draft"),
            ),
        ),
    ]
