"""Where managers keep films, their translations and their posters."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.html import format_html

from catalog import services, texts
from catalog.domain import ShowtimeStatus
from catalog.files_admin import FilmsFromFiles
from catalog.film_forms import MovieForm, TextsFormSet
from catalog.models import Movie, MovieText, Showtime
from catalog.service_admin import ServiceAdmin
from chassis.admin import actor_of
from chassis.storage.audit_log import Actor


class Texts(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs alone
    """Whoever may change the film may translate it."""

    model = MovieText
    formset = TextsFormSet
    fields = ["language", "title", "synopsis", "slug"]
    readonly_fields = ["slug"]
    extra = 0
    max_num = texts.MOST_TEXTS

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.view_movie")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.change_movie")

    has_delete_permission = has_change_permission

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)


@admin.register(Movie)
class MovieAdmin(FilmsFromFiles, ServiceAdmin):
    few_rows = True
    form = MovieForm
    list_display = ["title", "release_date", "duration_minutes", "rating", "genres", "languages", "to_come"]
    list_filter = ["release_date", "rating"]
    search_fields = ["title"]
    date_hierarchy = "release_date"
    inlines = [Texts]
    readonly_fields = ["preview"]
    fieldsets = [
        (None, {"fields": ["title", "original_title", "text_language", "slug", "synopsis"]}),
        ("Film", {"fields": ["duration_minutes", "release_date", "genres", "rating", "ratings", "people"]}),
        ("Copies", {"fields": ["languages", "subtitles"]}),
        ("Pictures", {"fields": ["preview", "picture", "no_picture", "poster_url", "trailer_url"]}),
    ]

    def look_up(self, rows: Sequence[Any]) -> None:
        """How often each film of the page is still shown."""
        coming = Showtime.objects.filter(
            movie__in=[row.pk for row in rows], starts_at__gt=Now(), status=ShowtimeStatus.SCHEDULED.value
        )
        counts = dict(coming.order_by().values_list("movie").annotate(Count("id")))
        for row in rows:
            row.shown = counts.get(row.pk, 0)

    @admin.display(description="Showtimes to come")
    def to_come(self, movie: Any) -> int:
        return int(movie.shown)

    def kept_because(self, row: Movie) -> str:
        return "A movie with showtimes stays; cancel the ones to come instead." if row.showtimes.exists() else ""

    def remove(self, row: Movie, actor: Actor) -> None:
        services.remove_movie(movie_id=row.id, actor=actor)

    @admin.display(description="Poster")
    def preview(self, movie: Movie) -> str:
        poster = None if movie._state.adding else movie.picture
        return (
            "None yet"
            if poster is None
            else format_html('<img src="{}" alt="Poster">', poster.address(poster.sizes[0][0]))
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.carry_out(form.instance.pk, actor_of(request))
