"""Titles are found by a part of them, and showtimes by each filter of their list in its order."""

from django.db import migrations, models

from chassis.storage.indexes import by_part_of
from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0005_seats"), ("chassis", "0003_answers")]

    operations = [
        AddIndexBeside("movie", by_part_of("title", name="idx_movies_part_of_title")),
        AddIndexBeside("showtime", models.Index(fields=["theater", "starts_at", "id"], name="idx_showtimes_theater")),
        AddIndexBeside("showtime", models.Index(fields=["language", "starts_at", "id"], name="idx_showtimes_language")),
        AddIndexBeside("showtime", models.Index(fields=["format", "starts_at", "id"], name="idx_showtimes_format")),
        AddIndexBeside("showtime", models.Index(fields=["status", "starts_at", "id"], name="idx_showtimes_status")),
    ]
