import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import catalog.validators

LANGUAGE = catalog.validators.language_tag


class Migration(migrations.Migration):
    """More that is said of a film and of a theater, films in other languages, and what they are found by."""

    dependencies = [("catalog", "0010_drafts")]

    operations = [
        migrations.AddField(
            model_name="movie",
            name="original_title",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="In the language it was made in, where that is another title.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="movie",
            name="slug",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Its name in addresses; empty: made of the title. Names that it had go on leading to it.",
                max_length=80,
                validators=[catalog.validators.slug],
            ),
        ),
        migrations.AddField(
            model_name="movie",
            name="text_language",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The language of title and synopsis, as a BCP 47 tag; empty: not known.",
                max_length=15,
                validators=[LANGUAGE],
            ),
        ),
        migrations.AddField(
            model_name="movie",
            name="ratings",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, output_field=models.JSONField()),
                default=dict,
                help_text='Where it has another rating: by country (ISO 3166-1), {"VN": "T16", "DE": "FSK 12"}.',
                validators=[catalog.validators.ratings],
            ),
        ),
        migrations.AddField(
            model_name="movie",
            name="subtitles",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=15, validators=[LANGUAGE]),
                blank=True,
                db_default=models.Value(
                    [],
                    output_field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=15)),
                ),
                default=list,
                help_text="Languages that copies are subtitled in, as BCP 47 tags.",
                size=20,
            ),
        ),
        migrations.AddField(
            model_name="movie",
            name="people",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], output_field=models.JSONField()),
                default=list,
                help_text="Director, writer and cast, in the order in which they are shown.",
                validators=[catalog.validators.people],
            ),
        ),
        migrations.AddField(
            model_name="movie",
            name="trailer_url",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="https alone; a link, nothing of it is shown here.",
                max_length=500,
                validators=[catalog.validators.https_url],
            ),
        ),
        migrations.AddField(
            model_name="movie",
            name="revision",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name="movie",
            name="poster_url",
            field=models.URLField(
                blank=True, help_text="Of a picture elsewhere, while none is uploaded here.", max_length=500
            ),
        ),
        migrations.AddField(
            model_name="theater",
            name="description",
            field=models.TextField(blank=True, db_default="", default="", max_length=5000),
        ),
        migrations.AddField(
            model_name="theater",
            name="latitude",
            field=models.FloatField(
                blank=True,
                help_text="In degrees, north of the equator; with the longitude, or neither.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(-90),
                    django.core.validators.MaxValueValidator(90),
                ],
            ),
        ),
        migrations.AddField(
            model_name="theater",
            name="longitude",
            field=models.FloatField(
                blank=True,
                help_text="In degrees, east of Greenwich.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(-180),
                    django.core.validators.MaxValueValidator(180),
                ],
            ),
        ),
        migrations.AddField(
            model_name="theater",
            name="revision",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.CreateModel(
            name="MovieSlug",
            fields=[
                ("slug", models.CharField(max_length=80, primary_key=True, serialize=False)),
                (
                    "movie",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="slugs", to="catalog.movie"
                    ),
                ),
            ],
            options={"db_table": "movie_slugs", "ordering": ["slug"]},
        ),
        migrations.CreateModel(
            name="MovieText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "language",
                    models.CharField(help_text="A BCP 47 tag: vi, en, zh-Hant.", max_length=15, validators=[LANGUAGE]),
                ),
                ("title", models.CharField(max_length=200)),
                ("synopsis", models.TextField(blank=True, max_length=5000)),
                ("slug", models.CharField(editable=False, max_length=80)),
                (
                    "movie",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="texts",
                        to="catalog.movie",
                    ),
                ),
            ],
            options={
                "db_table": "movie_texts",
                "verbose_name": "translation",
                "ordering": ["movie_id", "language"],
                "indexes": [models.Index(fields=["language"], name="idx_movie_texts_language")],
                "constraints": [
                    models.UniqueConstraint(fields=("movie", "language"), name="a_film_is_told_once_in_each_language")
                ],
            },
        ),
        migrations.CreateModel(
            name="MovieWords",
            fields=[
                (
                    "movie",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="catalog.movie",
                    ),
                ),
                ("names", models.TextField()),
                ("document", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "db_table": "movie_words",
                "ordering": ["movie_id"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("names", name="gin_trgm_ops"),
                        name="idx_movie_words_names",
                    ),
                    django.contrib.postgres.indexes.GinIndex(fields=["document"], name="idx_movie_words_document"),
                ],
            },
        ),
    ]
