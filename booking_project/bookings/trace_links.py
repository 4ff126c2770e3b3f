"""Where the operator's tracing shows the saga of a booking: an address of theirs, filled in."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

FIELDS = ("trace_id", "correlation_id")
_FIELD = re.compile("|".join(f"{{{name}}}" for name in FIELDS))
# Of a trace that was kept: https://www.w3.org/TR/trace-context/#sampled-flag
_KEPT = re.compile(r"00-(?P<trace_id>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf]")


def checked(template: str) -> str:
    """The template; "" where there is none. Raises ValueError unless it is an http or https address with a field."""
    if template:
        filled = urlsplit(_FIELD.sub("x", template))
        if filled.scheme not in ("http", "https") or not filled.hostname or filled.username is not None:
            raise ValueError("it is no address of http or https")
        if not _FIELD.search(template) or re.search(r"[{}\s]", _FIELD.sub("", template)):
            raise ValueError("it has none of the fields, or others")
    return template


def address(template: str, event: Mapping[str, Any]) -> str:
    """Of the trace that an event belongs to, by its envelope; "" of one that was not kept."""
    kept = _KEPT.fullmatch(str(event.get("traceparent")))
    if not template or kept is None:
        return ""
    told = {"trace_id": kept["trace_id"], "correlation_id": str(event.get("correlationid", ""))}
    return _FIELD.sub(lambda field: quote(told[field[0][1:-1]], safe=""), template)
