"""How bodies are written."""

from typing import Any

from rest_framework import renderers


class Rendered(str):
    """A body that was rendered before."""


class CompactJSON(renderers.JSONRenderer):
    """One body is one sequence of bytes, whoever asks: an idempotency key's answer is repeated to the byte."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return data.encode() if isinstance(data, Rendered) else bytes(super().render(data, *args, **kwargs))

    def get_indent(self, *_: Any) -> None:
        return None
