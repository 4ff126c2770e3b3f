"""What is said of a film beside its title: names in addresses, status, languages. Pure decisions over plain values."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID

SLUG_LENGTH = 80
SLUG = re.compile(rf"(?=.{{1,{SLUG_LENGTH}}}\Z)[a-z0-9]+(-[a-z0-9]+)*")
# So many films of one title have a slug of it with a number; whichever come after them one with a part of their id.
NUMBERED = 9
# Letters that no accent can be taken off of.
_LETTERS = str.maketrans(
    {"đ": "d", "ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "\u0131": "i"}
)


class FilmStatus(StrEnum):
    ANNOUNCED = "announced"
    SHOWING = "showing"
    ENDED = "ended"


class Role(StrEnum):
    DIRECTOR = "director"
    WRITER = "writer"
    CAST = "cast"


def status_of(*, release_date: date, has_showtimes: bool, today: date) -> FilmStatus:
    """has_showtimes: whether any is to come. Released, and none to come: it has ended, until one is scheduled again."""
    if release_date > today:
        return FilmStatus.ANNOUNCED
    return FilmStatus.SHOWING if has_showtimes else FilmStatus.ENDED


def slug_of(title: str) -> str:
    """The title in lower case letters, digits and hyphens, without accents; "film" where it has none of these."""
    plain = unicodedata.normalize("NFKD", title.lower().translate(_LETTERS))
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign)).translate(_LETTERS)
    slug = re.sub(r"[^a-z0-9]+", "-", letters.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", ""))
    return slug[: SLUG_LENGTH - 10].strip("-") or "film"


def slugs_for(title: str, film: UUID) -> Iterator[str]:
    """What to call a film in addresses, the first that nobody else has; the last one nobody else can have."""
    base = slug_of(title)
    yield base
    yield from (f"{base}-{number}" for number in range(2, NUMBERED + 1))
    yield f"{base[: SLUG_LENGTH - 33].strip('-')}-{film.hex}"


def best_language(wanted: Sequence[str], available: Sequence[str]) -> str | None:
    """The first of the wanted language tags that is there, itself or as a narrower or broader one of its language.

    RFC 4647: a range is cut at its end until something has it, `zh-Hant-TW`, `zh-Hant`, `zh`; then `pt` finds `pt-BR`.
    """
    lower = {tag.lower(): tag for tag in available}
    for asked in wanted:
        cut = asked.lower()
        while cut:
            if cut in lower:
                return lower[cut]
            cut = cut.rpartition("-")[0]
        for tag in sorted(lower):
            if tag.startswith(f"{asked.lower()}-"):
                return lower[tag]
    return None
