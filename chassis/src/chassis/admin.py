"""Admin pages of the chassis's own tables, the bases of every page, and how pages write money and codes."""

from operator import attrgetter
from typing import Any

import django.contrib.auth.admin  # noqa: F401  (registers first what is registered anew below)
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest

from chassis.messaging.events import told_by
from chassis.money import Money, format_money
from chassis.storage.models import AuditRecord, IdempotencyKey, OutboxMessage
from chassis.web import moments
from chassis.web.audit_log_admin import AuditRecordAdmin
from chassis.web.in_words import ChoicesInWords, ValuesInWords, in_words, words
from chassis.web.searching import REACH, among_newest
from chassis.web.staff_admin import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin, actor_of, delete_selected

__all__ = [
    "ChoicesInWords",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "StaffAdmin",
    "ValuesInWords",
    "actor_of",
    "in_words",
    "money",
    "words",
]

moments.bound(forms.DateField, forms.DateTimeField, forms.SplitDateTimeField)


def money(amount: str, *, currency: str = "currency", title: str = "") -> Any:
    """A column of money as people write it: a function, where the stubs know names of columns alone.

    amount, currency: where the row has them, `payment.currency` say."""
    amount_of, currency_of = attrgetter(amount), attrgetter(currency)

    @admin.display(description=title or amount.replace("_", " "), ordering=amount)
    def shown(row: Any) -> str:
        return format_money(Money(amount_of(row), currency_of(row)))

    return shown


admin.site.add_action(delete_selected, "delete_selected")
admin.site.register(AuditRecord, AuditRecordAdmin)


class TypeFilter(admin.SimpleListFilter):
    """By what the service tells, as its code says."""

    title = f"type, among the newest {REACH:,}"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(type_, type_) for type_ in sorted(told_by(settings.SERVICE_APP))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else among_newest(queryset.filter(type=self.value()))


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ["id", "type", "created_at", "published_at"]
    list_filter = [TypeFilter, ("published_at", admin.EmptyFieldListFilter)]
    search_fields = ["id"]
    # The body may hold what only its consumers should see.
    fields = ["id", "exchange", "type", "created_at", "published_at"]


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ["key", "endpoint", "user_id", "status", "resource_id", "created_at"]
    list_filter = ["endpoint", "status"]
    search_fields = ["id", "user_id"]
    fields = ["key", "endpoint", "user_id", "resource_id", "status", "leased_until", "created_at"]


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """A group is a role, and what it may do is made by each migration from the service's table of roles."""

    few_rows = True
    list_display = ["name"]
    search_fields = ["name"]
    fields = ["name", "permissions"]


if not User._meta.swapped:
    admin.site.unregister(User)

    @admin.register(User)
    class ShadowAdmin(ReadOnlyAdmin):
        """Who signed in here. Who they are and what they may do is said at auth, and nowhere else."""

        list_display = ["username", "is_staff", "is_superuser", "last_login"]
        list_filter = ["is_staff", "groups"]
        search_fields = ["username"]
        fields = ["username", "is_active", "is_staff", "is_superuser", "groups", "last_login", "date_joined"]
