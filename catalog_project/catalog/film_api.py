"""Views of films, their translations and posters: parse, call one service or selector, render."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import finding, posters, schema, services, texts
from catalog.errors import (
    InvalidFields,
    MovieInUse,
    MovieNotFound,
    PicturesBusy,
    PosterNotFound,
    ShowtimesOverlap,
    TextNotFound,
)
from catalog.film_pages import film, film_list
from catalog.film_serializers import (
    MovieFilters,
    MovieInput,
    MovieSerializer,
    PictureInput,
    TextInput,
    TextSerializer,
    TextsSerializer,
)
from catalog.languages import wanted
from catalog.models import Movie
from catalog.permissions import ReadOnly
from catalog.pictures import MAX_BYTES
from catalog.views import CatalogView
from chassis.web.openapi import page_of, problems
from chassis.web.permissions import May, actor
from chassis.web.problems import PayloadTooLarge
from chassis.web.queries import takes
from chassis.web.views import APIView, created

LANGUAGE = OpenApiParameter(
    "Accept-Language",
    str,
    OpenApiParameter.HEADER,
    description="Titles and synopses come in the first of these that a film is told in, else as they are.",
)
# What stands in a multipart body beside the file: boundaries, and the file's name.
_AROUND = 16 * 1024


def _shown(movie: Movie) -> dict[str, Any]:
    """As it is now, in its own language."""
    return dict(MovieSerializer(finding.get_movie(movie.id)).data)


class Movies(CatalogView):
    thing = "movie"

    @takes(MovieFilters)
    @extend_schema(
        operation_id="list_movies",
        summary="List movies",
        parameters=[LANGUAGE],
        responses=page_of(MovieSerializer),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """Movies, the newest first, unless something else is asked for."""
        return film_list(request, query=self.query, languages=wanted(request))

    @problems(InvalidFields)
    @extend_schema(
        operation_id="add_movie",
        summary="Add a movie",
        description="For managers. The movie is for sale once it has showtimes.",
        request=MovieInput,
        responses={201: MovieSerializer},
        examples=schema.MOVIE,
    )
    def post(self, request: Request) -> Response:
        movie = services.add_movie(actor=actor(request), **MovieInput.parse(request.data))
        return created(request, _shown(movie), f"/movies/{movie.id}")


class MovieById(CatalogView):
    thing = "movie"

    @problems(MovieNotFound)
    @extend_schema(
        operation_id="get_movie",
        summary="Read a movie",
        description="What a page about the movie shows.",
        parameters=[LANGUAGE],
        responses=MovieSerializer,
        auth=[],
    )
    def get(self, request: Request, movie_id: UUID) -> HttpResponse:
        languages = wanted(request)
        return film(str(movie_id), lambda: finding.get_movie(movie_id, languages=languages), languages=languages)

    @problems(MovieNotFound, InvalidFields, ShowtimesOverlap)
    @extend_schema(
        operation_id="change_movie",
        summary="Change a movie",
        description="Only the members that are given change.",
        request=MovieInput,
        responses=MovieSerializer,
        examples=schema.MOVIE_CHANGE,
    )
    def patch(self, request: Request, movie_id: UUID) -> Response:
        changes = MovieInput.parse(request.data, partial=True)
        return Response(_shown(services.change_movie(movie_id=movie_id, actor=actor(request), **changes)))

    @problems(MovieNotFound, MovieInUse)
    @extend_schema(
        operation_id="remove_movie",
        summary="Remove a movie",
        responses={204: None},
    )
    def delete(self, request: Request, movie_id: UUID) -> Response:
        """Only a movie that never had showtimes; else 409."""
        services.remove_movie(movie_id=movie_id, actor=actor(request))
        return Response(status=204)


class MovieBySlug(CatalogView):
    thing = "movie"

    @problems(MovieNotFound)
    @extend_schema(
        operation_id="get_movie_by_slug",
        summary="Read a movie by its name in addresses",
        parameters=[LANGUAGE],
        responses=MovieSerializer,
        auth=[],
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """By one that it has in any language, or ever had; `slug` of the answer is the one to show."""
        languages = wanted(request)
        return film(slug, lambda: finding.get_movie_by_slug(slug, languages=languages), languages=languages)


class TextsOfMovie(CatalogView):
    thing = "movie"

    @problems(MovieNotFound)
    @extend_schema(
        operation_id="list_movie_texts",
        summary="List the translations of a movie",
        responses=TextsSerializer,
        auth=[],
    )
    def get(self, _: Request, movie_id: UUID) -> Response:
        """All of them, by language; the original is the movie itself."""
        return Response({"results": TextSerializer(finding.get_texts(movie_id), many=True).data})


class TextOfMovie(CatalogView):
    thing = "movie"
    permission_classes = [May("change_movie")]

    @problems(MovieNotFound, InvalidFields)
    @extend_schema(
        operation_id="put_movie_text",
        summary="Translate a movie",
        description="Title and synopsis in the language of this BCP 47 tag, from now on.",
        request=TextInput,
        responses=TextSerializer,
        examples=schema.TEXT,
    )
    def put(self, request: Request, movie_id: UUID, tag: str) -> Response:
        text = texts.put_text(movie_id=movie_id, language=tag, actor=actor(request), **TextInput.parse(request.data))
        return Response(TextSerializer(text).data)

    @problems(MovieNotFound, TextNotFound)
    @extend_schema(operation_id="remove_movie_text", summary="Remove a translation", responses={204: None})
    def delete(self, request: Request, movie_id: UUID, tag: str) -> Response:
        texts.remove_text(movie_id=movie_id, language=tag, actor=actor(request))
        return Response(status=204)


class PictureParser(MultiPartParser):
    """One picture; what is longer than the largest is refused before it is read."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES + _AROUND:
            raise PayloadTooLarge(f"The picture is larger than {MAX_BYTES // 1024**2} MiB.")
        return super().parse(stream, media_type, parser_context)


class PosterOfMovie(CatalogView):
    thing = "movie"
    permission_classes = [May("change_movie")]
    parser_classes = [PictureParser]

    @problems(MovieNotFound, InvalidFields, PicturesBusy, PayloadTooLarge)
    @extend_schema(
        operation_id="put_movie_poster",
        summary="Upload the poster of a movie",
        request={"multipart/form-data": PictureInput},
        responses=MovieSerializer,
    )
    def put(self, request: Request, movie_id: UUID) -> Response:
        """The picture is drawn anew in several widths, as WebP; nothing else of the file is kept."""
        picture = PictureInput.parse(request.data)["picture"]
        finding.get_movie(movie_id)  # before anything is drawn for it
        drawing = posters.drawn(picture.read())
        return Response(_shown(posters.set_poster(movie_id=movie_id, drawing=drawing, actor=actor(request))))

    @problems(MovieNotFound, PosterNotFound)
    @extend_schema(operation_id="remove_movie_poster", summary="Remove the poster of a movie", responses={204: None})
    def delete(self, request: Request, movie_id: UUID) -> Response:
        posters.remove_poster(movie_id=movie_id, actor=actor(request))
        return Response(status=204)


class PosterPictures(APIView):
    permission_classes = [ReadOnly]

    @extend_schema(exclude=True)
    def get(self, _: Request, digest: str, width: str) -> HttpResponse:
        """At the gateway's root, by the hash of what it holds: it never changes."""
        response = HttpResponse(posters.picture(digest, int(width)), content_type="image/webp")
        response["Cache-Control"] = "public, max-age=31536000, immutable"
        response["X-Content-Type-Options"] = "nosniff"
        response["ETag"] = f'"{digest}-{width}"'
        return response
