"""Sessions in Redis, and in nothing else: a Redis that is away is told apart from a session that has ended.

Django's own cache sessions take the one for the other, and would take the cookie of everybody who comes meanwhile.
"""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cache
from django.core.cache import caches


class SessionStore(cache.SessionStore):
    is_known = True

    def is_empty(self) -> bool:
        """Whether its cookie is to go. Not where nobody knows the session any more: who has signed in has another one
        since, and the answer to a part of the page before may come later than its cookie."""
        return super().is_empty() and (self.is_known or self.modified)

    def load(self) -> dict[str, Any]:
        """Raises RedisUnavailable, by itself or within django_redis's ConnectionInterrupted."""
        kept: dict[str, Any] | None = caches[settings.SESSION_CACHE_ALIAS].get(self.cache_key)
        if kept is None:
            self._session_key, self.is_known = None, False
        return kept or {}
