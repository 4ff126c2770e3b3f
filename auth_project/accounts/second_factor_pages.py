"""The page on which somebody of staff sets up their second factor."""

from base64 import b32encode
from typing import Any

import segno
from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters

from accounts import enrolment, second_factor, security_keys, services, sign_on
from accounts.errors import SecondFactorThrottled, SignInThrottled, WrongCode, WrongPassword
from accounts.models import User
from accounts.security_key_pages import KeyForm
from accounts.staff_pages import staff_of
from chassis.web.desk import context
from chassis.web.gateway import address_of
from chassis.web.staff_sessions import token_of
from chassis.web.staff_tokens import StaffToken, set_cookie


class FirstCodeForm(forms.Form):
    password = forms.CharField(
        label="Your password",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label="The six digits that the app shows now",
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())


@sensitive_post_parameters("code")
def set_up_page(request: HttpRequest) -> HttpResponse:
    """Shows what an authenticator app reads, and takes its first code: then the recovery codes, this once."""
    user = staff_of(request)
    token = token_of(request)
    if token is None:
        raise PermissionDenied
    if second_factor.is_set_up(user):
        keys = security_keys.keys_of(user)
        return _page(request, "accounts/second_factor_is_set_up.html", keys=keys, form=KeyForm())
    form = FirstCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = _set_up(request, user, token, form)
        if done is not None:
            return done
    device = enrolment.begin(user, since=token.since)
    picture = segno.make(device.config_url, micro=False).svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
    return _page(request, "accounts/second_factor.html", form=form, picture=picture, key=_in_groups(device))


def _set_up(request: HttpRequest, user: User, token: StaffToken, form: FirstCodeForm) -> HttpResponse | None:
    """The page of the codes; None where the form says what is wrong."""
    address, agent = address_of(request), request.headers.get("User-Agent", "")
    try:
        services.check_current_password(user, form.cleaned_data["password"], address=address)
        with transaction.atomic():
            codes = enrolment.set_up(user, form.cleaned_data["code"], session_id=token.session_id, since=token.since)
            begun = sign_on.begin_again(user, address=address, user_agent=agent) if codes else None
    except (WrongPassword, SignInThrottled) as problem:
        form.add_error("password", f"{problem.detail.rstrip('.')}.")
        return None
    except SecondFactorThrottled as problem:
        form.add_error("code", f"{problem.detail.rstrip('.')}.")
        return None
    if begun is None:
        form.add_error("code", f"{WrongCode.title}.")
        return None
    response = _page(request, "accounts/recovery_codes.html", codes=codes)
    set_cookie(response, begun)
    return response


def _page(request: HttpRequest, template: str, **more: Any) -> HttpResponse:
    response = render(request, template, context(request, "Second factor", **more))
    response["Cache-Control"] = "no-store"
    return response


def _in_groups(device: Any) -> str:
    """The key as people type it into an app that has no camera."""
    key = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))
