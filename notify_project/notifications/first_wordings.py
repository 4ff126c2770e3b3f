"""The wording that a kind of message starts with: one file a language in kinds/wordings, filled in after migrate."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.db import transaction

from notifications.domain import FALLBACK_LANGUAGE
from notifications.wording import Wording

KEY = ("code", "channel", "language")
FOLDER = Path(__file__).parent / "kinds" / "wordings"


def fill_in(*, apps: Apps) -> int:
    """Adds each wording that was never filled in before; how many. Safe to repeat, also at the same time.

    What staff have edited since stays as it is, and what they have deleted stays away.
    """
    try:
        templates: Any = apps.get_model("notifications", "NotificationTemplate")
        filled: Any = apps.get_model("notifications", "FirstWording")
    except LookupError:  # migrated back to before there were any
        return 0
    known = set(filled.objects.values_list("code", "channel", "language"))
    new = {key: wording for wording in read() if (key := tuple(wording[name] for name in KEY)) not in known}
    with transaction.atomic():
        templates.objects.bulk_create([templates(**wording) for wording in new.values()], ignore_conflicts=True)
        filled.objects.bulk_create([filled(**dict(zip(KEY, key, strict=True))) for key in new], ignore_conflicts=True)
    return len(new)


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
