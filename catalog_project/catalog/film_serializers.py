"""What the API takes and gives of films."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog import validators
from catalog.film_rules import FilmStatus, Role, best_language, status_of
from catalog.models import Movie, MovieText, Poster
from catalog.serializers import NearQuery
from catalog.tariffs import FORMATS
from chassis.web.parsing import StrictSerializer
from chassis.web.queries import PageQuery


class PersonSerializer(StrictSerializer):
    role = serializers.ChoiceField(choices=[role.value for role in Role])
    name = serializers.CharField(max_length=validators.NAME_LENGTH)
    character = serializers.CharField(max_length=validators.NAME_LENGTH, required=False, help_text="Of the cast alone.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {**super().to_representation(instance), "character": instance.get("character", "")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "character" in attrs and attrs["role"] != Role.CAST:
            raise serializers.ValidationError({"character": ["Only the cast has characters."]})
        return attrs


class PictureSerializer(serializers.Serializer[Any]):
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    url = serializers.URLField()


class PosterSerializer(serializers.Serializer[Poster]):
    """The picture that was uploaded, in each of its sizes, the smallest first."""

    sizes = serializers.SerializerMethodField()

    @extend_schema_field(PictureSerializer(many=True))
    def get_sizes(self, poster: Poster) -> list[Mapping[str, Any]]:
        host = settings.PUBLIC_URL.rstrip("/")
        return [
            {"width": width, "height": height, "url": host + poster.address(width)} for width, height in poster.sizes
        ]


class RatingsField(serializers.DictField):
    """Ratings by country, ISO 3166-1."""

    child = serializers.CharField(max_length=10)


class MovieSerializer(serializers.ModelSerializer[Movie]):
    """A film as `finding` returns it, told in one of context["languages"] where there is a text in one, else as it is.

    language: of title, slug and synopsis; "" where nobody has said which one the original's is.
    """

    language = serializers.CharField(source="text_language", read_only=True, help_text="Of title and synopsis.")
    translations = serializers.SerializerMethodField(help_text="Languages it can be asked for in, by Accept-Language.")
    ratings = RatingsField()
    people = PersonSerializer(many=True)
    status = serializers.SerializerMethodField(
        help_text="announced until the release date; then showing while showtimes are to come, else ended."
    )
    poster = PosterSerializer(source="picture", allow_null=True, read_only=True)

    class Meta:
        model = Movie
        fields = [
            *("id", "title", "original_title", "slug", "language", "translations", "synopsis"),
            *("duration_minutes", "rating", "ratings", "genres", "languages", "subtitles", "people"),
            *("release_date", "status", "trailer_url", "poster_url", "poster"),
        ]

    def get_translations(self, movie: Any) -> list[str]:
        return [text.language for text in movie.tags]

    @extend_schema_field(serializers.ChoiceField(choices=[status.value for status in FilmStatus]))
    def get_status(self, movie: Any) -> str:
        today = timezone.now().date()
        return status_of(release_date=movie.release_date, has_showtimes=movie.has_showtimes, today=today)

    def to_representation(self, movie: Any) -> dict[str, Any]:
        told = super().to_representation(movie)
        if movie.picture is not None:
            told["poster_url"] = movie.picture.url
        text = _told_in(movie, self.context.get("languages", ()))
        if text is not None:
            told |= {name: getattr(text, name) for name in ("title", "slug", "synopsis", "language")}
        return told


def _told_in(movie: Any, languages: Sequence[str]) -> MovieText | None:
    """The translation that the reader would rather have than the original."""
    texts = {text.language: text for text in movie.told}
    best = best_language(languages, [*texts, *filter(None, [movie.text_language])])
    return texts.get(best or "")


class MovieInput(StrictSerializer, serializers.ModelSerializer[Movie]):
    ratings = RatingsField(required=False, validators=[validators.ratings])
    # The stubs do not know that many=True makes a list of them.
    people = PersonSerializer(many=True, required=False, max_length=validators.MOST_PEOPLE)  # type: ignore[call-arg]

    class Meta:
        model = Movie
        fields = [
            *("title", "original_title", "slug", "text_language", "synopsis", "duration_minutes", "rating", "ratings"),
            *("genres", "languages", "subtitles", "people", "release_date", "trailer_url", "poster_url"),
        ]
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "genres": {"required": True, "allow_empty": True},
            "languages": {"required": True, "allow_empty": False},
        }


class TextSerializer(serializers.ModelSerializer[MovieText]):
    class Meta:
        model = MovieText
        fields = ["language", "title", "synopsis", "slug"]


class TextsSerializer(serializers.Serializer[Any]):
    results = TextSerializer(many=True)


class TextInput(StrictSerializer, serializers.ModelSerializer[MovieText]):
    class Meta:
        model = MovieText
        fields = ["title", "synopsis"]


class PictureInput(StrictSerializer):
    picture = serializers.FileField(help_text="A JPEG, PNG or WebP picture of at most 8 MiB and 16 million pixels.")


MEMBERS = MovieSerializer.Meta.fields


class SparseField(serializers.CharField):
    """Names of members, separated by commas, as a tuple; the id is always among them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text="These members alone, separated by commas; the id is always there.", **options)

    def to_internal_value(self, data: Any) -> Any:
        names = super().to_internal_value(data).split(",")
        unknown = [name for name in names if name not in MEMBERS]
        if unknown:
            raise serializers.ValidationError(f"There is no {unknown[0][:30]!r} among {', '.join(MEMBERS)}.")
        return tuple(dict.fromkeys(["id", *names]))


ORDERINGS = {
    "-release_date": ("-release_date", "-id"),
    "release_date": ("release_date", "id"),
    "title": ("title", "id"),
    "-title": ("-title", "-id"),
}


class MovieFilters(NearQuery, PageQuery):
    q = serializers.CharField(required=False, max_length=100, help_text="Part of the title.")
    search = serializers.CharField(
        required=False,
        max_length=100,
        help_text="Titles in all languages and people, typing errors and accents forgiven, and words of the synopsis. "
        "Without an ordering the best are told first, on one page.",
    )
    genre = serializers.CharField(required=False, max_length=30, validators=[validators.genre])
    rating = serializers.CharField(required=False, max_length=10)
    language = serializers.CharField(
        required=False, max_length=15, validators=[validators.language_tag], help_text="Spoken."
    )
    status = serializers.ChoiceField(required=False, choices=[status.value for status in FilmStatus])
    coming_soon = serializers.BooleanField(required=False, help_text="Is not released yet, or is.")
    released_after = serializers.DateField(required=False, help_text="That day included.")
    released_before = serializers.DateField(required=False, help_text="That day included.")
    now_showing = serializers.BooleanField(required=False, help_text="Has showtimes to come, or has none.")
    city = serializers.CharField(required=False, max_length=80, help_text="Has showtimes to come there.")
    date = serializers.DateField(
        required=False, help_text="Has showtimes to come on that day, by each theater's clocks."
    )
    format = serializers.ChoiceField(required=False, choices=FORMATS, help_text="Has showtimes to come in it.")
    ordering = serializers.ChoiceField(required=False, choices=list(ORDERINGS), help_text="Default: -release_date.")
    # DRF takes it off the class: `fields` of an instance is DRF's own.
    fields = SparseField(required=False, max_length=300)  # type: ignore[assignment]

    def validate_date(self, value: Any) -> Any:
        if not 1900 <= value.year <= 2200:
            raise serializers.ValidationError("A day from 1900 to 2200.")
        return value
