"""The sign-in page of every admin site: signed in at one is signed in at all of them, and signed out likewise."""

import logging
import time
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import REDIRECT_FIELD_NAME, authenticate, logout
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from chassis.storage.redis import RedisUnavailable
from chassis.web.desk_menu import EVERYBODY, called, menu_of
from chassis.web.gateway import address_of
from chassis.web.revoked import revoke_token
from chassis.web.sign_on import AWAY, LONGEST_ANSWER, Away, Refused, sign_on
from chassis.web.staff_sessions import token_of
from chassis.web.staff_tokens import StaffToken, delete_cookie, set_cookie
from chassis.web.theaters import theaters_of

log = logging.getLogger(__name__)

MOST_TYPED = 254
WRONG_NAME_OR_PASSWORD = "The user name or the password is wrong."  # noqa: S105  (a sentence)


class SignInForm(AdminAuthenticationForm):
    """token: of who came in, once the form was found to be in order; None for an operator's local account."""

    code = forms.CharField(
        label="Code",
        required=False,
        max_length=32,
        help_text="Of your second factor, if you have set one up; or one of your recovery codes.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )
    key = forms.CharField(required=False, max_length=LONGEST_ANSWER, widget=forms.HiddenInput)
    token: StaffToken | None = None

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        username, password = given.get("username"), given.get("password")
        if not username or not password or self.request is None:
            return given
        try:
            self.token = sign_on().sign_in(
                username=username,
                password=password,
                code="".join(given.get("code", "").split()),
                key=given.get("key", ""),
                address=address_of(self.request),
                user_agent=self.request.headers.get("User-Agent", "")[:200],
            )
        except (Refused, Away) as turned_away:
            if isinstance(turned_away, Refused) and turned_away.said:
                # Who has to wait waits here too, or a local account could be guessed at without end.
                raise self._refusal(turned_away) from None
            self.user_cache: Any = authenticate(self.request, username=username, password=password)
            if self.user_cache is None:
                raise self._refusal(turned_away) from None
            self.confirm_login_allowed(self.user_cache)
        else:
            account = sign_on().account(self.token)
            if account is None or not account.is_active:
                raise self.get_invalid_login_error()
        return given

    def _refusal(self, turned_away: Refused | Away) -> ValidationError:
        said = AWAY if isinstance(turned_away, Away) else turned_away.said
        return ValidationError(said, code="turned_away") if said else self.get_invalid_login_error()


class SignInView(LoginView):
    form_class = SignInForm
    template_name = "chassis/sign_in.html"

    def form_valid(self, form: Any) -> HttpResponse:
        if form.token is None:
            return super().form_valid(form)
        # Whoever had a session of Django's before, or gave the browser one, is nobody now.
        logout(self.request)
        rotate_token(self.request)
        response = HttpResponseRedirect(self.get_success_url())
        set_cookie(response, form.token)
        return response


class DeskSite(AdminSite):
    """An admin site that is entered by one sign-in for all, and has the menu of all."""

    # The menu of the desk is in its place.
    enable_nav_sidebar = False

    def each_context(self, request: Any) -> dict[str, Any]:
        context = super().each_context(request)
        token = token_of(request)
        # An operator's local account may do everything, at its own site.
        roles = token.roles if token else EVERYBODY
        menu = menu_of(roles, limited=theaters_of(request) is not None)
        return {**context, "menu": menu if context["has_permission"] else None}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Each list by the name that the menu has for it, and Django's accounts by what they are here."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["name"] = "Roles" if app["app_label"] == "auth" else app["name"]
        for listed in (each for app in apps for each in app["models"]):
            listed["name"] = called(str(listed["admin_url"]), str(listed["name"]))
        return apps

    @method_decorator([never_cache, sensitive_post_parameters("password", "code", "key")])
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        front_page = reverse("admin:index", current_app=self.name)
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(front_page)
        if request.method == "POST" and "ask-key" in request.POST:
            return _what_a_key_signs(request)
        context = {
            **self.each_context(request),
            "title": "Sign in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
        }
        if REDIRECT_FIELD_NAME not in {**request.GET.dict(), **request.POST.dict()}:
            context[REDIRECT_FIELD_NAME] = front_page
        view: Any = SignInView.as_view(extra_context={**context, **(extra_context or {})})
        page: HttpResponse = view(request)
        return page

    @method_decorator(require_POST)
    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Out of all sites. Where auth is away, Redis tells them."""
        token = token_of(request)
        if token is not None:
            try:
                sign_on().sign_out(token)
            except Away:
                _tell_that_it_is_over(token)
        logout(request)
        response = HttpResponseRedirect(reverse("admin:login", current_app=self.name))
        delete_cookie(response)
        return response


def _what_a_key_signs(request: HttpRequest) -> JsonResponse:
    """For the script of the sign-in page: what the browser asks a security key, or {"said"}, a sentence."""
    username, password = (request.POST.get(name, "")[:MOST_TYPED] for name in ("username", "password"))
    try:
        return JsonResponse(sign_on().ask_key(username=username, password=password, address=address_of(request)))
    except Refused as refused:
        return JsonResponse({"said": refused.said or WRONG_NAME_OR_PASSWORD}, status=403)
    except Away:
        return JsonResponse({"said": AWAY}, status=503)


def _tell_that_it_is_over(token: StaffToken) -> None:
    try:
        revoke_token(token.session_id, seconds=int(token.ends_at - time.time()))
    except RedisUnavailable:
        log.warning("a staff session was left open: neither auth nor redis could be told")
