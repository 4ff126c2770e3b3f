"""Sessions in Redis, and in nothing else: a Redis that is away is told apart from a session that has ended.

Django's own cache sessions take the one for the other, and would take the cookie of everybody who comes meanwhile. And
they write a session whole, as it was when a request began: of two requests of one browser at once the later one would
undo what the other did. Here each writes what it has changed.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cache
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import BaseCache, caches

from shop.kept import KINDS

# Seconds: writing takes a thousandth of it.
LOCKED = 5


class SessionStore(cache.SessionStore):
    is_known = True
    # Django's own, which its stubs do not tell.
    _session: dict[str, Any]
    # As it was read or written last.
    _before: Mapping[str, Any] = {}

    def is_empty(self) -> bool:
        """Whether its cookie is to go. Not where nobody knows the session any more: who has signed in has another one
        since, and the answer to a part of the page before may come later than its cookie."""
        return super().is_empty() and (self.is_known or self.modified)

    def load(self) -> dict[str, Any]:
        """Raises RedisUnavailable, by itself or within django_redis's ConnectionInterrupted."""
        kept = self._read()
        if kept is None:
            self._session_key, self.is_known = None, False
        self._before = deepcopy(kept or {})
        return kept or {}

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError for a session that has ended meanwhile, and as load() does."""
        if must_create or self.session_key is None:
            super().save(must_create)
        else:
            mine = self._session
            with _cache().lock(f"{self.cache_key}.lock", timeout=LOCKED):  # type: ignore[attr-defined]  # django_redis's
                now = self._read()
                if now is None:
                    raise UpdateError
                self._session_cache = merged(now, self._before, mine)
                _cache().set(self.cache_key, self._session_cache, self.get_expiry_age())
        self._before = deepcopy(self._session)

    def _read(self) -> dict[str, Any] | None:
        kept: dict[str, Any] | None = _cache().get(self.cache_key)
        return kept


def _cache() -> BaseCache:
    return caches[settings.SESSION_CACHE_ALIAS]


def merged(now: Mapping[str, Any], before: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept now, with what a request has made of what was kept when it began."""
    result = dict(now)
    for name in [*before, *(name for name in mine if name not in before)]:
        if name not in mine:
            result.pop(name, None)
        elif name not in before or mine[name] != before[name]:
            of_a_kind = name in KINDS and name in now
            # What is newest is last.
            newest = merged(now[name], before.get(name, {}), mine[name]) if of_a_kind else mine[name]
            result.pop(name, None)
            result[name] = newest
    return result
