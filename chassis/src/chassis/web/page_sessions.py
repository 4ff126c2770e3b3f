"""Sessions of a project without a database, in Redis alone. For settings.SESSION_ENGINE."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cache
from django.core.cache import caches


class SessionStore(cache.SessionStore):
    """To Django's a cache that cannot be asked has no such session, and its reader is signed out for good."""

    def load(self) -> dict[str, Any]:
        """Raises RedisUnavailable."""
        kept: dict[str, Any] | None = caches[settings.SESSION_CACHE_ALIAS].get(self.cache_key)
        if kept is not None:
            return kept
        self._session_key = None
        return {}
