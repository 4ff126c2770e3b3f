from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest


class RightsOfRoles(ModelBackend):
    """What an account may do by its roles. Nobody signs in by it: see accounts.sign_on."""

    def authenticate(self, request: HttpRequest | None, *_: Any, **__: Any) -> None:
        return None
