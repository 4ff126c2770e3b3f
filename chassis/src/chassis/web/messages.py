"""Where a message to staff waits for the next page: each site has a cookie of its own, under its own path."""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest, HttpResponseBase


class _CookieOfThisSite(CookieStorage):
    def __init__(self, request: HttpRequest, *args: Any, **named: Any) -> None:
        self.cookie_name = f"{settings.SERVICE_NAME}_messages"
        super().__init__(request, *args, **named)

    def _update_cookie(self, encoded_data: Any, response: HttpResponseBase) -> None:
        path = settings.SESSION_COOKIE_PATH
        if encoded_data:
            secure = settings.SESSION_COOKIE_SECURE
            response.set_cookie(self.cookie_name, encoded_data, path=path, secure=secure, httponly=True, samesite="Lax")
        elif self.cookie_name in self.request.COOKIES:
            response.delete_cookie(self.cookie_name, path=path, samesite="Lax")


class OfThisSite(FallbackStorage):
    """What is too long for a cookie waits in a session."""

    storage_classes = (_CookieOfThisSite, SessionStorage)
