import time
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.errors import InvalidCredentials, SignInThrottled
from accounts.models import User
from accounts.sessions import check_credentials
from chassis.web.gateway import address_of
from chassis.web.sign_in import turned_away
from chassis.web.staff import Entry, enters


class StaffBackend(ModelBackend):
    """Sign-in to this service's own admin site: the same check, limits and log as for a token."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        if not username or not password:
            return None
        address = address_of(request) if request is not None else None
        # From before the check: what is revoked while it runs ends the session too.
        since = time.time()
        try:
            user = check_credentials(login=username, password=password, address=address)
        except SignInThrottled as throttled:
            turned_away(request, throttled.detail)
            return None
        except InvalidCredentials:
            return None
        enters(user, Entry(account_id=user.pk, since=since))
        return user
