import re
from base64 import b64encode
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin, ValuesInWords, actor_of, words
from chassis.web.searching import AmongNewest
from chassis.web.theaters import may_at
from notifications import compose, in_words, previews, services
from notifications.domain import FALLBACK_LANGUAGE, LANGUAGES, Channel, Status
from notifications.errors import NotResendable
from notifications.kinds import KINDS, carries_secret, samples
from notifications.models import (
    BookingSummary,
    Contact,
    DeliveryLog,
    Notification,
    NotificationTemplate,
)
from notifications.presentation import named
from notifications.theaters import told_at
from notifications.wording import Rendered, Wording
from notifications.wording_rules import BadWording


@admin.register(Contact)
class ContactAdmin(StaffAdmin):
    """Who a user is comes from auth; only how they want to be told is edited here."""

    list_display = ["username", "email", "phone", "language", "wants_hold_notices", "wants_sms"]
    list_filter = ["language", "wants_hold_notices", "wants_sms"]
    search_fields = ["user_id", "username", "email", "phone"]
    fields = [
        "user_id",
        "username",
        "full_name",
        "email",
        "phone",
        "as_of",
        "language",
        "wants_hold_notices",
        "wants_sms",
    ]
    readonly_fields = ["user_id", "username", "full_name", "email", "phone", "as_of"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def kept_because(self, row: Contact) -> str:
        return "A contact is what auth tells of an account, and stays as long as that."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BookingSummary)
class BookingSummaryAdmin(ReadOnlyAdmin):
    theater_path = "theater_id"
    list_display = ["reference", "showing", "places", "created_at"]
    search_fields = ["=reference", "booking_id"]
    readonly_fields = ["reference", "showing", "places", "revision", "booking_id", "created_at"]
    fields = [*readonly_fields]

    @admin.display(description="showtime")
    def showing(self, booking: BookingSummary) -> str:
        return in_words.showing(booking.showtime)

    @admin.display(description="seats")
    def places(self, booking: BookingSummary) -> str:
        return named(booking.seats)


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
            _preview(fields["code"], wording, fields["language"])
        except BadWording as error:
            raise forms.ValidationError("This cannot be sent: %(why)s", params={"why": error}) from error
        return fields


@admin.register(NotificationTemplate)
class NotificationTemplateAdmin(StaffAdmin):
    """The words of messages. Those that carry a link that signs in are worded by whoever may `word_secrets`."""

    few_rows = True
    form = TemplateForm
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
        return super().has_change_permission(request, obj) and may_at(request, None) and _may_word(request, obj)

    def kept_because(self, row: NotificationTemplate) -> str:
        if row.language != FALLBACK_LANGUAGE:
            return ""
        return f"Every message keeps its {LANGUAGES[FALLBACK_LANGUAGE]} wording: whoever reads no other gets this one."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return False
        return super().has_delete_permission(request, obj) and may_at(request, None) and _may_word(request, obj)

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
        wording = Wording(text=obj.text, subject=obj.subject, body=obj.body)
        try:
            shown = _preview(obj.code, wording, obj.language)
        except BadWording as error:
            return format_html(
                "<strong>This cannot be sent, and the wording that the service came with goes out instead:</strong> {}",
                str(error),
            )
        return shown_mail(shown.subject, shown.text, shown.html)


def _may_word_secrets(request: HttpRequest) -> bool:
    return request.user.has_perm("notifications.word_secrets")


def _may_word(request: HttpRequest, obj: NotificationTemplate | None) -> bool:
    """Whoever words a mail decides where its link leads the reader, so a link that signs in is not every editor's."""
    return obj is None or not carries_secret(obj.code) or _may_word_secrets(request)


def _preview(code: str, wording: Wording, language: str) -> Rendered:
    """Raises BadWording."""
    return previews.preview(
        KINDS[code],
        wording,
        language=language,
        public_url=settings.PUBLIC_URL,
        support_email=settings.SUPPORT_EMAIL,
        mail_domain=compose.domain_of(settings.DEFAULT_FROM_EMAIL),
    )


