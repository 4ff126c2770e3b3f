from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.contrib.auth.views import PasswordChangeView
from django.contrib.postgres.fields import ArrayField
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django_otp.plugins.otp_static import admin as _  # noqa: F401  (registers first what is taken away)
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp import admin as __  # noqa: F401  (the same)
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import rights, second_factor_admin, services, sessions
from accounts.domain import (
    Deed,
    normalised_email,
    normalised_language,
    normalised_phone,
    normalised_time_zone,
    plain_name,
)
from accounts.errors import AboveYourRank, SignInThrottled, WeakPassword, WrongPassword
from accounts.models import OneTimeToken, Revocation, Session, User
from accounts.selectors import prover_of
from accounts.staff_pages import staff_of
from chassis.admin import ChoicesInWords, ReadOnlyAdmin, StaffAdmin, words
from chassis.web.desk import Panel
from chassis.web.gateway import address_of
from chassis.web.staff_tokens import delete_cookie

# Their pages show keys.
for device in (TOTPDevice, StaticDevice):
    admin.site.unregister(device)

# What those in the field are called, and which others there are.
THEATERS = Panel("catalog", "Theaters", "theaters/", wide=True, heeds="id_theaters")


def told_of_a_new_address(user: User) -> list[Panel]:
    """What is mailed when it is corrected: to the address that it takes the place of, and to the new one."""
    now = timezone.now()
    new = urlencode(
        {"user": user.pk, "expires_at": (now + timedelta(seconds=settings.EMAIL_VERIFICATION_SECONDS)).isoformat()}
    )
    old = urlencode({"user": user.pk, "changed_at": now.isoformat()})
    return [
        Panel("notify", "With another address, what is read at this one", f"previews/email_changed/?{old}", wide=True),
        Panel("notify", "And at the new one", f"previews/email_verification/?{new}", wide=True),
    ]


