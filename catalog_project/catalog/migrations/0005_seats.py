from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_lists_by_index")]

    operations = [
        migrations.AddField(
            model_name="theater",
            name="accessible_places",
            field=models.CharField(
                choices=[("on_request", "on request"), ("anybody", "anybody")],
                db_default="on_request",
                default="on_request",
                help_text=(
                    "Wheelchair places: for those who ask for them, companions with them; or for anybody, like any seat."
                ),
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="BlockedSeats",
            fields=[
                ("showtime_id", models.UUIDField(primary_key=True, serialize=False)),
                ("seats", models.PositiveSmallIntegerField()),
                ("revision", models.BigIntegerField()),
                ("updated_at", models.DateTimeField()),
            ],
            options={"db_table": "showtime_blocked_seats", "verbose_name_plural": "blocked seats"},
        ),
    ]
