from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin, ValuesInWords, actor_of, words
from chassis.web.searching import AmongNewest
from notifications import in_words, services
from notifications import wordings_admin as wordings_admin  # which registers its page
from notifications.domain import LANGUAGES, Status
from notifications.errors import NotResendable
from notifications.kinds import carries_secret
from notifications.models import (
    BookingSummary,
    Contact,
    DeliveryLog,
    Notification,
)
from notifications.presentation import named
from notifications.theaters import told_at


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


SERVER_SAID = words("code", title="what the server said")


class DeliveryInline(ReadOnlyInline):
    model = DeliveryLog
    fields = readonly_fields = ("created_at", "attempt", "outcome", SERVER_SAID, "milliseconds", "message_id")


WHY_NOT = words("reason", title="why it is not sent")


class StatusFilter(AmongNewest):
    everywhere = frozenset({Status.FAILED, Status.PENDING, Status.WAITING_FOR_CONTACT})


class SendAgainForm(forms.Form):
    reason = forms.CharField(max_length=300, help_text="A note among staff: the customer does not see it.")


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    belongs_to, owner = "booking_id", BookingSummary
    alone_is_for_all = True

    def at_theaters(self, theaters: Collection[UUID], path: str = "") -> Q:
        return told_at(theaters, path)

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

    @admin.action(description="Send again…", permissions=["resend"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Notification]) -> HttpResponse | None:
        """Asks for a reason, beside what each message says."""
        form = SendAgainForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            messages_chosen = list(chosen)
            return self.ask(
                request,
                "notifications/send_again.html",
                title="Send messages again",
                action="send_again",
                about=messages_chosen,
                button="Send again",
                chosen=messages_chosen,
                form=form,
            )
        again = 0
        for notification in chosen:
            try:
                services.send_again(notification_id=notification.id, actor=actor_of(request), **form.cleaned_data)
            except NotResendable as refused:
                self.message_user(request, f"{notification}: {refused.detail}", messages.WARNING)
            else:
                again += 1
                self.log_change(request, notification, "Sent again.")
        if again:
            self.message_user(request, f"{again} will be sent again.", messages.SUCCESS)
        return None


@admin.register(DeliveryLog)
class DeliveryLogAdmin(ReadOnlyAdmin):
    belongs_to = "notification"
    list_display = ["notification", "attempt", "outcome", SERVER_SAID, "milliseconds", "created_at"]
    list_filter = [("outcome", AmongNewest), ("code", ValuesInWords)]
    list_select_related = ["notification"]
    search_fields = ["=id", "=notification__id", "=message_id"]
    fields = ["notification", "created_at", "attempt", "outcome", SERVER_SAID, "milliseconds", "message_id"]
    readonly_fields = [SERVER_SAID]
