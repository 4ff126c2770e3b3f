"""The sign-in page of every admin site: whoever is turned away for a while is told so, and for how long."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest


def turned_away(request: HttpRequest | None, why: str) -> None:
    """For a backend that was not asked whether the password is right: the page says why, and not that it is wrong."""
    if request is not None:
        request.META["marquee.turned_away"] = why


class SignInForm(AdminAuthenticationForm):
    def get_invalid_login_error(self) -> ValidationError:
        why: Any = self.request.META.get("marquee.turned_away") if self.request is not None else None
        return ValidationError(why, code="turned_away") if why else super().get_invalid_login_error()
