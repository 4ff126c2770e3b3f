"""Where somebody of staff adds security keys, and takes them away."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import key_changes, security_keys
from accounts.staff_pages import staff_of
from chassis.web.gateway import address_of
from chassis.web.problems import Problem
from chassis.web.sign_on import LONGEST_ANSWER
from chassis.web.staff_sessions import token_of

CODE = "Of your app, given now; or a recovery code."


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=32, help_text=CODE, widget=forms.TextInput(attrs={"autocomplete": "one-time-code"})
    )

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())


class KeyForm(CodeForm):
    name = forms.CharField(max_length=64, label="What you call it", help_text="The blue one, my telephone.")
    field_order = ["name", "code"]


class AnswerForm(forms.Form):
    name = forms.CharField(max_length=64)
    key = forms.CharField(max_length=LONGEST_ANSWER)


@require_POST
@sensitive_post_parameters("code")
def ask_page(request: HttpRequest) -> HttpResponse:
    """What the browser asks a new key, for the script of the page; or {"said"}, a sentence."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"said": "Give the key a name, and a code."}, status=400)
    try:
        asked = security_keys.ask_to_add(
            staff_of(request),
            code=form.cleaned_data["code"],
            session_id=_session_of(request),
            address=address_of(request),
        )
    except Problem as problem:
        return JsonResponse({"said": _sentence(problem)}, status=403)
    answer = JsonResponse(asked)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def add_page(request: HttpRequest) -> HttpResponse:
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _back(request, messages.ERROR, "No key answered: try again, in a browser that runs scripts.")
    name, answer = form.cleaned_data["name"], form.cleaned_data["key"]
    try:
        key_changes.add(staff_of(request), name=name, answer=answer, session_id=_session_of(request))
    except Problem as problem:
        return _back(request, messages.ERROR, _sentence(problem))
    return _back(request, messages.SUCCESS, f"The key {name} is added: it signs you in, with your password.")


@require_POST
@sensitive_post_parameters("code")
def remove_page(request: HttpRequest, key_id: UUID) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _back(request, messages.ERROR, "Give a code, to take a key away.")
    try:
        key_changes.remove(
            staff_of(request), key_id=key_id, code=form.cleaned_data["code"], address=address_of(request)
        )
    except Problem as problem:
        return _back(request, messages.ERROR, _sentence(problem))
    return _back(request, messages.SUCCESS, "The key is taken away: it opens nothing any more.")


def _session_of(request: HttpRequest) -> str:
    token = token_of(request)
    if token is None:
        raise PermissionDenied
    return token.session_id


def _sentence(problem: Problem) -> str:
    return f"{problem.detail.rstrip('.')}."


def _back(request: HttpRequest, level: int, said: Any) -> HttpResponse:
    messages.add_message(request, level, said)
    return redirect("second_factor")
