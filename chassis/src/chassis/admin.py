"""Admin pages of the chassis's own tables, the bases of every page, and how pages write money."""

from operator import attrgetter
from typing import Any

import django.contrib.auth.admin  # noqa: F401  (registers the pages that those below take the place of)
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

from chassis.money import Money, format_money
from chassis.storage.models import AuditRecord, IdempotencyKey, OutboxMessage
from chassis.web.audit_log_admin import AuditRecordAdmin
from chassis.web.staff_admin import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin, actor_of, delete_selected

__all__ = ["ReadOnlyAdmin", "ReadOnlyInline", "StaffAdmin", "actor_of", "money"]


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


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ["id", "type", "created_at", "published_at"]
    list_filter = ["type", ("published_at", admin.EmptyFieldListFilter)]
    search_fields = ["id"]
    # The body may hold what only its consumers should see.
    fields = ["id", "exchange", "type", "created_at", "published_at"]


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ["key", "endpoint", "user_id", "status", "resource_id", "created_at"]
    list_filter = ["endpoint", "status"]
    search_fields = ["key", "user_id"]
    fields = ["key", "endpoint", "user_id", "resource_id", "status", "leased_until", "created_at"]


class GroupAdmin(ReadOnlyAdmin):
    """Groups are the roles of STAFF_MAY: what is changed by hand lasts until the next migration."""

    list_display = ["name"]
    search_fields = ["name"]
    fields = ["name", "permissions"]


class ShadowAdmin(StaffAdmin):
    """Who signed in here with an account of auth's. Names and roles are auth's; here somebody can be shut out."""

    list_display = ["username", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser", "groups"]
    search_fields = ["username"]
    fields = ["username", "is_active", "is_staff", "is_superuser", "groups", "date_joined", "last_login"]
    readonly_fields = ["username", "is_staff", "is_superuser", "groups", "date_joined", "last_login"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


admin.site.unregister(Group)
admin.site.register(Group, GroupAdmin)
if get_user_model() is User:
    admin.site.unregister(User)
    admin.site.register(User, ShadowAdmin)
