"""What a page shows of a row without a field of Django REST framework for each column."""

from typing import Any
from uuid import UUID

from django.db.models import Model


class AsItIsMixin:
    """Shows columns as they are: on a page of a hundred showtimes what each field does for it was most of the work."""

    def to_representation(self, row: Model) -> dict[str, Any]:
        names: list[str] = self.Meta.fields  # type: ignore[attr-defined]  # that of a serializer
        values = {name: getattr(row, name) for name in names}
        return {name: str(value) if isinstance(value, UUID) else value for name, value in values.items()}
