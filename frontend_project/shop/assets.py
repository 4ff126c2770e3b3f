"""The files that pages load: each named with a hash of what is in it."""

import hashlib
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.templatetags.static import static


@cache
def version_of(path: str) -> str:
    """Ten hex digits that change with the file. Raises LookupError where there is none."""
    found = finders.find(path)
    if found is None:
        raise LookupError(path)
    return hashlib.sha256(Path(str(found)).read_bytes()).hexdigest()[:10]


def address_of(path: str) -> str:
    """Where the file is; its address changes with it, so that browsers may keep it. Raises LookupError."""
    return f"{static(path)}?v={version_of(path)}"
