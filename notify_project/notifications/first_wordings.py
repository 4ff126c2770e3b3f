"""The wording that a kind of message starts with: one file a language in kinds/wordings, filled in after migrate."""

import tomllib
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction

from notifications.domain import FALLBACK_LANGUAGE
from notifications.wording import Wording

KEY = ("code", "channel", "language")
WORDS = ("subject", "text", "body")
FOLDER = Path(__file__).parent / "kinds" / "wordings"
FORMER = FOLDER / "former.txt"


def fill_in(*, apps: Apps) -> int:
    """Adds each wording that was never filled in before, and renews those that nobody has edited; how many.

    What staff have edited since stays as it is, and what they have deleted stays away. Safe to repeat, also at the same
    time.
    """
    try:
        templates: Any = apps.get_model("notifications", "NotificationTemplate")
        filled: Any = apps.get_model("notifications", "FirstWording")
        filled._meta.get_field("digest")
    except (LookupError, FieldDoesNotExist):  # migrated back to before there were any
        return 0
    known = {(row.code, row.channel, row.language): row.digest for row in filled.objects.all()}
    wordings = {tuple(wording[name] for name in KEY): wording for wording in read()}
    new = {key: wording for key, wording in wordings.items() if key not in known}
    other = {key: wording for key, wording in wordings.items() if key in known and known[key] != digest_of(wording)}
    with transaction.atomic():
        templates.objects.bulk_create([templates(**wording) for wording in new.values()], ignore_conflicts=True)
        filled.objects.bulk_create(
            [filled(**dict(zip(KEY, key, strict=True)), digest=digest_of(wording)) for key, wording in new.items()],
            ignore_conflicts=True,
        )
        renewed = sum(_renew(templates, filled, wording, known[key]) for key, wording in other.items())
    return len(new) + renewed


def _renew(templates: Any, filled: Any, wording: dict[str, str], digest: str) -> int:
    """Gives a wording the words of this version if it still has those that were filled in; 1 if it had."""
    key = {name: wording[name] for name in KEY}
    row = templates.objects.select_for_update().filter(**key).first()
    if row is None or ((now := digest_of(vars(row))) != digest and (digest or now not in _former())):
        return 0
    templates.objects.filter(**key).update(**{name: wording.get(name, "") for name in WORDS})
    filled.objects.filter(**key).update(digest=digest_of(wording))
    return 1


def digest_of(wording: Mapping[str, str]) -> str:
    """Of the words alone, however a form has written their ends of lines."""
    words = "\0".join(wording.get(name, "").replace("\r\n", "\n").strip() for name in WORDS)
    return sha256(words.encode()).hexdigest()


@cache
def _former() -> frozenset[str]:
    """What was filled in before that was remembered."""
    return frozenset(FORMER.read_text(encoding="utf-8").split())


def read() -> list[dict[str, str]]:
    """code, channel, language, text and, of an e-mail, subject and body of every wording."""
    return [
        {
            "code": code,
            "channel": channel,
            "language": path.stem,
            **{name: source.strip("\n") for name, source in wording.items()},
        }
        for path in sorted(FOLDER.glob("*.toml"))
        for channel, codes in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for code, wording in codes.items()
    ]


def of(code: str, channel: str, language: str) -> Wording | None:
    """The wording that a kind of message started with, if need be in the language that others fall back to."""
    return _known().get((code, channel, language)) or _known().get((code, channel, FALLBACK_LANGUAGE))


@cache
def _known() -> dict[tuple[str, str, str], Wording]:
    return {
        (row["code"], row["channel"], row["language"]): Wording(
            text=row["text"], subject=row.get("subject", ""), body=row.get("body", "")
        )
        for row in read()
    }
