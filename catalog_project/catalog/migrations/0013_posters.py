import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_films")]

    operations = [
        migrations.CreateModel(
            name="Poster",
            fields=[
                (
                    "movie",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="poster",
                        serialize=False,
                        to="catalog.movie",
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("sizes", models.JSONField()),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "posters",
                "ordering": ["movie_id"],
                "indexes": [models.Index(fields=["digest"], name="idx_posters_digest")],
            },
        ),
        migrations.CreateModel(
            name="PosterPicture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("width", models.PositiveSmallIntegerField()),
                ("body", models.BinaryField()),
                ("unused_since", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "poster_pictures",
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("unused_since__isnull", False)),
                        fields=["unused_since"],
                        name="idx_poster_pictures_unused",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("digest", "width"), name="a_picture_has_each_width_once")
                ],
            },
        ),
    ]