# Of the page inside the frame, which inherits that of the page around it and narrows it.
PREVIEW_POLICY = (
    '<meta http-equiv="Content-Security-Policy"'
    " content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def shown_mail(subject: str, text: str, html: str) -> str:
    """A message as its reader sees it, as HTML for a page of staff."""
    # The sandbox without permissions: whatever the HTML says, it runs nothing and reaches nothing.
    page = "<!doctype html>" + PREVIEW_POLICY + _with_pictures(html)
    return format_html(
        '<p><strong>{}</strong></p><pre style="white-space:pre-wrap">{}</pre>{}',
        subject,
        text,
        format_html(
            '<iframe sandbox srcdoc="{}" title="HTML part"'
            ' style="width:640px;max-width:100%;height:480px;background:#fff"></iframe>',
            page,
        )
        if html
        else "",
    )


def _with_pictures(html: str) -> str:
    """A page has no parts to show pictures from, as a mail has: each is the code of a ticket that lets nobody in."""
    picture = b64encode(compose.qr_png(samples.TICKET)).decode()
    return re.sub(r'src="cid:[^"]*"', f'src="data:image/png;base64,{picture}"', html)


SERVER_SAID = words("code", title="what the server said")


class DeliveryInline(ReadOnlyInline):
    model = DeliveryLog
    fields = readonly_fields = ("created_at", "attempt", "outcome", SERVER_SAID, "milliseconds", "message_id")


WHY_NOT = words("reason", title="why it is not sent")


class StatusFilter(AmongNewest):
    everywhere = frozenset({Status.FAILED, Status.PENDING, Status.WAITING_FOR_CONTACT})


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    def of_theaters(self, rows: QuerySet[Any], theaters: AbstractSet[UUID]) -> QuerySet[Any]:
        return rows.filter(told_at(theaters))

    list_display = [
        *("template", "channel", "status", WHY_NOT, "recipient"),
        *("who", "booking", "attempts", "created_at"),
    ]
    list_filter = [("status", StatusFilter), ("template", AmongNewest), ("channel", AmongNewest), "created_at"]
    search_fields = ["=id", "=user_id", "=booking_id", "=recipient"]
    readonly_fields = [WHY_NOT, "who", "booking", "spoken", "about", "asked_by"]
    fieldsets = [
        (None, {"fields": ["template", "channel", "status", WHY_NOT, "recipient", "who", "booking", "spoken"]}),
        ("What it says", {"fields": ["subject", "about"]}),
        ("When", {"fields": ["created_at", "due_at", "not_after", "sent_at", "attempts", "asked_by"]}),
        (
            "To look it up elsewhere",
            {"fields": ["id", "event_id", "user_id", "booking_id", "natural_key", "follows", "resend_of"]},
        ),
    ]
    ordering = ["-id"]
    actions = ["send_again"]
    inlines = [DeliveryInline]
    show_full_result_count = False

    def look_up(self, rows: Sequence[Any]) -> None:
        """Whose it is and of which booking, by name: they need not be known here, so no relation leads there."""
        people = {row.user_id for row in rows} | {row.requested_by for row in rows}
        names = dict(Contact.objects.filter(user_id__in=people - {None}).values_list("user_id", "username"))
        bookings = {row.booking_id for row in rows} - {None}
        references = dict(BookingSummary.objects.filter(booking_id__in=bookings).values_list("booking_id", "reference"))
        for row in rows:
            row.who, row.asked_by = names.get(row.user_id), names.get(row.requested_by)
            row.reference = references.get(row.booking_id) or row.context.get("reference")

    @admin.display(description="account")
    def who(self, obj: Any) -> str:
        return format_html('<a href="/admin/auth/customers/{}/">{}</a>', obj.user_id, obj.who) if obj.who else "-"

    @admin.display(description="booking")
    def booking(self, obj: Any) -> str:
        if not obj.reference or obj.booking_id is None:
            return obj.reference or "-"
        return format_html('<a href="/admin/booking/bookings/{}/whole/">{}</a>', obj.booking_id, obj.reference)

    @admin.display(description="asked for by")
    def asked_by(self, obj: Any) -> str:
        return obj.asked_by or "-"

    @admin.display(description="language")
    def spoken(self, obj: Notification) -> str:
        return LANGUAGES.get(obj.language, obj.language) or "-"

    @admin.display(description="what it is about")
    def about(self, obj: Notification) -> str:
        if carries_secret(obj.template):
            return "hidden: it carries a link that signs in"
        return in_words.table(obj.context)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.resend_notification")

    @admin.action(description="Send again", permissions=["resend"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Notification]) -> None:
        again = 0
        for notification in chosen:
            try:
                services.send_again(notification_id=notification.id, actor=actor_of(request))
            except NotResendable as refused:
                self.message_user(request, f"{notification}: {refused.detail}", messages.WARNING)
            else:
                again += 1
                self.log_change(request, notification, "Sent again.")
        if again:
            self.message_user(request, f"{again} will be sent again.", messages.SUCCESS)


@admin.register(DeliveryLog)
class DeliveryLogAdmin(ReadOnlyAdmin):
    def of_theaters(self, rows: QuerySet[Any], theaters: AbstractSet[UUID]) -> QuerySet[Any]:
        return rows.filter(told_at(theaters, "notification__"))

    list_display = ["notification", "attempt", "outcome", SERVER_SAID, "milliseconds", "created_at"]
    list_filter = [("outcome", AmongNewest), ("code", ValuesInWords)]
    list_select_related = ["notification"]
    search_fields = ["=id", "=notification__id", "=message_id"]
    fields = ["notification", "created_at", "attempt", "outcome", SERVER_SAID, "milliseconds", "message_id"]
    readonly_fields = [SERVER_SAID]
