"""The pages behind mailed links, plain HTML without a script: /verify proves an address, /reset sets a password.

A GET changes nothing, for mail scanners follow links: what is to be done has a button. The secret is in the address of
the first request alone. It is moved into a cookie of the page at once, so that it stands in no history and no Referer,
and the gateway logs no queries.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from accounts import services
from accounts.errors import InvalidOneTimeToken, WeakPassword, WhichAccount
from accounts.languages import language_of
from accounts.page_texts import TEXTS
from chassis.web import exceptions
from chassis.web.gateway import address_of

COOKIE = "mailed_link"
COOKIE_SECONDS = 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
LONGEST_PASSWORD = 128
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def _language(request: HttpRequest) -> str:
    language = language_of(request).partition("-")[0]
    return language if language in TEXTS else "en"


def _page(
    request: HttpRequest,
    said: str,
    *,
    form: str = "",
    errors: tuple[str, ...] = (),
    status: int = 200,
    typed: str = "",
    accounts: Sequence[str] = (),
) -> HttpResponse:
    """said: of page_texts. form: "confirm", "password", "address" or none.

    typed: the address, to be corrected, or the account that was chosen. accounts: among which one is chosen.
    """
    language = _language(request)
    texts = TEXTS[language]
    title, *paragraphs = texts[said]
    context: dict[str, Any] = {
        "language": language,
        "title": title,
        "paragraphs": paragraphs,
        "form": form,
        "errors": [texts[error][0] if error in texts else error for error in errors],
        "typed": typed,
        "accounts": accounts,
        "label": {name: text[0] for name, text in texts.items() if name.startswith(("label_", "which_"))},
    }
    response = render(request, "accounts/page.html", context, status=status)
    response["Content-Security-Policy"] = POLICY
    return response


@method_decorator([never_cache, csrf_protect], name="dispatch")
class LinkedPage(View):
    """A page that a mailed link opens."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if "token" in request.GET:
            return self._kept_out_of_sight(request, request.GET["token"])
        return self.shown(request)

    def shown(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    def token(self) -> str:
        """What the link brought, or ""."""
        token = self.request.COOKIES.get(COOKIE, "")
        return token if TOKEN.fullmatch(token) else ""

    def finished(self, response: HttpResponse) -> HttpResponse:
        response.delete_cookie(COOKIE, path=self.request.path, samesite="Lax")
        return response

    def _kept_out_of_sight(self, request: HttpRequest, token: str) -> HttpResponse:
        """The same page under its own address. Lax: it is opened from a mail, which may be a page of another site."""
        response = HttpResponseRedirect(request.path)
        response["Referrer-Policy"] = "no-referrer"
        response.set_cookie(
            COOKIE,
            token if TOKEN.fullmatch(token) else "",
            max_age=COOKIE_SECONDS,
            path=request.path,
            secure=bool(settings.CSRF_COOKIE_SECURE),
            httponly=True,
            samesite="Lax",
        )
        return response


class VerifyPage(LinkedPage):
    def shown(self, request: HttpRequest) -> HttpResponse:
        return _page(request, "verify", form="confirm") if self.token() else _page(request, "verify_dead")

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            services.verify_email(token=self.token(), address=address_of(request))
        except InvalidOneTimeToken:
            return self.finished(_page(request, "verify_dead", status=400))
        return self.finished(_page(request, "verified"))


class ResetPage(LinkedPage):
    """Without a link it asks for the address that one should be mailed to."""

    def shown(self, request: HttpRequest) -> HttpResponse:
        if self.token():
            return self._asked(request)
        return _page(request, "forgotten", form="address")

    def post(self, request: HttpRequest) -> HttpResponse:
        if "email" in request.POST:
            return self._mail(request, request.POST["email"].strip())
        password = request.POST.get("password", "")
        if password != request.POST.get("again", ""):
            return self._asked(request, "passwords_differ", status=400)
        if not password or len(password) > LONGEST_PASSWORD or "\0" in password:
            return self._asked(request, "password_length", status=400)
        try:
            # Reasons against a password are Django's sentences.
            with translation.override(_language(request)):
                services.reset_password(
                    token=self.token(),
                    new_password=password,
                    username=request.POST.get("username", ""),
                    address=address_of(request),
                )
        except WeakPassword as weak:
            reasons = tuple(error["detail"] for error in weak.errors or ())
            return self._asked(request, *reasons, status=400)
        except WhichAccount:
            return self._asked(request, "account_missing", status=400)
        except InvalidOneTimeToken:
            return self.finished(_page(request, "reset_dead", form="address", status=400))
        return self.finished(_page(request, "password_set"))

    def _asked(self, request: HttpRequest, *errors: str, status: int = 200) -> HttpResponse:
        accounts = services.accounts_of_reset(token=self.token())
        chosen = request.POST.get("username", "")
        return _page(request, "reset", form="password", errors=errors, status=status, typed=chosen, accounts=accounts)

    def _mail(self, request: HttpRequest, email: str) -> HttpResponse:
        try:
            validate_email(email)
        except ValidationError:
            return _page(request, "forgotten", form="address", errors=("address_wrong",), status=400, typed=email[:254])
        services.request_password_reset(email=email, address=address_of(request))
        return _page(request, "mailed", status=202)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For settings.CSRF_FAILURE_VIEW: a form of these pages is shown again, everything else is as everywhere."""
    if request.path_info in ("/verify", "/reset"):
        return _page(request, "cookies_needed", status=403)
    return exceptions.csrf_failure(request, reason)
