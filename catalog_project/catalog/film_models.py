"""Films, what they are called in which language, and their posters; models.py has what they are shown in."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from catalog import validators
from catalog.film_rules import SLUG_LENGTH
from chassis.ids import uuid7
from chassis.storage.indexes import by_part_of


class Movie(models.Model):
    """title, synopsis and slug are the original ones; MovieText has those of other languages.

    slug: "" only until the clock's minute has named a film that a version before wrote. revision counts its changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(max_length=200)
    original_title = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="In the language it was made in, where that is another title.",
    )
    slug = models.CharField(
        max_length=SLUG_LENGTH,
        blank=True,
        default="",
        db_default="",
        validators=[validators.slug],
        help_text="Its name in addresses; empty: made of the title. Names that it had go on leading to it.",
    )
    text_language = models.CharField(
        max_length=15,
        blank=True,
        default="",
        db_default="",
        validators=[validators.language_tag],
        help_text="The language of title and synopsis, as a BCP 47 tag; empty: not known.",
    )
    synopsis = models.TextField(max_length=5000, blank=True)
    duration_minutes = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(900)])
    rating = models.CharField(max_length=10, blank=True, help_text="Age rating: P, T16, PG-13.")
    ratings = models.JSONField(
        blank=True,
        default=dict,
        db_default=models.Value({}, output_field=models.JSONField()),
        validators=[validators.ratings],
        help_text='Where it has another rating: by country (ISO 3166-1), {"VN": "T16", "DE": "FSK 12"}.',
    )
    genres = ArrayField(models.CharField(max_length=30, validators=[validators.genre]), size=10)
    languages = ArrayField(
        models.CharField(max_length=15, validators=[validators.language_tag]),
        size=20,
        help_text="Spoken languages that copies exist in, as BCP 47 tags: vi, en, ja.",
    )
    subtitles = ArrayField(
        models.CharField(max_length=15, validators=[validators.language_tag]),
        size=20,
        blank=True,
        default=list,
        db_default=models.Value([], output_field=ArrayField(models.CharField(max_length=15))),
        help_text="Languages that copies are subtitled in, as BCP 47 tags.",
    )
    people = models.JSONField(
        blank=True,
        default=list,
        db_default=models.Value([], output_field=models.JSONField()),
        validators=[validators.people],
        help_text="Director, writer and cast, in the order in which they are shown.",
    )
    release_date = models.DateField()
    trailer_url = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        validators=[validators.https_url],
        help_text="https alone; a link, nothing of it is shown here.",
    )
    poster_url = models.URLField(
        max_length=500, blank=True, help_text="Of a picture elsewhere, while none is uploaded here."
    )
    revision = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "movies"
        verbose_name = "film"
        ordering = ["-release_date", "-id"]
        indexes = [
            models.Index(fields=["release_date", "id"], name="idx_movies_release_date"),
            models.Index(fields=["title", "id"], name="idx_movies_title"),
            models.Index(fields=["rating", "release_date", "id"], name="idx_movies_rating"),
            models.Index(fields=["text_language"], name="idx_movies_text_language"),
            models.Index(fields=["id"], condition=models.Q(slug=""), name="idx_movies_not_named"),
            GinIndex(fields=["genres"], name="idx_movies_genres"),
            GinIndex(fields=["languages"], name="idx_movies_languages"),
            by_part_of("title", name="idx_movies_part_of_title"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def picture(self) -> "Poster | None":
        """The poster that was uploaded, if one was; one statement, unless it was fetched along."""
        try:
            return self.poster
        except Poster.DoesNotExist:
            return None


class MovieText(models.Model):
    """A film's title and synopsis in another language, and its name in addresses there."""

    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="texts", db_index=False)
    language = models.CharField(
        max_length=15, validators=[validators.language_tag], help_text="A BCP 47 tag: vi, en, zh-Hant."
    )
    title = models.CharField(max_length=200)
    synopsis = models.TextField(max_length=5000, blank=True)
    slug = models.CharField(max_length=SLUG_LENGTH, editable=False)

    class Meta:
        db_table = "movie_texts"
        verbose_name = "translation"
        ordering = ["movie_id", "language"]
        constraints = [
            models.UniqueConstraint(fields=["movie", "language"], name="a_film_is_told_once_in_each_language")
        ]
        indexes = [models.Index(fields=["language"], name="idx_movie_texts_language")]

    def __str__(self) -> str:
        return f"{self.language}: {self.title}"


class MovieSlug(models.Model):
    """Every name in addresses that a film has, or ever had, in any language; no other film gets it."""

    slug = models.CharField(primary_key=True, max_length=SLUG_LENGTH)
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="slugs")

    class Meta:
        db_table = "movie_slugs"
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class MovieWords(models.Model):
    """What a film is found by (catalog.finding), without accents and capitals, written with each change of it.

    names: its titles in all languages and its people. document: these and what it is about, as words.
    """

    movie = models.OneToOneField(Movie, primary_key=True, on_delete=models.CASCADE, related_name="words")
    names = models.TextField()
    document = SearchVectorField()

    class Meta:
        db_table = "movie_words"
        ordering = ["movie_id"]
        indexes = [
            GinIndex(OpClass("names", name="gin_trgm_ops"), name="idx_movie_words_names"),
            GinIndex(fields=["document"], name="idx_movie_words_document"),
        ]

    def __str__(self) -> str:
        return self.names


class Poster(models.Model):
    """The picture of a film: sizes as [[width, height], ...], the smallest first; its bytes are PosterPictures.

    digest: SHA-256, in hex, of these bytes, one size after the other.
    """

    movie = models.OneToOneField(Movie, primary_key=True, on_delete=models.CASCADE, related_name="poster")
    digest = models.CharField(max_length=64)
    sizes = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "posters"
        ordering = ["movie_id"]
        indexes = [models.Index(fields=["digest"], name="idx_posters_digest")]

    def __str__(self) -> str:
        return f"{self.digest[:12]}, {len(self.sizes)} sizes"

    def address(self, width: int) -> str:
        """Where the gateway has this size: a path."""
        return f"/media/posters/{self.digest}-{width}.webp"

    @property
    def url(self) -> str:
        """Of the widest, with the host."""
        host: str = settings.PUBLIC_URL
        return host.rstrip("/") + self.address(self.sizes[-1][0])


class PosterPicture(models.Model):
    """One size of a picture, WebP. Films may share it.

    unused_since: when a film last gave it up; a day later it goes, unless another film has it still.
    """

    digest = models.CharField(max_length=64)
    width = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    unused_since = models.DateTimeField(null=True)

    class Meta:
        db_table = "poster_pictures"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["digest", "width"], name="a_picture_has_each_width_once")]
        indexes = [
            models.Index(
                fields=["unused_since"],
                condition=models.Q(unused_since__isnull=False),
                name="idx_poster_pictures_unused",
            )
        ]

    def __str__(self) -> str:
        return f"{self.digest[:12]}-{self.width}"
