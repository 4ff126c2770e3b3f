"""Films are listed by title and rating and found by where they are shown, theaters by where they are."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0013_posters")]

    operations = [
        AddIndexBeside("movie", models.Index(fields=["title", "id"], name="idx_movies_title")),
        AddIndexBeside("movie", models.Index(fields=["rating", "release_date", "id"], name="idx_movies_rating")),
        AddIndexBeside("movie", models.Index(fields=["text_language"], name="idx_movies_text_language")),
        AddIndexBeside("movie", models.Index(condition=models.Q(slug=""), fields=["id"], name="idx_movies_not_named")),
        AddIndexBeside("theater", models.Index(fields=["latitude", "longitude"], name="idx_theaters_place")),
        AddIndexBeside(
            "showtime", models.Index(fields=["movie", "theater", "starts_at"], name="idx_showtimes_movie_theater")
        ),
    ]
