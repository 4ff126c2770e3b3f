from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import services, sessions
from accounts.domain import normalised_email, normalised_phone
from accounts.models import OneTimeToken, Revocation, Session, User
from chassis.admin import ReadOnlyAdmin, StaffAdmin


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's takes no argument when it runs
    def clean_phone(self) -> str:
        try:
            return normalised_phone(self.cleaned_data["phone"])
        except ValueError:
            raise forms.ValidationError("A phone number starts with + and the country code.") from None

    def clean_email(self) -> str:
        return normalised_email(self.cleaned_data["email"])


class AddUserForm(ContactForm, AdminUserCreationForm):  # type: ignore[type-arg]  # Django's takes no argument when it runs
    usable_password = None  # type: ignore[assignment]  # Django: every account made here has a password

    class Meta:
        model = User
        fields = ["username", "email", "full_name", "phone", "groups"]


@admin.register(User)
class UserAdmin(StaffAdmin):
    """Accounts are never deleted, for bookings and payments elsewhere name them; they are made inactive."""

    list_display = ["username", "email", "full_name", "role_names", "is_active", "email_verified_at", "created_at"]
    list_filter = ["groups", "is_active", ("email_verified_at", admin.EmptyFieldListFilter), "created_at"]
    search_fields = ["=id", "username", "email", "full_name", "phone"]
    search_help_text = "Id, user name, e-mail address, name or phone number"
    show_full_result_count = False
    filter_horizontal = ["groups"]
    readonly_fields = ["id", "email_verified_at", "last_login", "created_at", "updated_at"]
    form = ContactForm
    fieldsets = [
        (None, {"fields": ["id", "username", "is_active", "groups"]}),
        ("Contact", {"fields": ["email", "email_verified_at", "full_name", "phone"]}),
        ("Times", {"fields": ["created_at", "updated_at", "last_login"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "full_name", "phone", "password1", "password2", "groups"]})
    ]

    @admin.display(description="roles")
    def role_names(self, user: User) -> str:
        return ", ".join(sorted(user.roles))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.add_fieldsets if obj is None else self.fieldsets

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = AddUserForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        assignable = [] if self._may_assign_roles(request) else ["groups"]
        return [*([] if obj is None else self.readonly_fields), *assignable]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever changed a colleague's address could become that colleague: only who assigns roles may."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_staff or self._may_assign_roles(request))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        user = form.instance
        before = set(user.groups.all())
        super().save_related(request, form, formsets, change)
        user.refresh_from_db()
        services.record_staff_change(
            user=user,
            changed=form.changed_data,
            roles_changed=before != set(user.groups.all()),
            staff_id=_staff_id(request),
            added=not change,
        )

    def _may_assign_roles(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.assign_roles")


def _staff_id(request: HttpRequest) -> UUID:
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ["id", "user", "created_at", "refreshed_at", "expires_at", "end_reason", "address"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "end_reason", "created_at"]
    list_select_related = ["user"]
    search_fields = ["=id", "user__username", "user__email", "=address"]
    fields = [
        "id",
        "user",
        "created_at",
        "refreshed_at",
        "expires_at",
        "ended_at",
        "end_reason",
        "address",
        "user_agent",
    ]
    show_full_result_count = False
    actions = ["end_selected"]

    @admin.action(description="End the selected sessions", permissions=["end"])
    def end_selected(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        sessions.end_by_staff(session_ids=list(queryset.values_list("pk", flat=True)), staff_id=_staff_id(request))

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.end_session")


@admin.register(OneTimeToken)
class OneTimeTokenAdmin(ReadOnlyAdmin):
    list_display = ["id", "purpose", "email", "user", "created_at", "expires_at", "used_at"]
    list_filter = ["purpose", ("used_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["email", "user__username"]
    fields = ["id", "purpose", "email", "user", "created_at", "expires_at", "used_at"]
    show_full_result_count = False


@admin.register(Revocation)
class RevocationAdmin(ReadOnlyAdmin):
    list_display = ["id", "jti", "user", "issued_before", "expires_at", "published_at"]
    list_filter = [("published_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["=jti", "user__username"]
    fields = ["id", "jti", "user", "issued_before", "expires_at", "published_at"]
    show_full_result_count = False
