"""The page on which somebody of staff sets up their second factor."""

from base64 import b32encode
from typing import Any

import segno
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters

from accounts import enrolment, second_factor, sign_on
from accounts.errors import SecondFactorThrottled, WrongCode
from accounts.models import User
from chassis.web.desk import context
from chassis.web.gateway import address_of
from chassis.web.staff_tokens import set_cookie


class FirstCodeForm(forms.Form):
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
    user: Any = request.user
    if second_factor.is_set_up(user):
        return _page(request, "accounts/second_factor_is_set_up.html")
    form = FirstCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _codes_page(request, user, enrolment.set_up(user, form.cleaned_data["code"]))
        except (WrongCode, SecondFactorThrottled) as problem:
            form.add_error("code", f"{problem.detail.rstrip('.')}.")
    device = enrolment.begin(user)
    picture = segno.make(device.config_url, micro=False).svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
    return _page(request, "accounts/second_factor.html", form=form, picture=picture, key=_in_groups(device))


def _codes_page(request: HttpRequest, user: User, codes: list[str]) -> HttpResponse:
    response = _page(request, "accounts/recovery_codes.html", codes=codes)
    agent = request.headers.get("User-Agent", "")
    set_cookie(response, sign_on.begin_again(user, address=address_of(request), user_agent=agent))
    return response


def _page(request: HttpRequest, template: str, **more: Any) -> HttpResponse:
    response = render(request, template, context(request, "Second factor", **more))
    response["Cache-Control"] = "no-store"
    return response


def _in_groups(device: Any) -> str:
    """The key as people type it into an app that has no camera."""
    key = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))
