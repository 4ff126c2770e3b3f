"""What wordings said before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0013_guest_claims")]

    operations = [
        migrations.CreateModel(
            "WordingVersion",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40)),
                ("channel", models.CharField(max_length=8)),
                ("language", models.CharField(max_length=8)),
                ("number", models.PositiveIntegerField()),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
                ("text", models.TextField()),
                ("saved_by", models.TextField()),
                ("saved_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "wording_versions"},
        ),
        migrations.AddConstraint(
            "WordingVersion",
            models.UniqueConstraint(fields=["code", "channel", "language", "number"], name="wording_versions_in_order"),
        ),
    ]
