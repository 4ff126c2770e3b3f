"""How full showtimes were that are over. Those of before are counted by `manage.py rebuild_occupancies`."""

from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("bookings", "0038_changes_accepted")]

    operations = [
        migrations.CreateModel(
            name="Occupancy",
            fields=[
                ("showtime_id", models.UUIDField(primary_key=True, serialize=False)),
                ("day", models.DateField(help_text="Of its start, by the theater's clock.")),
                ("theater_id", models.UUIDField()),
                ("theater_name", models.CharField(max_length=200)),
                ("film", models.CharField(max_length=300)),
                ("seats", models.PositiveIntegerField(help_text="That could be sold at all.")),
                ("sold", models.PositiveIntegerField()),
                ("let_in", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name_plural": "occupancies",
                "db_table": "occupancies",
                "indexes": [models.Index(fields=["day", "theater_id"], name="occupancies_of_days")],
            },
        ),
    ]
