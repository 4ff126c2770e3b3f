from uuid import UUID

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_searches")]

    operations = [
        migrations.CreateModel(
            name="UntoldChange",
            fields=[
                ("subject_id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("movie", "movie"), ("theater", "theater"), ("screen", "screen")], max_length=7
                    ),
                ),
                ("told_up_to", models.UUIDField(default=UUID("00000000-0000-0000-0000-000000000000"))),
                ("changed_at", models.DateTimeField()),
                ("correlation_id", models.CharField(max_length=128)),
                ("traceparent", models.CharField(max_length=55)),
            ],
            options={"db_table": "untold_changes", "ordering": ["changed_at", "subject_id"]},
        ),
    ]
