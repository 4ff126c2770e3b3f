"""The wording that a kind of message starts with: one file a language in kinds/wordings, filled in after migrate."""

import tomllib
from pathlib import Path
from typing import Any

from django.apps.registry import Apps

FOLDER = Path(__file__).parent / "kinds" / "wordings"


def fill_in(*, apps: Apps) -> int:
    """Adds the wording of what has none yet; how many rows. Safe to repeat, also at the same time.

    That is a kind and channel that is new, in every language, and a language that is new, for every kind. What staff
    have edited stays as it is, and a translation that they have deleted stays away.
    """
    try:
        wordings: Any = apps.get_model("notifications", "NotificationTemplate").objects
    except LookupError:  # migrated back to before there was one
        return 0
    there = list(wordings.values_list("code", "channel", "language"))
    kinds, languages = {(code, channel) for code, channel, _ in there}, {language for *_, language in there}
    missing = [
        wordings.model(**wording)
        for wording in read()
        if (wording["code"], wording["channel"]) not in kinds or wording["language"] not in languages
    ]
    wordings.bulk_create(missing, ignore_conflicts=True)
    return len(missing)


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
