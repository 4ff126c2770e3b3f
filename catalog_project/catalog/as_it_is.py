"""Columns shown as they are: on a page of a hundred showtimes what each field does for it was most of the work."""

from typing import Any
from uuid import UUID

from django.db.models import Model


# A docstring of it would be one of each serializer in the API's document.
class AsItIsMixin:
    def to_representation(self, row: Model) -> dict[str, Any]:
        names: list[str] = self.Meta.fields  # type: ignore[attr-defined]  # that of a serializer
        values = {name: getattr(row, name) for name in names}
        return {name: str(value) if isinstance(value, UUID) else value for name, value in values.items()}
