"""Film by film it is known from the index alone whether it is shown in a format."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0016_shown_by_index")]

    operations = [
        AddIndexBeside(
            "showtime",
            models.Index(
                fields=["movie", "status", "starts_at", "id"], include=["format"], name="idx_showtimes_of_a_movie"
            ),
        ),
        RemoveIndexBeside("showtime", "idx_showtimes_of_movie"),
    ]
