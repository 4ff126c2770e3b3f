"""The theaters that somebody of staff is limited to: how tokens say it, and the one question that is asked of it."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from uuid import UUID

# Ids at the catalog; None: there is no limit.
Theaters: TypeAlias = frozenset[UUID] | None
CLAIM: Final = "theaters"
# So many somebody may be limited to: the cookie of staff holds them, and a browser takes 4 KiB of it.
MOST: Final = 50


def works_at(theaters: Theaters, theater_id: UUID | None) -> bool:
    """Whether what belongs to this theater is theirs to see and to act on; None: it belongs to no theater, or to one
    that is not known, and is for whoever has no limit."""
    return theaters is None or theater_id in theaters


def claim_of(theaters: Theaters) -> dict[str, list[str]]:
    """The claim of a token: none where there is no limit."""
    return {} if theaters is None else {CLAIM: sorted(map(str, theaters))}


def theaters_in(claims: Mapping[str, Any]) -> Theaters:
    """What the claims of a token say; of one from before there was a limit, and of an empty list, that there is none.

    Raises TypeError, AttributeError or ValueError of anything else.
    """
    named = claims.get(CLAIM, [])
    if not isinstance(named, list):
        raise TypeError
    return frozenset(map(UUID, named)) or None
