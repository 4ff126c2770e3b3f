"""The words of messages as staff edit them: with versions, previews, a test, and the other language beside it."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from chassis.admin import StaffAdmin
from chassis.web.searching import among_newest
from chassis.web.theaters import may_at
from notifications import previews, wording_versions
from notifications.domain import FALLBACK_LANGUAGE, LANGUAGES, Channel
from notifications.kinds import KINDS, carries_secret
from notifications.mail_frames import shown_mail
from notifications.models import BookingSummary, Notification, NotificationTemplate
from notifications.wording import Wording
from notifications.wording_rules import BadWording

# So many of the messages that went out are offered for a preview.
OFFERED = 10


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return fields
        if fields["channel"] == Channel.SMS:
            if fields.get("subject") or fields.get("body"):
                raise forms.ValidationError("An SMS has a text, but no subject and no body.")
        elif not fields.get("subject"):
            raise forms.ValidationError("An e-mail needs a subject.")
        wording = Wording(text=fields["text"], subject=fields.get("subject", ""), body=fields.get("body", ""))
        try:
            previews.sample(fields["code"], wording, fields["language"])
        except BadWording as error:
            raise forms.ValidationError("This cannot be sent: %(why)s", params={"why": error}) from error
        return fields


@admin.register(NotificationTemplate)
class NotificationTemplateAdmin(StaffAdmin):
    """The words of messages. Those that carry a link that signs in are worded by whoever may `word_secrets`."""

    few_rows = True
    form = TemplateForm
    change_form_template = "notifications/wording.html"
    list_display = ["code", "channel", "language", "subject", "updated_at"]
    list_filter = ["code", "channel", "language"]
    search_fields = ["code", "subject", "text"]
    readonly_fields = ("names", "preview", "updated_at")
    fields = ("code", "channel", "language", "subject", "text", "body", "names", "preview", "updated_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Its words are those of all theaters."""
        return super().has_add_permission(request) and may_at(request, None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[NotificationTemplate]:
        """A kind that is no more has nothing that its wording could be checked against."""
        return super().get_queryset(request).filter(code__in=KINDS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, *(("code", "channel", "language") if obj else ()))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in self.fields if obj or name not in self.readonly_fields]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if obj is None:
            if "code" in form.base_fields and not _may_word_secrets(request):
                code: Any = form.base_fields["code"]
                code.choices = [(value, name) for value, name in code.choices if not value or not carries_secret(value)]
            return form

        class BoundForm(form):  # type: ignore[misc, valid-type]  # a class that is made here
            """The fields that tell what the wording is for are fixed, but still needed to check it."""

            def clean(self) -> dict[str, Any]:
                self.cleaned_data |= {"code": obj.code, "channel": obj.channel, "language": obj.language}
                return super().clean()  # type: ignore[no-any-return]  # of that class

        return BoundForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_at(request, None) and may_word(request, obj)

    def kept_because(self, row: NotificationTemplate) -> str:
        if row.language != FALLBACK_LANGUAGE:
            return ""
        return f"Every message keeps its {LANGUAGES[FALLBACK_LANGUAGE]} wording: whoever reads no other gets this one."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return False
        return super().has_delete_permission(request, obj) and may_at(request, None) and may_word(request, obj)

    @admin.display(description="names")
    def names(self, obj: NotificationTemplate) -> str:
        known = previews.values(
            KINDS[obj.code],
            language=obj.language,
            public_url=settings.PUBLIC_URL,
            support_email=settings.SUPPORT_EMAIL,
        )
        names = sorted((name,) for name, value in known.items() if value != "")
        return format_html_join(", ", "<code>{}</code>", names)

    @admin.display(description="preview")
    def preview(self, obj: NotificationTemplate) -> str:
        return _shown(obj)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Beside the form: what one may look at it with, its versions, and the same message in other languages."""
        shown = self.get_object(request, object_id)
        more = {**(extra_context or {}), **(_beside(request, shown) if shown else {})}
        return super().change_view(request, object_id, form_url, more)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = NotificationTemplate.objects.select_for_update().filter(pk=obj.pk).first()
        if before is not None:
            wording_versions.keep(before)
        super().save_model(request, obj, form, change)
        wording_versions.keep(obj, by=request.user.get_username())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        wording_versions.keep(obj)
        super().delete_model(request, obj)


def may_word(request: HttpRequest, template: NotificationTemplate | None) -> bool:
    """Whoever words a mail decides where its link leads the reader, so a link that signs in is not every editor's."""
    return template is None or not carries_secret(template.code) or _may_word_secrets(request)


def may_change(request: HttpRequest, template: NotificationTemplate) -> bool:
    holds = request.user.has_perm("notifications.change_notificationtemplate")
    return holds and may_at(request, None) and may_word(request, template)


def _may_word_secrets(request: HttpRequest) -> bool:
    return request.user.has_perm("notifications.word_secrets")


def _beside(request: HttpRequest, template: NotificationTemplate) -> dict[str, Any]:
    same = NotificationTemplate.objects.filter(code=template.code, channel=template.channel)
    others = [
        (each, _shown(each, title=f"HTML part, {LANGUAGES[each.language]}"))
        for each in same.exclude(pk=template.pk).order_by("language")
    ]
    may_word_this = may_change(request, template)
    return {
        "may_word_this": may_word_this,
        "is_mail": template.channel == Channel.EMAIL,
        "offered": _offered(template) if may_word_this else [],
        "versions": wording_versions.kept(template),
        "others": others,
    }


def _shown(template: NotificationTemplate, **framed: str) -> str:
    """Of an example, as HTML. framed: title, of its frame."""
    try:
        said = previews.sample(template.code, template.source, template.language)
    except BadWording as error:
        return format_html(
            "<strong>This cannot be sent, and the wording that the service came with goes out instead:</strong> {}",
            str(error),
        )
    return shown_mail(said.subject, said.text, said.html, **framed)


def _offered(template: NotificationTemplate) -> list[tuple[Any, str]]:
    """The newest messages of the kind, by id and what people call them; none of those that carry a secret."""
    if carries_secret(template.code):
        return []
    newest = among_newest(Notification.objects.filter(template=template.code, channel=template.channel))
    messages = list(newest.order_by("-id")[:OFFERED])
    bookings = {each.booking_id for each in messages} - {None}
    known = dict(BookingSummary.objects.filter(booking_id__in=bookings).values_list("booking_id", "reference"))
    return [
        (each.id, f"{known.get(each.booking_id) or each.recipient} · {each.created_at:%d %b %Y %H:%M} UTC")
        for each in messages
    ]
