"""Forms of films in the admin site; they save through services, as catalog.forms says."""

from typing import Any
from uuid import UUID

from django import forms
from django.forms.models import BaseInlineFormSet

from catalog import posters, services, texts, validators
from catalog.errors import InvalidFields, PicturesBusy
from catalog.forms import LinesField, ServiceForm, pairs_of
from catalog.lines import read_people, write_pairs, write_people
from catalog.models import Movie
from catalog.pictures import Drawing
from chassis.storage.audit_log import Actor


class MovieForm(ServiceForm):
    poster_url = forms.URLField(
        assume_scheme="https",
        required=False,
        max_length=500,
        label="Poster elsewhere",
        help_text="Shown while no picture is uploaded here.",
    )
    ratings = LinesField(
        read=pairs_of,
        write=write_pairs,
        label="Ratings by country",
        validators=[validators.ratings],
        help_text="A line for each country that has another one: VN: T16",
    )
    people = LinesField(
        read=read_people,
        write=write_people,
        validators=[validators.people],
        help_text=f"A line for each, {validators.MOST_PEOPLE} at most. director: Ines Aldana, or writer: her name, or"
        " cast: Noor Haddad as The keeper.",
    )
    picture = forms.FileField(
        required=False,
        label="Upload a poster",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text="JPEG, PNG or WebP, 8 MiB and 16 million pixels at most, 200 pixels wide at least.",
    )
    no_picture = forms.BooleanField(required=False, label="Take the poster away")

    class Meta:
        model = Movie
        fields = [
            *("title", "original_title", "slug", "text_language", "synopsis", "duration_minutes", "rating", "ratings"),
            *("genres", "languages", "subtitles", "people", "release_date", "trailer_url", "poster_url"),
        ]

    def clean_picture(self) -> Drawing | None:
        sent = self.cleaned_data["picture"]
        if not sent:
            return None
        try:
            return posters.drawn(sent.read())
        except InvalidFields as exc:
            raise forms.ValidationError(exc.errors[0]["detail"]) from exc  # type: ignore[index]  # it has one
        except PicturesBusy as exc:
            raise forms.ValidationError(exc.detail) from exc

    def carry_out(self) -> Movie:
        said: Any = {name: self.cleaned_data[name] for name in services.MovieFields.__annotations__}
        if self.adding:
            movie = services.add_movie(actor=self.actor, **said)
        else:
            movie = services.change_movie(actor=self.actor, movie_id=self.instance.pk, **said)
        if drawing := self.cleaned_data.get("picture"):
            posters.set_poster(movie_id=movie.id, drawing=drawing, actor=self.actor)
        elif self.cleaned_data.get("no_picture") and movie.picture is not None:
            posters.remove_poster(movie_id=movie.id, actor=self.actor)
        return movie


class TextsFormSet(BaseInlineFormSet):  # type: ignore[type-arg]  # generic in the stubs alone
    """Translations beside the film's own form; carry_out() is its save()."""

    new_objects: list[Any]
    changed_objects: list[Any]
    deleted_objects: list[Any]

    def clean(self) -> None:
        super().clean()
        own = self.instance.text_language
        told = [form.cleaned_data.get("language") for form in self.forms if form not in self.deleted_forms]
        if own and own in told:
            raise forms.ValidationError("The film itself is told in this language; change it there.")

    def carry_out(self, movie_id: UUID, actor: Actor) -> None:
        """Raises what services raise of what has changed since the form was checked."""
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []  # read by Django's log of changes
        gone = {form.initial["language"] for form in self.deleted_forms if form.initial}
        changed = [form for form in self.forms if form.has_changed() and form not in self.deleted_forms]
        gone |= {form.initial["language"] for form in changed if "language" in form.changed_data and form.initial}
        for language in sorted(gone):
            texts.remove_text(movie_id=movie_id, language=language, actor=actor)
        for form in changed:
            said = {name: form.cleaned_data[name] for name in ("language", "title", "synopsis")}
            texts.put_text(movie_id=movie_id, actor=actor, **said)
