"""Somebody lost their second factor: one admin asks that it be taken away, another one agrees."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts import enrolment
from accounts.models import SecondFactorReset, User
from accounts.staff_pages import staff_of
from chassis.admin import ReadOnlyAdmin, StaffAdmin
from chassis.web.problems import Problem
from chassis.web.staff_sessions import token_of


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300, help_text="How you know that it is them: whoever agrees reads it, and the log keeps it."
    )


def ask(page: StaffAdmin, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
    """The action of the list of accounts: asks for a reason first."""
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    users, staff = list(chosen), staff_of(request)
    if not form.is_valid():
        return page.ask(
            request,
            "accounts/reset_second_factor.html",
            title="Take away a second factor",
            action="reset_second_factor",
            about=users,
            button="Ask another admin",
            users=users,
            form=form,
        )
    for user in users:
        _tell(
            page,
            request,
            lambda user=user: enrolment.ask_to_reset(user, admin=staff, by_code=_by_code(request), **form.cleaned_data),
            f"{user}: another admin has to agree within a day, under Second factor resets.",
        )
    return None


def _by_code(request: HttpRequest) -> bool:
    token = token_of(request)
    return token is not None and token.by_code


def _tell(page: Any, request: HttpRequest, deed: Any, done: str) -> None:
    try:
        deed()
    except Problem as problem:
        page.message_user(request, f"{problem.detail.rstrip('.')}.", messages.ERROR)
    else:
        page.message_user(request, done, messages.SUCCESS)


@admin.register(SecondFactorReset)
class SecondFactorResetAdmin(ReadOnlyAdmin):
    few_rows = True
    list_display = ["user", "asked_by", "asked_at", "reason", "agreed_by", "agreed_at"]
    list_filter = [("agreed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "asked_by", "agreed_by"]
    fields = ["id", "user", "asked_by", "asked_at", "reason", "agreed_by", "agreed_at"]
    actions = ["agree"]

    @admin.action(description="Agree: take the selected second factors away", permissions=["agree"])
    def agree(self, request: HttpRequest, queryset: QuerySet[SecondFactorReset]) -> None:
        staff = staff_of(request)
        for asked in queryset:
            _tell(
                self,
                request,
                lambda asked=asked: enrolment.agree_to_reset(asked.pk, admin=staff, by_code=_by_code(request)),
                f"{asked.user} signs in with the password alone, and sets up another.",
            )

    def has_agree_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.assign_roles")
