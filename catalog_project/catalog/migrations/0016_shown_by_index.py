"""Films are found by their languages, and by where and in which format they are shown, from indexes alone."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0014_found_by_index")]

    operations = [
        AddIndexBeside("movie", GinIndex(fields=["languages"], name="idx_movies_languages")),
        AddIndexBeside(
            "showtime",
            models.Index(fields=["theater", "status", "starts_at", "movie", "format"], name="idx_showtimes_shown"),
        ),
        AddIndexBeside(
            "showtime",
            models.Index(fields=["format", "status", "starts_at", "movie"], name="idx_showtimes_shown_in_format"),
        ),
        AddIndexBeside("showtime", models.Index(fields=["movie", "status", "starts_at", "id"], name="idx_showtimes_of_movie")),
        RemoveIndexBeside("showtime", "idx_showtimes_movie"),
    ]
