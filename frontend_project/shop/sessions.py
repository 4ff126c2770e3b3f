"""Sessions in Redis, and in nothing else: a Redis that is away is told apart from a session that has ended.

Django's own cache sessions take the one for the other, and would take the cookie of everybody who comes meanwhile.
"""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cache
from django.core.cache import caches


class SessionStore(cache.SessionStore):
    def load(self) -> dict[str, Any]:
        """Raises RedisUnavailable, by itself or within django_redis's ConnectionInterrupted."""
        kept: dict[str, Any] | None = caches[settings.SESSION_CACHE_ALIAS].get(self.cache_key)
        if kept is None:
            self._session_key = None
        return kept or {}