def _cleaned(normalised: Callable[[str], str], typed: str) -> str:
    try:
        return normalised(typed)
    except ValueError as error:
        said = str(error) or "this cannot be taken"
        raise forms.ValidationError(f"{said[0].upper()}{said[1:]}.") from None


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's takes no argument when it runs
    """staff: who fills it in, set where the form is made for a request."""

    staff: User

    reason = forms.CharField(max_length=300, required=False, help_text="Why it is changed: a note among staff.")

    def clean_phone(self) -> str:
        return _cleaned(normalised_phone, self.cleaned_data["phone"])

    def clean_email(self) -> str:
        email = normalised_email(self.cleaned_data["email"])
        # Staff may know whose it is, and should not give it to somebody who could never prove it.
        if prover_of(email, other_than=self.instance.pk):
            raise forms.ValidationError("This e-mail address has an account.")
        return email

    def clean_full_name(self) -> str:
        return _cleaned(plain_name, self.cleaned_data["full_name"])

    def clean_language(self) -> str:
        return _cleaned(normalised_language, self.cleaned_data["language"])

    def clean_time_zone(self) -> str:
        return _cleaned(normalised_time_zone, self.cleaned_data["time_zone"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        groups = cleaned.get("groups")
        for field, said in rights.faults(
            staff=self.staff,
            user=self.instance,
            roles=self.instance.roles if groups is None else {group.name for group in groups},
            theaters=cleaned.get("theaters"),
            address_given_by=None if "email" in self.changed_data else self.instance.email_changed_by,
        ):
            self.add_error({"roles": "groups"}.get(field, field), said)
        # A new account tells by itself why it is there; a form that was opened at a release before asks for nothing.
        asked = "reason" in self.data and not self.instance._state.adding
        if asked and {*self.changed_data} - {"reason"} and not cleaned.get("reason"):
            self.add_error("reason", "Give a reason.")
        return cleaned

    def clean_theaters(self) -> list[UUID]:
        return sorted(set(self.cleaned_data["theaters"]))


class AddUserForm(ContactForm, AdminUserCreationForm):  # type: ignore[type-arg]  # Django's takes no argument when it runs
    usable_password = None  # type: ignore[assignment]  # Django: every account made here has a password

    class Meta:
        model = User
        fields = ["username", "email", "full_name", "phone", "language", "time_zone", "groups", "theaters"]


class RoleFilter(admin.SimpleListFilter):
    """Django's would join all accounts to all roles, and sort what came of it."""

    title = "roles"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(group.pk), group.name) for group in Group.objects.order_by("name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        group_id = self.value()
        if group_id is None:
            return queryset
        having = User.groups.through.objects.filter(user_id=OuterRef("pk"), group_id=group_id)
        try:
            return queryset.filter(Exists(having))
        except ValueError as exc:
            raise IncorrectLookupParameters(exc) from exc


@admin.register(User)
class UserAdmin(StaffAdmin):
    """Accounts are never deleted, for bookings and payments elsewhere name them; they are made inactive."""

    list_display = ["username", "email", "full_name", "role_names", "is_active", "email_verified_at", "created_at"]
    list_filter = [RoleFilter, "is_active", ("email_verified_at", admin.EmptyFieldListFilter), "created_at"]
    search_fields = ["=id", "username", "email", "full_name", "phone"]
    search_help_text = "Id, user name, e-mail address, name or phone number"
    recorded_by_service = True
    filter_horizontal = ["groups"]
    actions = ["end_sessions", "reset_second_factor"]
    readonly_fields = ["id", "is_guest", "claimed_by", "email_verified_at", "last_login", "created_at", "updated_at"]
    form = ContactForm
    formfield_overrides = {ArrayField: {"widget": forms.Textarea({"rows": 3, "cols": 60})}}
    fieldsets = [
        (None, {"fields": ["id", "username", "is_guest", "claimed_by", "is_active", "groups", "theaters"]}),
        ("Contact", {"fields": ["email", "email_verified_at", "full_name", "phone", "language", "time_zone"]}),
        ("Times", {"fields": ["created_at", "updated_at", "last_login"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "full_name", "phone", "language", "time_zone"]}),
        (None, {"fields": ["password1", "password2", "groups", "theaters"]}),
    ]

    @admin.display(description="roles")
    def role_names(self, user: User) -> str:
        return ", ".join(sorted(user.roles))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        may_change = self.has_change_permission(request, obj)
        return [*self.fieldsets, *([("Why", {"fields": ["reason"]})] if may_change else [])]

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = AddUserForm
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.staff = staff_of(request)
        return form

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """Locked where it is about to be saved: the rank that is judged is the rank it has then."""
        user: User | None = super().get_object(request, object_id, from_field)
        if user is None or request.method != "POST":
            return user
        return User.objects.select_for_update().get(pk=user.pk)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        # Where the page shows the field, and not only what is in it: the panel asks for what is typed there.
        shown = context["adminform"].form.fields
        context["panels"] = [
            *([THEATERS] if "theaters" in shown else []),
            *(told_of_a_new_address(context["original"]) if context["original"] and "email" in shown else []),
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        assignable = [] if self._may_assign_roles(request) else ["groups", "theaters"]
        return [*([] if obj is None else self.readonly_fields), *assignable]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or staff_of(request).may(Deed.CHANGE, obj))

    def kept_because(self, row: User) -> str:
        return "An account is never deleted, for bookings and payments name it. Make it inactive instead."

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        user = form.instance
        before = frozenset(user.groups.values_list("name", flat=True))
        super().save_related(request, form, formsets, change)
        user.refresh_from_db()
        services.record_staff_change(
            user=user,
            was={name: form.initial.get(name) for name in form.changed_data if name != "reason"},
            roles_before=before,
            staff=staff_of(request),
            added=not change,
            reason=form.cleaned_data.get("reason", ""),
        )

    @admin.action(description="End all sessions of the selected accounts", permissions=["end_sessions"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        _tell(self, request, lambda: sessions.end_all_by_staff(user_ids=ids, staff=staff_of(request)))

    @admin.action(description="Take away a second factor that was lost…", permissions=["assign_roles"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return second_factor_admin.ask(self, request, queryset)

    def has_assign_roles_permission(self, request: HttpRequest) -> bool:
        return self._may_assign_roles(request)

    def has_end_sessions_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.end_session")

    def _may_assign_roles(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.assign_roles")


def _tell(page: "admin.ModelAdmin[Any]", request: HttpRequest, end: Callable[[], None]) -> None:
    try:
        end()
    except AboveYourRank as problem:
        page.message_user(request, f"{problem.title}. No session was ended.", messages.ERROR)
    else:
        page.message_user(request, "The sessions are ended.", messages.SUCCESS)


END_REASON = words("end_reason", title="why it ended")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ["user", "created_at", "refreshed_at", "expires_at", END_REASON, "address"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), ("end_reason", ChoicesInWords), "created_at"]
    readonly_fields = [END_REASON]
    list_select_related = ["user"]
    search_fields = ["=id", "user__username", "user__email", "=address"]
    fields = [
        "id",
        "user",
        "created_at",
        "refreshed_at",
        "expires_at",
        "ended_at",
        END_REASON,
        "address",
        "user_agent",
    ]
    show_full_result_count = False
    actions = ["end_selected"]

    @admin.action(description="End the selected sessions", permissions=["end"])
    def end_selected(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        _tell(self, request, lambda: sessions.end_by_staff(session_ids=ids, staff=staff_of(request)))

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.end_session")


@admin.register(OneTimeToken)
class OneTimeTokenAdmin(ReadOnlyAdmin):
    list_display = ["purpose", "email", "user", "created_at", "expires_at", "used_at"]
    list_filter = ["purpose", ("used_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__username"]
    fields = ["id", "purpose", "email", "user", "created_at", "expires_at", "used_at"]
    show_full_result_count = False


@admin.register(Revocation)
class RevocationAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "issued_before", "expires_at", "published_at"]
    list_filter = [("published_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["=jti", "user__username"]
    fields = ["id", "jti", "user", "issued_before", "expires_at", "published_at"]
    show_full_result_count = False


class OwnPasswordForm(AdminPasswordChangeForm):
    def clean_old_password(self) -> str:
        """The service looks at it, and counts who guesses."""
        return str(self.cleaned_data["old_password"])


class OwnPasswordView(PasswordChangeView):
    """Changes the password as the API does: every session ends, here and elsewhere, and this one too."""

    form_class = OwnPasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            services.change_password(
                user_id=staff_of(self.request).pk,
                current_password=form.cleaned_data["old_password"],
                new_password=form.cleaned_data["new_password1"],
                address=address_of(self.request),
            )
        except (WrongPassword, SignInThrottled) as problem:
            form.add_error("old_password", f"{problem.detail.rstrip('.')}.")
            return self.form_invalid(form)
        except WeakPassword as problem:
            for error in problem.errors or ({"detail": f"{problem.title}."},):
                form.add_error("new_password1", error["detail"])
            return self.form_invalid(form)
        response = redirect("admin:login")
        delete_cookie(response)
        return response


def own_password(request: HttpRequest) -> HttpResponseBase:
    """In the place of Django's page, which would set the password and tell nobody."""
    return OwnPasswordView.as_view(extra_context=admin.site.each_context(request))(request)
